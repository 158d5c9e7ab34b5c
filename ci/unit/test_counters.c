/*
 * Counters and tracepoints: what is not there is said and never nought, and
 * what the kernel writes is read as it is or refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/counters.h"
#include "host/tracing.h"

static int opener_error;

static int opener_refuses(struct perf_event_attr *attr, int group_fd)
{
	(void)attr;
	(void)group_fd;
	return opener_error;
}

static void counters_fall_back(void **state)
{
	static const int errors[] = { -EACCES, -EPERM, -ENOSYS };
	struct counter_values before, after;
	struct counter_delta delta;
	struct counters c;
	struct error e;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		opener_error = errors[i];
		assert_int_equal(counters_open_with(&c, opener_refuses, &e), 0);
		assert_true(c.rusage);
		assert_false(c.pmu);
		assert_non_null(strstr(c.note, strerrorname_np(-errors[i])));
		assert_non_null(strstr(c.note, "getrusage"));
		assert_int_equal(counters_read(&c, &before), 0);
		usleep(1000);
		assert_int_equal(counters_read(&c, &after), 0);
		counters_subtract(&c, &before, &after, &delta);
		assert_true(delta.host[COUNTER_CONTEXT_SWITCHES] >= 1);
		assert_true(delta.host[COUNTER_PAGE_FAULTS] >= 0);
		assert_true(isnan(delta.host[COUNTER_CPU_MIGRATIONS]));
		assert_true(isnan(delta.host[COUNTER_CYCLES]));
		counters_close(&c);
	}
}

/* Software events as pipes, of which a group is read; no hardware at all. */
static int opener_pipe[2];

static int opener_software(struct perf_event_attr *attr, int group_fd)
{
	if (attr->type != PERF_TYPE_SOFTWARE)
		return -ENOENT;
	assert_int_equal(attr->exclude_guest | attr->exclude_host, 0);
	return group_fd < 0 ? dup(opener_pipe[0]) : open("/dev/null", O_RDONLY);
}

static void counters_without_pmu(void **state)
{
	const uint64_t raw[2][6] = { { 3, 10, 10, 1, 2, 3 },
				     { 3, 30, 20, 5, 2, 9 } };
	struct counter_values v[2];
	struct counter_delta delta;
	struct counters c;
	json_t *json, *part;

	(void)state;
	assert_int_equal(pipe(opener_pipe), 0);
	assert_int_equal(counters_open_with(&c, opener_software, NULL), 0);
	assert_string_equal(c.note, "no PMU: cycles: ENOENT");
	assert_string_equal(counters_source(&c), "software");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(write(opener_pipe[1], raw[i], sizeof(raw[i])),
				 sizeof(raw[i]));
		assert_int_equal(counters_read(&c, &v[i]), 0);
	}
	counters_subtract(&c, &v[0], &v[1], &delta);
	assert_true(delta.multiplexed);
	assert_true(delta.host[COUNTER_CONTEXT_SWITCHES] == 8.0);
	assert_true(delta.host[COUNTER_PAGE_FAULTS] == 12.0);
	json = counters_json(&c, &delta, 4);
	part = json_object_get(json_object_get(json, "events"),
			       "context-switches");
	assert_true(json_real_value(json_object_get(part, "host")) == 2.0);
	assert_true(json_is_null(json_object_get(part, "guest")));
	json_decref(json);
	/* A short read is an error, not noughts. */
	assert_int_equal(write(opener_pipe[1], raw[0], 16), 16);
	assert_int_equal(counters_read(&c, &v[0]), -EIO);
	counters_close(&c);
	close(opener_pipe[0]);
	close(opener_pipe[1]);
}

static unsigned guest_parts, host_parts;

static int opener_guest_pmu(struct perf_event_attr *attr, int group_fd)
{
	(void)group_fd;
	if (attr->type == PERF_TYPE_HARDWARE &&
	    attr->config == PERF_COUNT_HW_CACHE_MISSES)
		return -ENOENT;
	guest_parts += attr->exclude_host;
	host_parts += attr->exclude_guest;
	return open("/dev/null", O_RDONLY);
}

static void counters_with_part_of_a_pmu(void **state)
{
	struct counters c;

	(void)state;
	guest_parts = host_parts = 0;
	assert_int_equal(counters_open_with(&c, opener_guest_pmu, NULL), 0);
	assert_true(c.pmu);
	assert_string_equal(counters_source(&c), "pmu");
	assert_int_equal(guest_parts, 2);
	assert_int_equal(host_parts, 2);
	assert_string_equal(c.note, "not counted: cache-misses: ENOENT");
	counters_close(&c);
}

static void counters_of_this_machine(void **state)
{
	struct counter_values before, after;
	struct counter_delta delta;
	struct counters c;

	(void)state;
	assert_int_equal(counters_open(&c, NULL), 0);
	assert_int_equal(counters_read(&c, &before), 0);
	usleep(1000);
	assert_int_equal(counters_read(&c, &after), 0);
	counters_subtract(&c, &before, &after, &delta);
	assert_true(delta.host[COUNTER_CONTEXT_SWITCHES] >= 1);
	counters_close(&c);
	counters_close(&c);
}

static struct trace_log parse(const char *text)
{
	struct trace_log log;

	assert_int_equal(trace_log_parse(text, strlen(text), &log), 0);
	return log;
}

static void trace_well_formed(void **state)
{
	struct trace_log log = parse(
	"# tracer: nop\n#\n"
	"# entries-in-buffer/entries-written: 6/6   #P:2\n"
	" a b-1 [7] c-12 [001] d..1. 100: kvm_entry: vcpu 0, rip 0x1\n"
	" x-12 [001] d..1. 200: kvm_exit: vcpu 0 reason CPUID rip 0x1 info1 0\n"
	" x-12 [001] d..1. 300: kvm_exit: vcpu 0 reason msr rip 0x1 info1 0\n"
	" x-12 [001] d..1. 350: kvm_exit: vcpu 0 reason PF excp rip 0x1\n"
	" x-12 [001] d..1. 400: kvm_exit: reason 0x7f rip 0x1\n"
	" x-12 [001] ..... 500: kvm_userspace_exit: reason KVM_EXIT_IO (2)\n"
	" x-12 [001] ..... 600: kvm_userspace_exit: reason restart (4)\n"
	" x-12 [001] ..... 700: kvm_fpu: load\n"
	" x-12 [001] ..... 800: kvm_pio: pio_write at 0x10\n");

	(void)state;
	assert_int_equal(log.count, 8);
	assert_int_equal(log.malformed, 0);
	assert_int_equal(log.lost, 0);
	assert_int_equal(log.events[0].kind, TRACE_ENTRY);
	assert_int_equal(log.events[0].tsc, 100);
	assert_int_equal(log.events[1].reason, 10);
	assert_int_equal(log.events[2].reason, 0x7c);
	assert_int_equal(log.events[3].reason, 0x4e);
	assert_int_equal(log.events[4].reason, 0x7f);
	assert_int_equal(log.events[5].kind, TRACE_USERSPACE_EXIT);
	assert_int_equal(log.events[5].reason, 2);
	assert_int_equal(log.events[6].reason, TRACE_REASON_UNKNOWN);
	assert_int_equal(log.events[7].kind, TRACE_LOAD);
	trace_log_free(&log);
}

static void trace_malformed(void **state)
{
	struct trace_log log = parse(
	"# entries-in-buffer/entries-written: 3/10   #P:2\n"
	"CPU:1 [LOST 4 EVENTS]\n"
	": kvm_exit: \n"
	"x-12 [001] d..1. 12.5: kvm_exit: reason CPUID\n"
	"x-12 [001] d..1. 99999999999999999999999: kvm_exit: reason CPUID\n"
	"x-12 [001] d..1. : kvm_entry: \n"
	"x-12 [001] d..1. 18446744073709551615: kvm_exit: rea\n"
	"x-12 [001] d..1. 5: kvm_userspace_exit: reason KVM_EXIT_IO (\n"
	"\n\n\x01\xff garbage\n"
	"x-12 [001] d..1. 7: kvm_exit: reason NO_SUCH_NAME rip\n"
	"x-12 [001] d..1. 8: kvm_exit: reason ");

	(void)state;
	assert_int_equal(log.malformed, 4);
	assert_int_equal(log.count, 4);
	assert_int_equal(log.lost, 7);
	assert_true(log.events[0].tsc == UINT64_MAX);
	for (size_t i = 0; i < log.count; i++)
		assert_int_equal(log.events[i].reason, TRACE_REASON_UNKNOWN);
	trace_log_free(&log);
	log = parse("");
	assert_int_equal(log.count, 0);
	trace_log_free(&log);
}

static void trace_many_lines(void **state)
{
	enum { LINES = 1000, WIDTH = 64 };
	char *text = calloc(LINES, WIDTH), *at = text;
	struct trace_log log;

	(void)state;
	assert_non_null(text);
	for (int i = 0; i < LINES; i++)
		at += sprintf(at, "x-1 [000] ..... %d: kvm_entry: vcpu 0\n", i);
	log = parse(text);
	assert_int_equal(log.count, LINES);
	assert_int_equal(log.events[LINES - 1].tsc, LINES - 1);
	trace_log_free(&log);
	free(text);
}

/* Wherever it runs: it works, or it says why not. */
static void tracing_opens_or_explains(void **state)
{
	struct error e = { "" };
	struct trace_log log;
	struct tracing t;

	(void)state;
	if (tracing_open(&t, 64, &e)) {
		assert_non_null(strstr(e.text, "no tracepoints: "));
		tracing_close(&t);
		return;
	}
	assert_int_equal(tracing_start(&t, gettid(), &e), 0);
	assert_int_equal(tracing_stop(&t, &e), 0);
	assert_int_equal(tracing_read(&t, &log, &e), 0);
	assert_int_equal(log.count, 0);
	trace_log_free(&log);
	tracing_close(&t);
	tracing_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counters_fall_back),
		cmocka_unit_test(counters_without_pmu),
		cmocka_unit_test(counters_with_part_of_a_pmu),
		cmocka_unit_test(counters_of_this_machine),
		cmocka_unit_test(trace_well_formed),
		cmocka_unit_test(trace_malformed),
		cmocka_unit_test(trace_many_lines),
		cmocka_unit_test(tracing_opens_or_explains),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
