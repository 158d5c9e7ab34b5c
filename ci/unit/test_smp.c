/*
 * Many vCPUs: counts as they are asked for, all of them at work, and nobody
 * left waiting when one of them dies, hangs or cannot be made.
 * Both ways of waiting are tried.
 */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "kvm/ioctl.h"
#include "smp_fixture.h"
#include "target/kvm_machine.h"
#include "vcpus.h"

#define VCPUS		5
#define PATIENCE_MS	60000	/* for what others keep from its CPU */

/* --- faults ----------------------------------------------------------- */

static int threads_left = -1;		/* until pthread_create() fails */

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
			  void *(*fn)(void *), void *opaque);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
			  void *(*fn)(void *), void *opaque);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
			  void *(*fn)(void *), void *opaque)
{
	if (!threads_left)
		return EAGAIN;
	if (threads_left > 0)
		threads_left--;
	return __real_pthread_create(thread, attr, fn, opaque);
}

/* vCPU 2 begins at an address where nothing is, or where it turns forever. */
static void send_away(struct item_host *h, void *opaque)
{
	const uint64_t *gpa = opaque;
	struct kvm_regs regs;
	struct vcpu *v = &h->vm->vcpu[2];

	assert_int_equal(0, kvm_call_raw(v->fd, KVM_GET_REGS,
					 (uintptr_t)&regs));
	regs.rip = *gpa;
	assert_int_equal(0, kvm_call_raw(v->fd, KVM_SET_REGS,
					 (uintptr_t)&regs));
	h->ram[0x7000] = 0xeb;			/* jmp . */
	h->ram[0x7001] = 0xfe;
}

/* --- one run ---------------------------------------------------------- */

static unsigned int threads_count(void)
{
	DIR *d = opendir("/proc/self/task");
	unsigned int n = 0;

	while (d && readdir(d))
		n++;
	closedir(d);
	return n;
}

/* One that was joined is still listed until the kernel has buried it. */
static void threads_are(unsigned int n)
{
	for (int i = 0; i < PATIENCE_MS && threads_count() != n; i++)
		usleep(1000);
	assert_int_equal(n, threads_count());
}

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int run_once(const char *item, unsigned int vcpus,
		    unsigned int pu_count, unsigned int deadline_ms,
		    struct observation *seen, struct error *e)
{
	struct run_request r = {
		.item = item, .ring = 3, .vcpus = vcpus, .blocks = 4,
		.empty_blocks = 2, .block_ns = 200000,
		.deadline_ms = deadline_ms,
	};

	r.bench = bench_named(item);
	ctx.pu_count = pu_count;
	return target_run_once(&target_kvm, &ctx, &r, seen, e);
}

static void all_of_them_work(void **state)
{
	/* Spinning with a CPU for each, then taking turns. */
	static const unsigned int row[] = { 64, 2, 1 };
	static struct observation seen;
	struct error e = { "" };

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]) && !no_kvm(); i++) {
		if (run_once("scale/exit_pio_userspace", VCPUS, row[i],
			     PATIENCE_MS, &seen, &e))
			fail_msg("%s", e.text);
		if (seen.end != RUN_DONE)
			fail_msg("%s", seen.end_reason);
		assert_int_equal(ABI_PASS, seen.mailbox.verdict);
		assert_int_equal(4, seen.mailbox.blocks_done);
		/* Each did all of its operations, and nothing else exited. */
		for (int b = 0; b < 4; b++)
			assert_int_equal(VCPUS * seen.mailbox.ops,
					 (uint64_t)seen.block[b].user_exits);
		observation_clear(&seen);
	}
}

/* An ID that an xAPIC's command has no room for: each finds its own area. */
static void more_than_an_xapic_can_name_start_by_sipi(void **state)
{
	static const unsigned int row[] = { 3, 260 };
	static struct observation seen;
	struct run_request r = {
		.item = "scale/exit_pio_userspace", .ring = 3, .blocks = 2,
		.empty_blocks = 1, .block_ns = 20000, .deadline_ms = PATIENCE_MS,
	};
	struct bench by_sipi;
	struct error e = { "" };

	(void)state;
	by_sipi = *bench_named(r.item);
	by_sipi.sipi = true;
	by_sipi.needs |= NEED_IRQCHIP;
	r.bench = &by_sipi;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]) && !no_kvm(); i++) {
		r.vcpus = row[i];
		ctx.pu_count = 1;
		if (target_run_once(&target_kvm, &ctx, &r, &seen, &e))
			fail_msg("%s", e.text);
		if (seen.end != RUN_DONE)
			fail_msg("%u vCPUs: %s", row[i], seen.end_reason);
		assert_int_equal(ABI_PASS, seen.mailbox.verdict);
		for (int b = 0; b < 2; b++)
			assert_int_equal(row[i] * seen.mailbox.ops,
					 (uint64_t)seen.block[b].user_exits);
		observation_clear(&seen);
	}
}

static void one_that_dies_is_named(void **state)
{
	static struct observation seen;
	static uint64_t nowhere = ABI_HOLE_GPA;
	struct error e = { "" };

	(void)state;
	for (unsigned int n = 2; n <= 64 && !no_kvm(); n += 62) {
		unsigned int threads = threads_count();
		double begin = now_s();

		ctx.tamper = send_away;
		ctx.tamper_opaque = &nowhere;
		if (run_once("scale/compute", VCPUS, n, PATIENCE_MS, &seen,
			     &e))
			fail_msg("%s", e.text);
		ctx.tamper = NULL;
		assert_int_equal(RUN_CRASH, seen.end);
		assert_non_null(strstr(seen.end_reason, "vCPU 2: "));
		assert_non_null(seen.postmortem);
		assert_true(now_s() - begin < PATIENCE_MS / 1000.0);
		threads_are(threads);
		observation_clear(&seen);
	}
}

static void one_that_hangs_is_ended(void **state)
{
	static struct observation seen;
	static uint64_t loop = 0x7000;
	struct error e = { "" };

	(void)state;
	for (unsigned int n = 2; n <= 64 && !no_kvm(); n += 62) {
		unsigned int threads = threads_count();

		ctx.tamper = send_away;
		ctx.tamper_opaque = &loop;
		if (run_once("scale/compute", VCPUS, n, 1500, &seen, &e))
			fail_msg("%s", e.text);
		ctx.tamper = NULL;
		assert_int_equal(RUN_HANG, seen.end);
		threads_are(threads);
		observation_clear(&seen);
	}
}

static void threads_that_cannot_be_made(void **state)
{
	static struct observation seen;
	struct error e = { "" };

	(void)state;
	for (int made = 0; made < VCPUS - 1 && !no_kvm(); made++) {
		unsigned int threads = threads_count();

		threads_left = made;
		assert_int_equal(-EAGAIN, run_once("scale/compute", VCPUS, 2,
						   PATIENCE_MS, &seen, &e));
		threads_left = -1;
		assert_non_null(strstr(e.text, "ulimit -u"));
		threads_are(threads);
	}
}

/* --- counts ----------------------------------------------------------- */

static void counts_are_parsed(void **state)
{
	static const struct {
		const char *text;
		unsigned int counts, first, last;
	} row[] = {
		{ "1", 1, 1, 1 }, { "2", 2, 1, 2 }, { "3", 3, 1, 3 },
		{ "64", 7, 1, 64 }, { "96", 8, 1, 96 }, { "4096", 13, 1, 4096 },
		{ "1,64", 2, 1, 64 }, { "64,65", 2, 64, 65 },
	};
	struct vcpus v;
	struct error e;

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		assert_int_equal(0, vcpus_parse(&v, row[i].text, &e));
		assert_int_equal(row[i].counts, v.counts);
		assert_int_equal(row[i].first, v.count[0]);
		assert_int_equal(row[i].last, vcpus_max(&v));
	}
}

static void few_counts_are_the_ends(void **state)
{
	static const struct {
		unsigned int cpus, max, counts, last_but_one;
	} row[] = {
		{ 1, 64, 3, 2 }, { 2, 64, 3, 2 }, { 8, 64, 4, 8 },
		{ 64, 64, 3, 2 }, { 96, 96, 3, 2 }, { 4, 3, 3, 2 },
	};
	struct vcpus v;

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		vcpus_few(&v, row[i].cpus, row[i].max);
		assert_int_equal(row[i].counts, v.counts);
		assert_int_equal(1, v.count[0]);
		assert_int_equal(row[i].last_but_one, v.count[v.counts - 2]);
		assert_int_equal(row[i].max, vcpus_max(&v));
	}
}

static void bad_counts_are_refused(void **state)
{
	static const char *const row[] = {
		"", "0", "-1", "+1", " 1", "x", "1x", "1,", ",1", "1,,2", "2,1",
		"1,1", "4097", "99999999999999999999", "1 2",
		"1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17",
	};
	struct vcpus v;
	struct error e;

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		assert_int_equal(-EINVAL, vcpus_parse(&v, row[i], &e));
		assert_non_null(strstr(e.text, "--vcpus"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_them_work),
		cmocka_unit_test(more_than_an_xapic_can_name_start_by_sipi),
		cmocka_unit_test(one_that_dies_is_named),
		cmocka_unit_test(one_that_hangs_is_ended),
		cmocka_unit_test(threads_that_cannot_be_made),
		cmocka_unit_test(counts_are_parsed),
		cmocka_unit_test(few_counts_are_the_ends),
		cmocka_unit_test(bad_counts_are_refused),
	};

	return cmocka_run_group_tests(tests, open_all, close_all);
}
