/*
 * Statistics against known values, and intervals against their promise: over
 * many simulated experiments the true median lies inside as often as claimed.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "measure/rng.h"
#include "measure/stats.h"

#define EXPERIMENTS 2000

static void assert_near(double want, double got, double tolerance)
{
	if (!(fabs(want - got) <= tolerance))
		fail_msg("want %.12g, got %.12g", want, got);
}

static void ascending(double *values, size_t n)
{
	for (size_t i = 0; i < n; i++)
		values[i] = (double)(i + 1);
}

static void median_of_odd_and_even(void **state)
{
	double odd[] = { 3, 1, 2 }, even[] = { 4, 1, 3, 2 }, one[] = { 7 };
	double huge[] = { 1.7e308, 1.7e308 }, median;

	(void)state;
	assert_int_equal(0, stats_median(odd, 3, &median));
	assert_near(2, median, 0);
	assert_near(1, odd[0], 0);	/* sorted in place, as documented */
	assert_int_equal(0, stats_median(even, 4, &median));
	assert_near(2.5, median, 0);
	assert_int_equal(0, stats_median(one, 1, &median));
	assert_near(7, median, 0);
	assert_int_equal(0, stats_median(huge, 2, &median));
	assert_near(1.7e308, median, 0);
}

static void quantile_is_type_7(void **state)
{
	double values[10], q;

	(void)state;
	ascending(values, 10);
	assert_int_equal(0, stats_quantile(values, 10, 0.25, &q));
	assert_near(3.25, q, 1e-12);
	assert_int_equal(0, stats_quantile(values, 10, 0, &q));
	assert_near(1, q, 0);
	assert_int_equal(0, stats_quantile(values, 10, 1, &q));
	assert_near(10, q, 0);
	assert_int_equal(-EINVAL, stats_quantile(values, 10, 1.01, &q));
	assert_int_equal(-EINVAL, stats_quantile(values, 10, NAN, &q));
}

/* The merge against the definition: deviations, sorted, their median. */
static void mad_is_median_of_deviations(void **state)
{
	double known[] = { 1, 1, 2, 2, 4, 6, 9 }, mad;
	struct rng r;

	(void)state;
	assert_int_equal(0, stats_mad(known, 7, &mad));
	assert_near(1, mad, 0);
	rng_seed(&r, 5);
	for (size_t n = 1; n < 60; n++) {
		double values[60], deviations[60], median, want;

		for (size_t i = 0; i < n; i++)
			values[i] = exp(2 * rng_normal(&r));
		assert_int_equal(0, stats_median(values, n, &median));
		for (size_t i = 0; i < n; i++)
			deviations[i] = fabs(values[i] - median);
		assert_int_equal(0, stats_median(deviations, n, &want));
		assert_int_equal(0, stats_mad(values, n, &mad));
		assert_near(want, mad, 1e-12);
	}
}

static void binomial_tail_is_exact(void **state)
{
	(void)state;
	for (size_t n = 1; n <= 60; n++) {
		long double term = powl(0.5L, (long double)n), sum = 0;

		for (size_t k = 0; k <= n; k++) {
			sum += term;
			assert_near((double)sum, stats_binomial_half(n, k),
				    1e-12 * (double)sum);
			term *= (long double)(n - k) / (long double)(k + 1);
		}
	}
	/* n = 10^6: half of what the centre leaves */
	assert_near(0.5 - 7.978843e-4 / 2, stats_binomial_half(1000000, 499999),
		    1e-9);
	assert_near(1, stats_binomial_half(1000000, 1000000), 0);
	assert_true(stats_binomial_half(1000000, 0) == 0);
}

static void interval_ranks_are_known(void **state)
{
	static const struct {
		size_t n, low, high;
		double level;
	} known[] = {
		{ 6, 1, 6, 0.96875 },
		{ 11, 2, 10, 0.98828125 },
		{ 20, 6, 15, 0.9586105 },
		{ 30, 10, 21, 0.9572261 },
	};
	double values[30];
	struct interval ci;

	(void)state;
	ascending(values, 30);
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		assert_int_equal(0, stats_median_ci(values, known[i].n, 0.05,
						    &ci));
		assert_near((double)known[i].low, ci.low, 0);
		assert_near((double)known[i].high, ci.high, 0);
		assert_near(known[i].level, ci.level, 1e-6);
	}
	for (size_t n = 1; n < 6; n++)
		assert_int_equal(-ERANGE,
				 stats_median_ci(values, n, 0.05, &ci));
	assert_int_equal(0, stats_median_ci(values, 5, 0.10, &ci));
	assert_int_equal(-EINVAL, stats_median_ci(values, 9, 0, &ci));
	assert_int_equal(-EINVAL, stats_median_ci(values, 9, 1, &ci));
}

static void interval_of_a_million(void **state)
{
	size_t n = 1000000, k = stats_median_rank(n, 0.05);
	double *values = test_malloc(n * sizeof(*values));
	struct interval ci;

	(void)state;
	ascending(values, n);
	assert_int_equal(0, stats_median_ci(values, n, 0.05, &ci));
	assert_in_range(k, 499018, 499022);	/* n/2 - 1.96 sqrt(n)/2 */
	assert_true(stats_binomial_half(n, k - 1) <= 0.025);
	assert_true(stats_binomial_half(n, k) > 0.025);
	assert_near((double)k, ci.low, 0);
	assert_near((double)(n + 1 - k), ci.high, 0);
	assert_near(0.95, ci.level, 1e-3);
	test_free(values);
}

static void hostile_numbers_are_refused(void **state)
{
	double bad[] = { NAN, INFINITY, -INFINITY }, out = 42;
	struct interval ci = { 1, 2, 3 };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		double values[7] = { 1, 2, 3, bad[i], 5, 6, 7 };
		double ones[7] = { 1, 1, 1, 1, 1, 1, 1 }, scratch[7];

		assert_int_equal(-EINVAL, stats_sort(values, 7));
		assert_int_equal(-EINVAL, stats_median(values, 7, &out));
		assert_int_equal(-EINVAL, stats_quantile(values, 7, 0.5, &out));
		assert_int_equal(-EINVAL, stats_mad(values, 7, &out));
		assert_int_equal(-EINVAL,
				 stats_median_ci(values, 7, 0.05, &ci));
		assert_int_equal(-EINVAL, stats_tail(values, 7, 0.9, &out));
		assert_int_equal(-EINVAL, stats_ratio_ci(ones, values, 7, 0.05,
							 scratch, &out, &ci));
	}
	assert_int_equal(-EINVAL, stats_median(NULL, 0, &out));
	assert_int_equal(-EINVAL, stats_mad(NULL, 0, &out));
	assert_near(42, out, 0);
	assert_near(3, ci.level, 0);
}

static void tail_needs_its_samples(void **state)
{
	double *values = test_malloc(10000 * sizeof(*values)), p99;

	(void)state;
	ascending(values, 10000);
	assert_int_equal(-ERANGE, stats_tail(values, 9999, 0.99, &p99));
	assert_int_equal(0, stats_tail(values, 10000, 0.99, &p99));
	assert_near(9900, p99, 1);
	assert_int_equal(-ERANGE, stats_tail(values, 10000, 0.999, &p99));
	assert_int_equal(-EINVAL, stats_tail(values, 10000, 1, &p99));
	test_free(values);
}

static void ratio_is_symmetric(void **state)
{
	double base[10], fresh[10], scratch[10], there, back;
	struct interval a, b;
	struct rng r;

	(void)state;
	rng_seed(&r, 11);
	for (size_t i = 0; i < 10; i++) {
		base[i] = exp(rng_normal(&r));
		fresh[i] = 2 * base[i] * exp(0.01 * rng_normal(&r));
	}
	assert_int_equal(0, stats_ratio_ci(base, fresh, 10, 0.05, scratch,
					   &there, &a));
	assert_int_equal(0, stats_ratio_ci(fresh, base, 10, 0.05, scratch,
					   &back, &b));
	assert_near(2, there, 0.05);
	assert_true(a.low <= there && there <= a.high);
	assert_near(1, there * back, 1e-12);
	assert_near(1, a.low * b.high, 1e-12);
	there = 0;
	assert_int_equal(-ERANGE, stats_ratio_ci(base, fresh, 5, 0.05, scratch,
						 &there, &a));
	assert_near(2, there, 0.1);
	base[3] = 0;
	assert_int_equal(-EINVAL, stats_ratio_ci(base, fresh, 10, 0.05, scratch,
						 &there, &a));
}

/* How often the true median, 0 or 1, lies in the interval. */
static double coverage(struct rng *r, size_t n, int lognormal, double *level)
{
	unsigned int inside = 0;

	for (int i = 0; i < EXPERIMENTS; i++) {
		double values[64], truth = lognormal ? 1 : 0;
		struct interval ci;

		for (size_t k = 0; k < n; k++)
			values[k] = lognormal ? exp(1.5 * rng_normal(r)) :
						rng_normal(r);
		assert_int_equal(0, stats_sort(values, n));
		assert_int_equal(0, stats_median_ci(values, n, 0.05, &ci));
		inside += ci.low <= truth && truth <= ci.high;
		*level = ci.level;
	}
	return (double)inside / EXPERIMENTS;
}

static void interval_covers_as_promised(void **state)
{
	static const size_t sizes[] = { 6, 11, 20, 41, 64 };
	struct rng r;

	(void)state;
	rng_seed(&r, 2026);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		for (int lognormal = 0; lognormal < 2; lognormal++) {
			double level, got;

			got = coverage(&r, sizes[i], lognormal, &level);
			assert_true(got >= 0.93 && got <= 0.993);
			/* four standard errors */
			assert_near(level, got, 4 * sqrt(level * (1 - level) /
							 EXPERIMENTS));
		}
	}
}

/* Two equal systems whose speed drifts together: the ratio must be 1. */
static void ratio_covers_under_drift(void **state)
{
	unsigned int inside = 0;
	struct rng r;

	(void)state;
	rng_seed(&r, 7);
	for (int i = 0; i < EXPERIMENTS; i++) {
		double base[20], fresh[20], scratch[20], ratio, speed = 1000;
		struct interval ci;

		for (size_t k = 0; k < 20; k++) {
			speed *= exp(0.1 * rng_normal(&r));
			base[k] = speed * exp(0.02 * rng_normal(&r));
			fresh[k] = speed * exp(0.02 * rng_normal(&r));
		}
		assert_int_equal(0, stats_ratio_ci(base, fresh, 20, 0.05,
						   scratch, &ratio, &ci));
		inside += ci.low <= 1 && 1 <= ci.high;
	}
	assert_near(0.9586, (double)inside / EXPERIMENTS, 0.018);
}

static void seed_decides_everything(void **state)
{
	struct rng a, b, c;

	(void)state;
	rng_seed(&a, 1);
	rng_seed(&b, 1);
	rng_seed(&c, 2);
	for (int i = 0; i < 100; i++) {
		uint64_t word = rng_next(&a);

		assert_true(word == rng_next(&b));
		assert_true(word != rng_next(&c));
	}
	/* the published sequence for state { 1, 2, 3, 4 } */
	a = (struct rng){ { 1, 2, 3, 4 } };
	assert_true(rng_next(&a) == 11520);
	assert_true(rng_next(&a) == 0);
	assert_true(rng_next(&a) == 1509978240);
	assert_true(rng_next(&a) == 1215971899390074240);
}

static void shuffle_is_fair(void **state)
{
	unsigned int where[4][4] = { { 0 } };
	struct rng r;

	(void)state;
	rng_seed(&r, 3);
	for (int i = 0; i < 12000; i++) {
		int order[4] = { 0, 1, 2, 3 };

		rng_shuffle(&r, order, 4, sizeof(*order));
		for (size_t k = 0; k < 4; k++)
			where[k][order[k]]++;
	}
	for (size_t k = 0; k < 16; k++)
		assert_in_range(where[k / 4][k % 4], 2800, 3200);
	rng_shuffle(&r, NULL, 0, 8);
	assert_true(rng_below(&r, 0) == 0);
	assert_true(rng_below(&r, 1) == 0);
}

static void normal_has_its_moments(void **state)
{
	double sum = 0, squares = 0, low = 1, high = 0;
	struct rng r;

	(void)state;
	rng_seed(&r, 9);
	for (int i = 0; i < 100000; i++) {
		double x = rng_normal(&r), u = rng_uniform(&r);

		assert_true(isfinite(x));
		sum += x;
		squares += x * x;
		low = fmin(low, u);
		high = fmax(high, u);
	}
	assert_near(0, sum / 100000, 0.015);
	assert_near(1, squares / 100000, 0.02);
	assert_true(low >= 0 && low < 0.001 && high < 1 && high > 0.999);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(median_of_odd_and_even),
		cmocka_unit_test(quantile_is_type_7),
		cmocka_unit_test(mad_is_median_of_deviations),
		cmocka_unit_test(binomial_tail_is_exact),
		cmocka_unit_test(interval_ranks_are_known),
		cmocka_unit_test(interval_of_a_million),
		cmocka_unit_test(hostile_numbers_are_refused),
		cmocka_unit_test(tail_needs_its_samples),
		cmocka_unit_test(ratio_is_symmetric),
		cmocka_unit_test(interval_covers_as_promised),
		cmocka_unit_test(ratio_covers_under_drift),
		cmocka_unit_test(seed_decides_everything),
		cmocka_unit_test(shuffle_is_fair),
		cmocka_unit_test(normal_has_its_moments),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
