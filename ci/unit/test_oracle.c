/*
 * The oracle's parts, each seen to notice: quantiles with their intervals,
 * the kernel's log, a thread's registers, a sibling whose memory is touched.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "host/topology.h"
#include "kvm/system.h"
#include "measure/quantile.h"
#include "oracle/host_state.h"
#include "oracle/sibling.h"

/* 1 to n: the values are their own ranks. */
static void ranks(double *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		v[i] = (double)(i + 1);
}

static void quantiles_have_exact_intervals(void **state)
{
	static double v[1000];
	struct interval ci, median;

	(void)state;
	ranks(v, 1000);
	assert_int_equal(quantile_ci(v, 1000, 0.5, 0.05, &ci), 0);
	assert_int_equal(stats_median_ci(v, 1000, 0.05, &median), 0);
	assert_true(ci.low == median.low && ci.high == median.high);
	assert_true(fabs(ci.level - median.level) < 1e-9);
	assert_int_equal(quantile_ci(v, 1000, 0.99, 0.05, &ci), 0);
	/* P(Bin < 983) and P(Bin >= 997), summed exactly, are just under. */
	assert_true(ci.low == 983 && ci.high == 997);
	assert_true(ci.level >= 0.95 && ci.level < 0.98);
	assert_int_equal(quantile_ci(v, 368, 0.99, 0.05, &ci), 0);
	assert_int_equal(quantile_ci(v, 367, 0.99, 0.05, &ci), -ERANGE);
	assert_int_equal(quantile_ci(v, 0, 0.5, 0.05, &ci), -EINVAL);
	assert_int_equal(quantile_ci(v, 9, 1, 0.05, &ci), -EINVAL);
}

static void threads_see_their_own_registers(void **state)
{
	struct thread_state before, after;
	uint32_t changed;

	(void)state;
	thread_state_read(&before);
	thread_state_read(&after);
	assert_true(thread_state_same(&before, &after));
	changed = before.mxcsr ^ 0x8000;
	__asm__ volatile("ldmxcsr %0" :: "m"(changed));
	thread_state_read(&after);
	__asm__ volatile("ldmxcsr %0" :: "m"(before.mxcsr));
	assert_int_equal(after.mxcsr, changed);
	__asm__ volatile("pushfq\n\torl $0x40000, (%%rsp)\n\tpopfq"
			 ::: "memory", "cc");
	thread_state_read(&after);
	__asm__ volatile("pushfq\n\tandl $~0x40000, (%%rsp)\n\tpopfq"
			 ::: "memory", "cc");
	assert_true(after.ac && !before.ac);
}

static void host_state_counts_what_leaks(void **state)
{
	struct host_state before, after;
	FILE *leak;

	(void)state;
	host_state_open(&before, -1);
	leak = fopen("/dev/null", "re");
	assert_non_null(leak);
	host_state_open(&after, -1);
	assert_int_equal(after.fds - before.fds - (before.log >= 0), 1);
	assert_int_equal(after.threads, before.threads);
	fclose(leak);
	host_state_close(&after);
	host_state_close(&before);
}

/* Needs /dev/kvm; where there is none the rest has still been tested. */
static void sibling_notices(void **state)
{
	struct kvm_system sys;
	struct topology topology;
	struct sibling s = { .made = false };
	struct error e;
	double p99;
	json_t *lateness;

	(void)state;
	if (system_open(&sys, NULL, &e)) {
		print_message("# not judged: no usable /dev/kvm\n");
		return;
	}
	assert_int_equal(topology_open(&topology, &e), 0);
	if (sibling_open(&s, &sys, &topology, -1, 7, &e))
		fail_msg("%s", e.text);
	sibling_await(&s, 400, 20000);
	sibling_stop(&s);
	assert_true(atomic_load(&s.beats) > 0);
	assert_int_equal(atomic_load(&s.died), 0);
	assert_true(sibling_count(&s) - atomic_load(&s.beats) <= 1);
	assert_int_equal(sibling_words_changed(&s), 0);
	assert_int_equal(sibling_words_leaked(&s, s.late_us, 4096), 0);
	assert_int_equal(sibling_words_leaked(&s, s.vm.slot[0].hva +
					      SIBLING_SECRET_GPA, 4096), 512);
	s.vm.slot[0].hva[SIBLING_SECRET_GPA + 9] ^= 1;
	assert_int_equal(sibling_words_changed(&s), 1);
	lateness = sibling_lateness(&s, 0, atomic_load(&s.beats), &p99);
	assert_non_null(lateness);
	assert_true(p99 >= 0);
	json_decref(lateness);
	assert_null(sibling_lateness(&s, 5, 5, &p99));
	sibling_close(&s);
	topology_close(&topology);
	system_close(&sys);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quantiles_have_exact_intervals),
		cmocka_unit_test(threads_see_their_own_registers),
		cmocka_unit_test(host_state_counts_what_leaks),
		cmocka_unit_test(sibling_notices),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("oracle", tests, NULL, NULL);
}
