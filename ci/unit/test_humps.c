/*
 * Humps that are there are found, and those that are not are not; results
 * carry what a median leaves out.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "measure/humps.h"
#include "measure/rng.h"
#include "measure/stats.h"
#include "session_fixture.h"

#define N	176
#define TRIES	500

enum shape { NORMAL, FLAT, LOGNORMAL, TAILED, SHAPES };

static struct rng rng;

static double draw(enum shape shape)
{
	double z = rng_normal(&rng);

	switch (shape) {
	case FLAT:
		return rng_uniform(&rng);
	case LOGNORMAL:
		return exp(z);
	case TAILED:	/* one in twenty is hit by something big */
		return rng_below(&rng, 20) ? z : 30 + z;
	default:
		return z;
	}
}

static void one_hump_is_one(void **state)
{
	struct hump hump[2];
	double v[N];

	(void)state;
	rng_seed(&rng, 21);
	for (int shape = 0; shape < SHAPES; shape++) {
		int found = 0;

		for (int t = 0; t < TRIES; t++) {
			for (int i = 0; i < N; i++)
				v[i] = 100 + draw((enum shape)shape);
			assert_int_equal(0, stats_sort(v, N));
			found += humps_find(v, N, hump);
		}
		if (found > TRIES / 200)
			fail_msg("shape %d: two humps in %d of %d", shape,
				 found, TRIES);
	}
}

static void two_humps_are_two(void **state)
{
	struct hump hump[2];
	int found = 0;
	double v[N];

	(void)state;
	rng_seed(&rng, 22);
	for (int t = 0; t < TRIES; t++) {
		for (int i = 0; i < N; i++)
			v[i] = (i % 4 ? 100 : 110) + rng_normal(&rng);
		assert_int_equal(0, stats_sort(v, N));
		if (!humps_find(v, N, hump))
			continue;
		found++;
		assert_true(fabs(hump[0].value - 100) < 0.5);
		assert_true(fabs(hump[1].value - 110) < 1);
		assert_true(fabs(hump[0].share - 0.75) < 0.01);
		assert_true(fabs(hump[1].share - 0.25) < 0.01);
	}
	assert_int_equal(TRIES, found);
}

static void odd_values(void **state)
{
	struct hump hump[2];
	double v[N] = { 0 };

	(void)state;
	assert_false(humps_find(v, 0, hump));
	assert_false(humps_find(v, 1, hump));
	assert_false(humps_find(v, N, hump));	/* all the same */
	for (int i = N / 2; i < N; i++)
		v[i] = 1;
	assert_true(humps_find(v, N, hump));
	assert_true(hump[0].value == 0 && hump[1].value == 1);
	assert_false(humps_find(v + N / 2 - HUMPS_LEAST / 2 + 1,
				HUMPS_LEAST - 1, hump));
	v[N - 1] = 1e300;	/* no overflow hides the rest */
	assert_false(humps_find(v, N, hump));
}

static int flagged(const json_t *r, const char *name)
{
	json_t *f;
	size_t i;

	json_array_foreach(json_object_get(r, "flags"), i, f)
		if (!strcmp(json_string_value(f), name))
			return 1;
	return 0;
}

static void results_tell(void **state)
{
	const json_t *r;
	struct bed b;

	(void)state;
	bed_of(&b, "null:shape=bimodal,noise=5,vm=0", "exit/cpuid");
	r = b.s.series[0].result;
	assert_true(flagged(r, "two_humps"));
	assert_int_equal(2, json_array_size(json_object_get(r, "humps")));
	assert_int_equal(0, json_object_size(json_object_get(r, "tails")));
	bed_close(&b);
	bed_of(&b, "null:noise=2,vm=0", "exit/cpuid");
	r = b.s.series[0].result;
	assert_false(flagged(r, "two_humps"));
	assert_false(flagged(r, "mean_differs"));
	assert_true(json_is_null(json_object_get(r, "humps")));
	assert_true(fabs(json_number_value(json_object_get(r, "mean")) - 2000)
		    < 20);
	bed_close(&b);
	bed_of(&b, "null:shape=heavy,noise=8,vm=0", "exit/cpuid");
	assert_true(flagged(b.s.series[0].result, "mean_differs"));
	bed_close(&b);
}

static void tails_want_samples(void **state)
{
	static const char *const globs[] = { "exit/cpuid", NULL };
	struct session_options o = bed_options("null:noise=5,vm=0");
	const json_t *tails;
	struct bed b;

	(void)state;
	o.instances = 63;	/* of 16 blocks: 1008 */
	bed_open(&b, &o, globs);
	bed_run(&b);
	tails = json_object_get(b.s.series[0].result, "tails");
	assert_int_equal(1, json_object_size(tails));
	/* 1.2816 standard deviations of 100 cycles */
	assert_true(fabs(json_number_value(json_object_get(tails, "p90")) -
			 2128) < 12);
	bed_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_hump_is_one),
		cmocka_unit_test(two_humps_are_two),
		cmocka_unit_test(odd_values),
		cmocka_unit_test(results_tell),
		cmocka_unit_test(tails_want_samples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
