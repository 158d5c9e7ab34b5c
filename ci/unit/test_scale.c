/*
 * What rows at several counts say together, from results that are made up:
 * throughput, efficiency, the overcommitted part, the fit or why there is
 * none, and results that are none.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "scale.h"

#define INSTANCES	11

/* A passed row: `cycles` for one operation on each of `initiators` vCPUs. */
static json_t *row(const char *id, int vcpus, int initiators, int cpus,
		   const char *roles, double cycles)
{
	json_t *instances = json_array();

	for (int i = 0; i < INSTANCES; i++)
		json_array_append_new(instances, json_real(cycles *
			(1 + 0.001 * (i - INSTANCES / 2))));
	return json_pack("{s:s, s:s, s:s, s:s, s:{s:i, s:i}, s:f, s:f, s:o, "
			 "s:{s:f, s:f, s:f}, s:{s:i, s:i, s:s, s:s}}",
		"id", id, "target", "kvm", "verdict", "pass", "unit", "cycles",
		"params", "ring", 3, "vcpus", vcpus, "median", cycles,
		"ns", cycles / 2, "instances", instances,
		"ci", "low", cycles * 0.99, "high", cycles * 1.01, "level",
		0.98, "scale", "initiators", initiators, "cpus", cpus,
		"roles", roles, "of", "vcpus");
}

static json_t *row_all(const char *id, int vcpus, int cpus, double cycles)
{
	return row(id, vcpus, vcpus, cpus, "all", cycles);
}

static double at(const json_t *all, size_t row_at, size_t point,
		 const char *key)
{
	const json_t *p = json_array_get(json_object_get(
		json_array_get(all, row_at), "points"), point);

	return json_is_number(json_object_get(p, key)) ?
	       json_number_value(json_object_get(p, key)) : NAN;
}

static void near(double want, double got)
{
	if (!(fabs(want - got) <= 1e-6 * fabs(want)))
		fail_msg("%g is not %g", got, want);
}

static void efficiency_is_against_the_cpus(void **state)
{
	json_t *results = json_array(), *all, *points;

	(void)state;
	/* Out of order, as they finish: 2 CPUs, then turns. */
	json_array_append_new(results, row_all("scale/a", 4, 2, 250));
	json_array_append_new(results, row_all("scale/a", 1, 2, 100));
	json_array_append_new(results, row_all("scale/a", 2, 2, 125));
	all = scale_json(results, 1);
	assert_int_equal(1, json_array_size(all));
	points = json_object_get(json_array_get(all, 0), "points");
	assert_int_equal(3, json_array_size(points));
	near(1, at(all, 0, 0, "efficiency"));
	near(0.8, at(all, 0, 1, "efficiency"));
	near(0.8, at(all, 0, 2, "efficiency"));
	near(1.6, at(all, 0, 1, "relative"));
	near(2e7, at(all, 0, 0, "throughput_per_s"));
	assert_true(json_is_false(json_object_get(
		json_array_get(points, 1), "overcommitted")));
	assert_true(json_is_true(json_object_get(
		json_array_get(points, 2), "overcommitted")));
	assert_true(json_is_null(json_object_get(
		json_array_get(points, 0), "efficiency_ci")));
	near(0.8 * 0.99 / 1.01, json_number_value(json_object_get(
		json_object_get(json_array_get(points, 1), "efficiency_ci"),
		"low")));
	assert_true(json_is_null(json_object_get(json_array_get(all, 0),
						 "usl")));
	assert_non_null(strstr(json_string_value(json_object_get(
		json_array_get(all, 0), "note")), "there are 2"));
	json_decref(all);
	json_decref(results);
}

/* Cycles of one operation under the law: N / X(N). */
static double law(double n, double sigma, double kappa)
{
	return 1000 * (1 + sigma * (n - 1) + kappa * n * (n - 1));
}

static void the_fit_leaves_the_overcommitted_part_out(void **state)
{
	json_t *results = json_array(), *all, *usl;

	(void)state;
	for (int n = 1; n <= 16; n *= 2)
		json_array_append_new(results, row_all("scale/b", n, 16,
						       law(n, 0.08, 0.002)));
	json_array_append_new(results, row_all("scale/b", 64, 16, 1e6));
	all = scale_json(results, 1);
	usl = json_object_get(json_array_get(all, 0), "usl");
	near(0.08, json_number_value(json_object_get(usl, "sigma")));
	near(0.002, json_number_value(json_object_get(usl, "kappa")));
	near(2e6, json_number_value(json_object_get(usl, "lambda_per_s")));
	assert_int_equal(5, json_integer_value(json_object_get(usl, "points")));
	assert_true(json_is_object(json_object_get(usl, "sigma_ci")));
	assert_true(json_is_null(json_object_get(json_array_get(all, 0),
						 "note")));
	json_decref(all);
	json_decref(results);
}

static void pairs_and_one_for_all(void **state)
{
	json_t *results = json_array(), *all;

	(void)state;
	json_array_append_new(results, row("scale/p", 2, 1, 8, "pairs", 100));
	json_array_append_new(results, row("scale/p", 8, 4, 8, "pairs", 100));
	json_array_append_new(results, row("scale/f", 1, 1, 8, "first", 100));
	json_array_append_new(results, row("scale/f", 8, 1, 8, "first", 400));
	all = scale_json(results, 1);
	assert_int_equal(2, json_array_size(all));
	near(1, at(all, 0, 1, "efficiency"));
	near(4, at(all, 0, 1, "relative"));
	assert_true(isnan(at(all, 1, 1, "efficiency")));
	near(0.25, at(all, 1, 1, "relative"));
	json_decref(all);
	json_decref(results);
}

static void what_was_not_measured_is_still_a_point(void **state)
{
	json_t *results = json_array(), *all, *hung;

	(void)state;
	hung = row_all("scale/h", 1, 4, 100);
	json_object_set_new(hung, "verdict", json_string("hang"));
	json_array_append_new(results, hung);
	json_array_append_new(results, row_all("scale/h", 2, 4, 100));
	json_array_append_new(results, row_all("scale/h", 4, 4, -3));
	all = scale_json(results, 1);
	assert_true(isnan(at(all, 0, 0, "efficiency")));
	near(1, at(all, 0, 1, "efficiency"));	/* the first that has one */
	assert_true(isnan(at(all, 0, 2, "throughput_per_s")));
	json_decref(all);
	json_decref(results);
}

static void rings_and_targets_are_rows_apart(void **state)
{
	json_t *results = json_array(), *all, *other;

	(void)state;
	json_array_append_new(results, row_all("scale/r", 1, 2, 100));
	other = row_all("scale/r", 1, 2, 100);
	json_object_set_new(json_object_get(other, "params"), "ring",
			    json_integer(0));
	json_array_append_new(results, other);
	other = row_all("scale/r", 1, 2, 100);
	json_object_set_new(other, "target", json_string("null"));
	json_array_append_new(results, other);
	all = scale_json(results, 1);
	assert_int_equal(3, json_array_size(all));
	json_decref(all);
	json_decref(results);
}

/* Each member in turn is of another type, or gone. */
static void what_is_malformed_adds_nothing_wrong(void **state)
{
	static const char *const key[] = {
		"id", "target", "params", "scale", "median", "ci", "verdict",
		"instances", "unit", "ns",
	};
	static const char *const value[] = {
		"null", "[]", "{}", "\"x\"", "-1", "1e308", "true",
	};

	(void)state;
	for (size_t k = 0; k < sizeof(key) / sizeof(key[0]); k++)
		for (size_t v = 0; v <= sizeof(value) / sizeof(value[0]); v++) {
			json_t *results = json_array(), *all;
			json_t *bad = row_all("scale/m", 2, 4, 100);

			if (v == sizeof(value) / sizeof(value[0]))
				json_object_del(bad, key[k]);
			else
				json_object_set_new(bad, key[k],
					json_loads(value[v], JSON_DECODE_ANY,
						   NULL));
			json_array_append_new(results, bad);
			json_array_append_new(results,
					      row_all("scale/m", 4, 4, 100));
			all = scale_json(results, 1);
			assert_non_null(all);
			assert_true(json_array_size(all) >= 1);
			json_decref(all);
			json_decref(results);
		}
}

static void no_results_are_no_rows(void **state)
{
	json_t *all = scale_json(NULL, 1);

	(void)state;
	assert_non_null(all);
	assert_int_equal(0, json_array_size(all));
	json_decref(all);
}

static void nothing_that_scales_adds_no_member(void **state)
{
	json_t *document = json_pack("{s:[{s:s}]}", "results", "id", "exit/x");

	(void)state;
	scale_derive(document, 1);
	assert_null(json_object_get(document, "scaling"));
	json_decref(document);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(efficiency_is_against_the_cpus),
		cmocka_unit_test(the_fit_leaves_the_overcommitted_part_out),
		cmocka_unit_test(pairs_and_one_for_all),
		cmocka_unit_test(what_was_not_measured_is_still_a_point),
		cmocka_unit_test(rings_and_targets_are_rows_apart),
		cmocka_unit_test(what_is_malformed_adds_nothing_wrong),
		cmocka_unit_test(no_results_are_no_rows),
		cmocka_unit_test(nothing_that_scales_adds_no_member),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("scale", tests, NULL, NULL);
}
