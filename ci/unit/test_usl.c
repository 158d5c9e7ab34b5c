/*
 * The Universal Scalability Law: curves whose parameters are known are found
 * again, with intervals that cover them, and what is no curve is refused.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "measure/rng.h"
#include "measure/usl.h"

#define POINTS		7	/* 1 to 64 CPUs */
#define INSTANCES	11
#define EXPERIMENTS	60

static const double counts[POINTS] = { 1, 2, 4, 8, 16, 32, 64 };

static void curve_fill(double *x, double lambda, double sigma, double kappa)
{
	const struct usl law = { .lambda = lambda, .sigma = sigma,
				 .kappa = kappa };

	for (size_t i = 0; i < POINTS; i++)
		x[i] = usl_at(&law, counts[i]);
}

static void near(double want, double got)
{
	if (fabs(want - got) > 1e-9 + 1e-6 * fabs(want))
		fail_msg("%g is not %g", got, want);
}

static void known_parameters_are_found(void **state)
{
	static const double known[][3] = {
		{ 1e6, 0.05, 0.0002 }, { 3, 0.3, 0.01 }, { 1e-3, 0, 0.002 },
		{ 42, 0.02, 0 }, { 7, 0, 0 }, { 1, 0.9, 0.5 },
	};
	double x[POINTS];
	struct usl fit;

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		curve_fill(x, known[i][0], known[i][1], known[i][2]);
		assert_int_equal(0, usl_fit(counts, x, POINTS, &fit));
		near(known[i][0], fit.lambda);
		near(known[i][1], fit.sigma);
		near(known[i][2], fit.kappa);
		assert_true(fit.residual < 1e-6);
	}
}

/* A serial lock: X(N) never grows. That is a sigma of 1. */
static void a_queue_has_a_sigma_of_one(void **state)
{
	double x[POINTS];
	struct usl fit;

	(void)state;
	for (size_t i = 0; i < POINTS; i++)
		x[i] = 5;
	assert_int_equal(0, usl_fit(counts, x, POINTS, &fit));
	near(1, fit.sigma);
	near(0, fit.kappa);
}

static void better_than_linear_is_not_negative(void **state)
{
	double x[POINTS];
	struct usl fit;

	(void)state;
	for (size_t i = 0; i < POINTS; i++)
		x[i] = pow(counts[i], 1.1);
	assert_int_equal(0, usl_fit(counts, x, POINTS, &fit));
	assert_true(fit.sigma == 0 && fit.kappa == 0);
	assert_true(fit.residual > 0.01);
}

static void the_peak_is_where_throughput_falls(void **state)
{
	const struct usl law = { .lambda = 1, .sigma = 0.04, .kappa = 0.0015 };
	double at = usl_peak(&law);

	(void)state;
	assert_true(usl_at(&law, at) > usl_at(&law, at - 1));
	assert_true(usl_at(&law, at) > usl_at(&law, at + 1));
	assert_true(isinf(usl_peak(&(struct usl){ .lambda = 1 })));
}

static void points_fill(struct usl_point *p, double x[][INSTANCES],
			const double *law, double part, struct rng *r)
{
	for (size_t i = 0; i < POINTS; i++) {
		for (size_t k = 0; k < INSTANCES; k++)
			x[i][k] = law[i] * (1 + part * rng_normal(r));
		p[i] = (struct usl_point){ counts[i], x[i], INSTANCES };
	}
}

/* 2 % of noise: the interval holds the truth about as often as it says. */
static void intervals_cover_the_truth(void **state)
{
	double law[POINTS], x[POINTS][INSTANCES];
	unsigned int sigma = 0, kappa = 0;
	struct usl_point p[POINTS];
	struct usl_interval ci;
	struct usl fit;
	struct rng r;

	(void)state;
	rng_seed(&r, 7);
	curve_fill(law, 1e5, 0.06, 0.0008);
	for (int e = 0; e < EXPERIMENTS; e++) {
		points_fill(p, x, law, 0.02, &r);
		assert_int_equal(0, usl_fit_ci(p, POINTS, (uint64_t)e, &fit,
					       &ci));
		assert_true(ci.sigma.low <= ci.sigma.high &&
			    ci.sigma.level == 0.95);
		sigma += ci.sigma.low <= 0.06 && 0.06 <= ci.sigma.high;
		kappa += ci.kappa.low <= 0.0008 && 0.0008 <= ci.kappa.high;
	}
	if (sigma < EXPERIMENTS * 85 / 100 || kappa < EXPERIMENTS * 85 / 100)
		fail_msg("sigma in %u, kappa in %u of %d", sigma, kappa,
			 EXPERIMENTS);
}

static void the_seed_alone_decides(void **state)
{
	double law[POINTS], x[POINTS][INSTANCES];
	struct usl_interval a, b, c;
	struct usl_point p[POINTS];
	struct usl fit;
	struct rng r;

	(void)state;
	rng_seed(&r, 8);
	curve_fill(law, 10, 0.1, 0.001);
	points_fill(p, x, law, 0.05, &r);
	assert_int_equal(0, usl_fit_ci(p, POINTS, 1, &fit, &a));
	assert_int_equal(0, usl_fit_ci(p, POINTS, 1, &fit, &b));
	assert_int_equal(0, usl_fit_ci(p, POINTS, 2, &fit, &c));
	assert_true(a.sigma.low == b.sigma.low && a.kappa.high == b.kappa.high);
	assert_true(a.sigma.low != c.sigma.low || a.kappa.low != c.kappa.low);
}

static void too_little_is_said_so(void **state)
{
	double x[POINTS], one[1] = { 1 };
	struct usl_point p[POINTS];
	struct usl_interval ci = { .sigma = { .level = 42 } };
	struct usl fit = { 0 };

	(void)state;
	curve_fill(x, 1, 0.1, 0.01);
	for (size_t k = 0; k < USL_POINTS_MIN; k++)
		assert_int_equal(-ERANGE, usl_fit(counts, x, k, &fit));
	for (size_t i = 0; i < POINTS; i++)
		p[i] = (struct usl_point){ counts[i], &x[i], 1 };
	assert_int_equal(-ERANGE, usl_fit_ci(p, POINTS, 1, &fit, &ci));
	near(0.1, fit.sigma);
	assert_true(ci.sigma.level == 42);
	p[2] = (struct usl_point){ counts[2], one, 0 };
	assert_int_equal(-EINVAL, usl_fit_ci(p, POINTS, 1, &fit, &ci));
}

static void what_is_no_series_is_refused(void **state)
{
	static const double bad[] = { 0, -1, NAN, INFINITY };
	double n[USL_POINTS_MAX + 1], x[USL_POINTS_MAX + 1];
	struct usl fit;

	(void)state;
	for (size_t i = 0; i <= USL_POINTS_MAX; i++) {
		n[i] = (double)i + 1;
		x[i] = 1;
	}
	assert_int_equal(0, usl_fit(n, x, USL_POINTS_MAX, &fit));
	assert_int_equal(-EINVAL, usl_fit(n, x, USL_POINTS_MAX + 1, &fit));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		x[2] = bad[i];
		assert_int_equal(-EINVAL, usl_fit(n, x, 5, &fit));
		x[2] = 1;
		n[0] = bad[i];
		assert_int_equal(-EINVAL, usl_fit(n, x, 5, &fit));
		n[0] = 1;
	}
	n[3] = n[2];
	assert_int_equal(-EINVAL, usl_fit(n, x, 5, &fit));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_parameters_are_found),
		cmocka_unit_test(a_queue_has_a_sigma_of_one),
		cmocka_unit_test(better_than_linear_is_not_negative),
		cmocka_unit_test(the_peak_is_where_throughput_falls),
		cmocka_unit_test(intervals_cover_the_truth),
		cmocka_unit_test(the_seed_alone_decides),
		cmocka_unit_test(too_little_is_said_so),
		cmocka_unit_test(what_is_no_series_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("usl", tests, NULL, NULL);
}
