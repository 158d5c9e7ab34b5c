/*
 * A vCPU that dies in the middle of a barrier: the verdict names it, those
 * that wait for it are released, and the next item runs as if nothing had
 * happened. Its memory is taken away from it while it runs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/env.h"
#include "kvm/vm.h"
#include "layout.h"
#include "session_fixture.h"

#define VCPUS		4
#define DEADLINE_MS	60000
#define CPU_STACKS	0x4000		/* behind GDT and TSS */

static unsigned int victim;
static pthread_t killer;
static struct vm *killed_vm;

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Once the guest is in its blocks: KVM finds no page where its stack was. */
static void *kill_it(void *opaque)
{
	volatile struct abi_mailbox *mb = opaque;
	/* Its stacks: the first page is read by the others, too. */
	void *stacks = vm_memory_at(killed_vm, ABI_CPUS_GPA + CPU_STACKS +
				    (uint64_t)victim * CPU_AREA_BYTES,
				    CPU_AREA_BYTES - CPU_STACKS);

	for (int i = 0; i < 10000 && mb->state != ABI_STATE_BLOCKS; i++)
		usleep(500);
	usleep(2000);
	mprotect(stacks, CPU_AREA_BYTES - CPU_STACKS, PROT_NONE);
	return NULL;
}

static void take_aim(struct item_host *h, void *opaque)
{
	(void)opaque;
	killed_vm = h->vm;
	assert_int_equal(0, pthread_create(&killer, NULL, kill_it,
					   h->mailbox));
}

static void bed_prepare(struct bed *b)
{
	static const char *const globs[] = { "scale/barrier", NULL };
	struct session_options o = bed_options("kvm");

	o.rings = RING3;
	o.deadline_ms = DEADLINE_MS;
	o.instances = 1;
	o.budget_s = 30;		/* blocks long enough to be hit */
	o.vcpus = (struct vcpus){ .count = { VCPUS }, .counts = 1 };
	bed_open(b, &o, globs);
}

static void dies(unsigned int index)
{
	char who[64];
	struct bed b;
	const char *verdict, *reason;
	double begin;

	bed_prepare(&b);
	if (b.s.unavailable[0]) {
		print_message("# no KVM here: %s\n", b.s.unavailable);
		bed_close(&b);
		return;
	}
	victim = index;
	b.s.ctx.tamper = take_aim;
	begin = now_s();
	bed_run(&b);
	pthread_join(killer, NULL);
	verdict = json_string_value(json_object_get(b.s.series[0].result,
						    "verdict"));
	reason = json_string_value(json_object_get(b.s.series[0].result,
						   "reason"));
	assert_string_equal("crash", verdict);
	/* How it ends depends on what it was at; who it is does not. */
	snprintf(who, sizeof(who), "vCPU %u: ", index);
	if (!strstr(reason, who))
		fail_msg("\"%s\" does not say \"%s\"", reason, who);
	/* Nobody waited for the deadline. */
	assert_true(now_s() - begin < DEADLINE_MS / 1000.0 / 2);
	bed_close(&b);

	bed_prepare(&b);
	bed_run(&b);
	assert_string_equal("pass", json_string_value(json_object_get(
		b.s.series[0].result, "verdict")));
	bed_close(&b);
}

static void the_second_vcpu(void **state)
{
	(void)state;
	dies(1);
}

static void the_last_vcpu(void **state)
{
	(void)state;
	dies(VCPUS - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_second_vcpu),
		cmocka_unit_test(the_last_vcpu),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("smp_death", tests, NULL, NULL);
}
