/*
 * The plan against levels whose variances are known, and sessions on the null
 * target that go on until their intervals are narrow enough.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "extend.h"
#include "measure/plan.h"
#include "measure/rng.h"
#include "session_fixture.h"

#define BLOCKS 16

static void close_to(double want, double got, double within)
{
	if (!(fabs(want - got) <= within))
		fail_msg("%.10g wanted, %.10g got", want, got);
}

static void levels(struct plan *p, size_t instances, double between,
		   double within)
{
	struct rng rng;

	rng_seed(&rng, 5);
	*p = (struct plan){ 0 };
	for (size_t i = 0; i < instances; i++) {
		double block[BLOCKS], at = 100 + between * rng_normal(&rng);

		for (size_t k = 0; k < BLOCKS; k++)
			block[k] = at + within * rng_normal(&rng);
		assert_int_equal(0, plan_add(p, block, 8 + i % 9));
	}
}

static void variances_are_found(void **state)
{
	struct plan_variance v;
	struct plan p;

	(void)state;
	levels(&p, 4000, 3, 5);
	assert_int_equal(0, plan_variance(&p, &v));
	close_to(25, v.block, 1);
	close_to(9, v.instance, 1);
	levels(&p, 4000, 0, 5);
	assert_int_equal(0, plan_variance(&p, &v));
	close_to(0, v.instance, 0.2);
}

static void blocks_follow_the_formula(void **state)
{
	const struct plan_variance v = { .block = 25, .instance = 4 };
	const struct plan_variance alike = { .block = 25, .instance = 0 };

	(void)state;
	/* sqrt(8 / 0.5 * 25 / 4) = 10 */
	assert_int_equal(10, plan_blocks(&v, 0.5, 8, 4, 64));
	assert_int_equal(4, plan_blocks(&v, 8, 0.5, 4, 64));
	assert_int_equal(64, plan_blocks(&v, 0.0001, 8, 4, 64));
	assert_int_equal(64, plan_blocks(&alike, 0.5, 8, 4, 64));
}

static void odd_pilots(void **state)
{
	const double bad[] = { 1, NAN, 2 }, good[] = { 1, 2 };
	const struct interval ci = { 90, 110, 0.95 };
	struct plan_variance v;
	struct plan p = { 0 };

	(void)state;
	assert_int_equal(-EINVAL, plan_add(&p, bad, 3));
	assert_int_equal(-EINVAL, plan_add(&p, good, 1));
	assert_int_equal(-ERANGE, plan_variance(&p, &v));
	assert_int_equal(0, plan_add(&p, good, 2));
	assert_int_equal(-ERANGE, plan_variance(&p, &v));
	close_to(0.1, plan_half_width(&ci, 100), 1e-12);
	assert_true(isinf(plan_half_width(&ci, 0)));
	assert_true(isinf(plan_half_width(&ci, -5)));
}

static const json_t *precise(struct bed *b, const char *target,
			     const char *item, double goal, double budget_s,
			     size_t *instances)
{
	const char *const globs[] = { item, NULL };
	struct session_options o = bed_options(target);

	o.precision = goal;
	o.budget_s = budget_s;
	bed_open(b, &o, globs);
	bed_run(b);
	*instances = json_array_size(json_object_get(b->s.series[0].result,
						     "instances"));
	return json_object_get(b->s.series[0].result, "precision");
}

#define ENDED(p) json_string_value(json_object_get(p, "ended"))

static void goals_are_reached(void **state)
{
	const char *target = "null:noise=2,vm=3";
	const json_t *p;
	struct bed b;
	size_t n;

	(void)state;
	p = precise(&b, target, "exit/cpuid", 0.01, 60, &n);
	assert_string_equal("goal", ENDED(p));
	assert_true(json_is_true(json_object_get(p, "reached")));
	close_to(0.005, json_number_value(json_object_get(p, "half_width")),
		 0.005);
	assert_true(n > SESSION_INSTANCES && n < EXTEND_MOST);
	assert_true(b.s.done <= b.s.total);
	bed_close(&b);
	p = precise(&b, target, "exit/cpuid", 0.2, 60, &n);
	assert_string_equal("goal", ENDED(p));
	assert_int_equal(SESSION_INSTANCES, n);
	bed_close(&b);
}

static void what_else_ends_is_told(void **state)
{
	const char *target = "null:noise=2,vm=3";
	const json_t *p;
	struct bed b;
	size_t n;

	(void)state;
	p = precise(&b, target, "exit/cpuid", 1e-5, 60, &n);
	assert_string_equal("cap", ENDED(p));
	assert_true(json_is_false(json_object_get(p, "reached")));
	assert_int_equal(EXTEND_MOST, n);
	bed_close(&b);
	p = precise(&b, target, "exit/cpuid", 1e-5, 1e-6, &n);
	assert_string_equal("budget", ENDED(p));
	assert_true(n >= 1 && n <= SESSION_INSTANCES);
	assert_true(json_is_null(json_object_get(p, "half_width")));
	bed_close(&b);
	p = precise(&b, target, "exit/cpuid", 0, 60, &n);
	assert_string_equal("fixed", ENDED(p));
	assert_int_equal(SESSION_INSTANCES, n);
	bed_close(&b);
	/* A control costs nothing to be precise about. */
	p = precise(&b, target, "exit/empty", 1e-5, 60, &n);
	assert_string_equal("fixed", ENDED(p));
	assert_int_equal(SESSION_INSTANCES, n);
	bed_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(variances_are_found),
		cmocka_unit_test(blocks_follow_the_formula),
		cmocka_unit_test(odd_pilots),
		cmocka_unit_test(goals_are_reached),
		cmocka_unit_test(what_else_ends_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
