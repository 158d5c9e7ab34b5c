/*
 * Whatever the kernel or the allocator refuses, the VMM says which it was,
 * gives everything back and goes on.
 *
 * The linker sends the product's calls here first (--wrap). For each kind of
 * call the n-th one fails, n = 1, 2, ... until none is left to fail, with
 * several errnos each; after every one this process holds what it held before.
 */
#include <jansson.h>
#include <linux/kvm.h>
#include <linux/perf_event.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fault_roads.h"

/* --- what must come of a fault ---------------------------------------- */

#define REQUEST(x)	{ x, #x }
static const struct { unsigned long request; const char *name; } request_name[] = {
	REQUEST(KVM_GET_API_VERSION), REQUEST(KVM_GET_VCPU_MMAP_SIZE),
	REQUEST(KVM_GET_SUPPORTED_CPUID), REQUEST(KVM_CREATE_VM),
	REQUEST(KVM_SET_TSS_ADDR), REQUEST(KVM_SET_USER_MEMORY_REGION),
	REQUEST(KVM_CREATE_IRQCHIP), REQUEST(KVM_ENABLE_CAP),
	REQUEST(KVM_X86_SET_MSR_FILTER), REQUEST(KVM_REGISTER_COALESCED_MMIO),
	REQUEST(KVM_IOEVENTFD), REQUEST(KVM_CREATE_VCPU),
	REQUEST(KVM_SET_CPUID2), REQUEST(KVM_GET_STATS_FD),
	REQUEST(KVM_GET_SREGS), REQUEST(KVM_SET_SREGS), REQUEST(KVM_SET_REGS),
};

/*
 * What the product can do without: it asks, and goes on with less. All other
 * requests are listed above or are KVM_RUN; an unknown one is an error here.
 */
static bool optional(unsigned long request)
{
	return request == KVM_CHECK_EXTENSION || request == KVM_GET_TSC_KHZ ||
	       request == KVM_GET_DEVICE_ATTR || request == KVM_GET_REGS ||
	       _IOC_TYPE(request) == '$';	/* perf events */
}

/* What the text must name; NULL when the product may go on regardless. */
static const char *named(const struct road *road, const struct outcome *o)
{
	switch (fault.call) {
	case CALL_IOCTL:
		if (optional(fault.request) ||
		    (fault.request == KVM_GET_SREGS &&
		     road->end == RUN_HANG && !o->rc))
			return NULL;
		for (size_t i = 0; i < sizeof(request_name) /
				       sizeof(request_name[0]); i++)
			if (request_name[i].request == fault.request)
				return request_name[i].name;
		fail_msg("ioctl %#lx failed and is not listed here",
			 fault.request);
		return NULL;
	case CALL_MMAP:
		return fault.device ? "mmap of kvm_run" : "guest memory of ";
	case CALL_MEMFD:
	case CALL_FTRUNCATE:
		return "memfd";
	case CALL_OPEN:
		return strcmp(fault.path, "/dev/kvm") ? NULL : "/dev/kvm";
	case CALL_CALLOC:
	case CALL_MALLOC:
		return "out of memory";
	case CALL_THREAD:
		return "thread";
	case CALL_PREAD:	/* in the run it costs counts, see below */
		return o->rc ? "statistics" : NULL;
	case CALL_SYSCALL:
	case CALL_READ:
	case CALL_JANSSON:
		return NULL;
	default:
		return call_name[fault.call];
	}
}

static void refusal_check(const struct road *road, const struct outcome *o,
			  const char *what)
{
	bool counted = fault.call == CALL_CALLOC || fault.call == CALL_MALLOC;

	if (o->rc != (counted ? -ENOMEM : -fault.err))
		fail_msg("%s: %s %d failed with %d and it returned %d (%s)",
			 road->name, call_name[fault.call], fault.nth,
			 fault.err, o->rc, o->e.text);
	if (!one_line(o->e.text) || !strstr(o->e.text, what))
		fail_msg("%s: %s %d failed and the text is '%s', without '%s'",
			 road->name, call_name[fault.call], fault.nth,
			 o->e.text, what);
	/* The errno in words, unless the product knows a better one. */
	if (!counted && !strstr(o->e.text, strerror(fault.err)) &&
	    !strstr(o->e.text, "permission denied"))
		fail_msg("%s: '%s' does not say '%s'", road->name, o->e.text,
			 strerror(fault.err));
}

/* KVM_RUN is the guest's: it goes on after EINTR, or ends as a crash. */
static void run_check(const struct road *road, const struct outcome *o)
{
	const char *reason = json_string_value(json_object_get(
		o->seen.postmortem, "exit_reason"));
	bool retried = fault.err == EINTR || fault.err == EAGAIN;

	assert_int_equal(0, o->rc);
	if (retried && o->seen.end == road->end)
		return;
	/* A host bench sees KVM_RUN fail by itself. */
	if (o->seen.end == RUN_DONE && o->seen.mailbox.verdict == ABI_ERROR)
		return;
	if (retried || o->seen.end != RUN_CRASH)
		fail_msg("%s: KVM_RUN %d failed with %s and the end is %d",
			 road->name, fault.nth, strerror(fault.err),
			 o->seen.end);
	assert_non_null(strstr(o->seen.end_reason, "KVM_RUN"));
	assert_non_null(strstr(o->seen.end_reason, strerror(fault.err)));
	assert_non_null(reason);
	assert_non_null(strstr(reason, strerror(fault.err)));
}

static void outcome_check(const struct road *road, const struct outcome *o)
{
	const char *what;

	if (fault.call == CALL_IOCTL && fault.request == KVM_RUN) {
		run_check(road, o);
		return;
	}
	what = named(road, o);
	if (what) {
		refusal_check(road, o, what);
		return;
	}
	if (o->rc && !one_line(o->e.text))
		fail_msg("%s: %s %d: %d without a text", road->name,
			 call_name[fault.call], fault.nth, o->rc);
	if (!o->rc && !road->vm_only && o->seen.end != road->end)
		fail_msg("%s: %s %d ended it in %d: %s", road->name,
			 call_name[fault.call], fault.nth, o->seen.end,
			 o->seen.end_reason);
}

static struct outcome outcome;		/* large */

/* One trip; false when there was no n-th call to fail. */
static bool trip(const struct road *road, enum call call, int nth, int err)
{
	unsigned int fds = fd_count();
	long mapped = atomic_load(&fault.mapped_bytes);
	double begin = clock_ms();

	arm(call, 0, nth, 1, err);
	road->go(&outcome);
	fault.armed = false;
	if (atomic_load(&fault.hits))
		outcome_check(road, &outcome);
	observation_clear(&outcome.seen);
	if (fd_count() != fds)
		fail_msg("%s: %s %d leaks %d descriptors", road->name,
			 call_name[call], nth, (int)(fd_count() - fds));
	if (atomic_load(&fault.mapped_bytes) != mapped)
		fail_msg("%s: %s %d leaks %ld bytes of mappings", road->name,
			 call_name[call], nth,
			 atomic_load(&fault.mapped_bytes) - mapped);
	/* Nobody was waited for in vain. */
	if (clock_ms() - begin > PATIENCE_MS)
		fail_msg("%s: %s %d took %.0f ms", road->name,
			 call_name[call], nth, clock_ms() - begin);
	return atomic_load(&fault.hits);
}

static unsigned int maps_count(void)
{
	FILE *f = fopen("/proc/self/maps", "re");
	unsigned int n = 0;
	int c;

	while (f && (c = fgetc(f)) != EOF)
		n += c == '\n';
	if (f)
		fclose(f);
	return n;
}

static void unharmed(const struct road *road)
{
	fault.armed = false;
	road->go(&outcome);
	if (outcome.rc)
		fail_msg("%s: %s", road->name, outcome.e.text);
	if (!road->vm_only)
		assert_int_equal(road->end, outcome.seen.end);
	if (road->end == RUN_DONE && !road->vm_only)
		assert_int_equal(ABI_PASS, outcome.seen.mailbox.verdict);
	observation_clear(&outcome.seen);
}

static void walk(const struct road *road, unsigned int expected_calls)
{
	unsigned int hits[CALLS] = { 0 }, maps;

	unharmed(road);
	maps = maps_count();
	for (int call = 0; call < CALLS; call++) {
		for (const int *err = road->errnos; *err; err++) {
			int n = 1;

			while (trip(road, (enum call)call, n, *err))
				n++;
			hits[call] += (unsigned int)n - 1;
		}
	}
	unharmed(road);
	/* Roughly: an allocator grows. Bytes were counted exactly. */
	assert_in_range(maps_count(), 1, maps + 50);
	/* The walk met what it was sent to meet. */
	for (int call = 0; call < CALLS; call++)
		if ((expected_calls & 1u << call) && !hits[call])
			fail_msg("%s: no %s was ever made to fail",
				 road->name, call_name[call]);
}

#define BIT(call)	(1u << CALL_##call)
#define COMMON		(BIT(IOCTL) | BIT(MMAP) | BIT(MPROTECT) | BIT(OPEN) | \
			 BIT(CALLOC) | BIT(SIGACTION))

static const int many_errnos[] = { ENOMEM, EMFILE, EPERM, EINVAL, EBUSY, 0 };
static const int few_errnos[] = { EBUSY, 0 };
static const int run_errnos[] = { EINTR, EAGAIN, EFAULT, EIO, 0 };

static void plain_instance(void **state)
{
	const struct road road = { "plain", go_plain, RUN_DONE, many_errnos,
				   false };

	(void)state;
	NEED_KVM();
	walk(&road, COMMON | BIT(THREAD));
}

/* The probe of what this host's KVM has is made once, unharmed. */
static void instance_with_everything(void **state)
{
	const struct road road = { "everything", go_all, RUN_DONE,
				   many_errnos, false };
	struct kvm_system sys;

	(void)state;
	NEED_KVM();
	assert_int_equal(0, system_open(&sys, NULL, NULL));
	system_close(&sys);
	bench_all.needs = NEED_IRQCHIP | NEED_IOEVENTFD |
			  (sys.msr_filter ? NEED_MSR_USER : 0) |
			  (sys.coalesced_pio ? NEED_COALESCED : 0);
	walk(&road, COMMON | BIT(THREAD) | BIT(EVENTFD));
}

static void two_vcpus_and_shared_memory(void **state)
{
	const struct road road = { "memory", go_memory, RUN_DONE, many_errnos,
				   true };

	(void)state;
	NEED_KVM();
	walk(&road, COMMON | BIT(MEMFD) | BIT(FTRUNCATE));
}

static void host_bench(void **state)
{
	const struct road road = { "host", go_host, RUN_DONE, few_errnos,
				   false };
	int n = 1;

	(void)state;
	NEED_KVM();
	/* Its many KVM_RUNs are alike: the first ones will do. */
	unharmed(&road);
	while (n < 80 && trip(&road, CALL_IOCTL, n, EFAULT))
		n++;
	assert_in_range(n, 20, 80);
}

/* Also when nothing but evidence is left to be gathered. */
static void hanging_instance(void **state)
{
	const struct road road = { "hang", go_hang, RUN_HANG, few_errnos,
				   false };

	(void)state;
	NEED_KVM();
	json_set_alloc_funcs(json_malloc, free);
	walk(&road, COMMON | BIT(JANSSON));
	json_set_alloc_funcs(malloc, free);
}

static void kvm_run_goes_on_or_ends_as_a_crash(void **state)
{
	struct road road = { "KVM_RUN", go_plain, RUN_DONE, NULL, false };
	unsigned int runs = 0;

	(void)state;
	NEED_KVM();
	unharmed(&road);
	for (const int *err = run_errnos; *err; err++) {
		for (int n = 1; trip(&road, CALL_IOCTL, n, *err); n++)
			runs += fault.request == KVM_RUN;
	}
	assert_in_range(runs, 4 * 4, 100000);
}

/*
 * Where a block begins or ends a count is read, and the read fails: the
 * difference to nothing would be a wrong count, so there must be none.
 */
static unsigned int unknown_after_failure(struct target_context *ctx,
					  enum call call, int nth,
					  double (*count)(const struct block_seen *b))
{
	const struct run_request r = {
		.bench = &bench_plain, .item = "exit/pio_userspace",
		.blocks = 2, .empty_blocks = 1, .block_ns = 20000,
		.deadline_ms = PATIENCE_MS,
	};
	struct observation *seen = &outcome.seen;
	struct error e = { "" };

	arm(call, 0, nth, 1, EIO);
	if (target_run_once(&target_kvm, ctx, &r, seen, &e))
		fail_msg("%s", e.text);
	fault.armed = false;
	assert_int_equal(RUN_DONE, seen->end);
	return (unsigned int)(isnan(count(&seen->empty[0])) |
			      isnan(count(&seen->block[0])) << 1 |
			      isnan(count(&seen->block[1])) << 2);
}

static double exits_of(const struct block_seen *b)
{
	return b->exits;
}

static double switches_of(const struct block_seen *b)
{
	return b->counters.host[COUNTER_CONTEXT_SWITCHES];
}

static void counts_that_cannot_be_read_are_unknown(void **state)
{
	static const struct {
		enum call call;
		double (*count)(const struct block_seen *b);
	} row[] = { { CALL_PREAD, exits_of }, { CALL_READ, switches_of } };
	struct target_context ctx = { .options = "" };
	struct error e = { "" };

	(void)state;
	NEED_KVM();
	assert_int_equal(0, target_kvm.open(&ctx, &e));
	for (int k = 0; k < 2; k++) {
		int n;

		/* The first VM also reads the layout and opens counters. */
		if (unknown_after_failure(&ctx, row[k].call, 0, row[k].count)) {
			print_message("# not counted here: %s\n",
				      k ? "context switches" : "exits");
			continue;
		}
		for (n = 1; ; n++) {
			unsigned int unknown = unknown_after_failure(&ctx,
				row[k].call, n, row[k].count);

			if (!atomic_load(&fault.hits))
				break;
			/* The first is the worker's, who looks at its delay. */
			if (k == 0 && n == 1 && !unknown)
				continue;
			if (unknown != 1 && unknown != 2 && unknown != 4)
				fail_msg("%s %d failed and unknown is %#x",
					 call_name[row[k].call], n, unknown);
		}
		assert_in_range(n, k ? 1 : 7, 100);
	}
	target_kvm.close(&ctx);
}

static int benches_find(void **state)
{
	(void)state;
	bench_plain = bench_copy("exit/pio_userspace");
	bench_all = bench_copy("exit/empty");
	bench_host = bench_copy("exit/kvm_run_empty");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_instance),
		cmocka_unit_test(instance_with_everything),
		cmocka_unit_test(two_vcpus_and_shared_memory),
		cmocka_unit_test(host_bench),
		cmocka_unit_test(hanging_instance),
		cmocka_unit_test(kvm_run_goes_on_or_ends_as_a_crash),
		cmocka_unit_test(counts_that_cannot_be_read_are_unknown),
	};

	alarm(900);	/* a test that hangs is a test that failed */
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, benches_find, NULL);
}
