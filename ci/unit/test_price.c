/*
 * Latencies and prices: what a histogram says, and what is said of too few or
 * of nonsense.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "instance.h"

/* Buckets follow one another, and each time is near the middle of its own. */
static void every_time_is_near_the_middle_of_its_bucket(void **state)
{
	uint32_t last = 0;

	(void)state;
	for (uint64_t c = 0; c < 1ull << LATENCY_BITS; c += c / 64 + 1) {
		uint32_t at = latency_bucket(c);

		assert_true(at == last || at == last + 1);
		assert_true(at < LATENCY_BUCKETS);
		assert_true(fabs(latency_cycles(at) - (double)c) <=
			    0.032 * (double)c);
		last = at;
	}
	assert_int_equal(latency_bucket(1ull << LATENCY_BITS),
			 LATENCY_BUCKETS - 1);
	assert_int_equal(latency_bucket(UINT64_MAX), LATENCY_BUCKETS - 1);
}

static const struct bench disk = {
	.load = { .way = LOAD_READ, .backend = LOAD_DIRECT, .bytes = 4096,
		  .depth = 8, .requests = 64 },
};
static const struct item item = { .name = "io/x", .bench = &disk };

/* The load of a result at 1 us a request, with these latencies. */
static json_t *load_of(const struct target *target, json_t *latency)
{
	struct session session = { .target = target };
	struct series s = { .item = &item };
	json_t *result = json_pack("{s:f}", "ns", 1000.0), *load;

	s.instances = json_pack("[{s:i, s:{s:f, s:n, s:o}},"
				" {s:i, s:{s:f, s:n, s:[]}}]",
				"tsc_khz", 2000000, "load", "device_ns", 100.0,
				"vcpu_ns", "latency", latency, "tsc_khz",
				2000000, "load", "device_ns", 300.0, "vcpu_ns",
				"latency");
	assert_non_null(s.instances);
	price_put(result, &session, &s);
	load = json_incref(json_object_get(result, "load"));
	json_decref(result);
	json_decref(s.instances);
	assert_non_null(load);
	return load;
}

static double number_at(const json_t *load, const char *key)
{
	const json_t *v = json_object_get(load, key);

	return json_is_number(v) ? json_number_value(v) : NAN;
}

static void throughput_is_the_inverse_of_the_time(void **state)
{
	json_t *load = load_of(&target_kvm, json_array());

	(void)state;
	assert_float_equal(number_at(load, "requests_per_s"), 1e6, 1e-3);
	assert_float_equal(number_at(load, "mib_per_s"), 3906.25, 1e-6);
	assert_float_equal(number_at(load, "device_ns"), 200, 1e-9);
	assert_true(json_is_null(json_object_get(load, "vcpu_ns")));
	assert_string_equal(json_string_value(json_object_get(load,
				"doorbell")), "ioeventfd");
	assert_int_equal(json_object_size(json_object_get(load,
				"latency_ns")), 0);
	json_decref(load);
}

static void a_process_has_no_doorbell(void **state)
{
	json_t *load = load_of(&target_native, json_array());

	(void)state;
	assert_true(json_is_null(json_object_get(load, "doorbell")));
	assert_true(json_is_null(json_object_get(load, "completion")));
	json_decref(load);
}

/* 9,900 of 1,000 cycles and 100 of 100,000: p99 is the last of the former. */
static void a_percentile_needs_a_hundred_beyond_it(void **state)
{
	json_t *load = load_of(&target_kvm, json_pack("[[i, i], [i, i]]",
		(int)latency_bucket(1000), 9900,
		(int)latency_bucket(100000), 100)), *ns;

	(void)state;
	ns = json_object_get(load, "latency_ns");
	assert_int_equal(json_integer_value(json_object_get(load,
				"latencies")), 10000);
	assert_float_equal(number_at(ns, "p50"), 500, 16);
	assert_float_equal(number_at(ns, "p99"), 500, 16);
	assert_null(json_object_get(ns, "p99.9"));	/* ten beyond it */
	json_decref(load);
	load = load_of(&target_kvm, json_pack("[[i, i], [i, i]]",
		(int)latency_bucket(1000), 9899,
		(int)latency_bucket(100000), 101));
	ns = json_object_get(load, "latency_ns");
	assert_float_equal(number_at(ns, "p99"), 50000, 1600);
	json_decref(load);
}

/* A journal is a file: what it says may be anything. */
static void nonsense_in_a_journal_is_left_out(void **state)
{
	json_t *load = load_of(&target_kvm, json_pack(
		"[[i, i], [i, i], [i, i], s, [], [s, s]]", -1, 1000,
		LATENCY_BUCKETS, 1000, 20, -1000, "x", "a", "b"));

	(void)state;
	assert_int_equal(json_integer_value(json_object_get(load,
				"latencies")), 0);
	json_decref(load);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_time_is_near_the_middle_of_its_bucket),
		cmocka_unit_test(throughput_is_the_inverse_of_the_time),
		cmocka_unit_test(a_process_has_no_doorbell),
		cmocka_unit_test(a_percentile_needs_a_hundred_beyond_it),
		cmocka_unit_test(nonsense_in_a_journal_is_left_out),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
