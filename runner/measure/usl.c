/*
 * The fit of the Universal Scalability Law; see usl.h.
 */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "measure/rng.h"
#include "measure/usl.h"

#define INSTANCES_MIN	6	/* as for the interval of a median at 95 % */
#define INSTANCES_MAX	64	/* drawn from; more say no more */
#define ALPHA		0.05

enum { TERMS = 3 };		/* 1, N - 1, N (N - 1) */

static double term(int i, double n)
{
	return i == 0 ? 1 : i == 1 ? n - 1 : n * (n - 1);
}

/*
 * Solves for the terms in `used` (a bit each), by normal equations: three
 * unknowns, and columns scaled to a length of 1, need no more. False where
 * they are not independent.
 */
static bool solve(const double *n, const double *x, size_t points,
		  unsigned int used, double to[TERMS])
{
	double a[TERMS][TERMS + 1] = { 0 }, scale[TERMS] = { 0 };
	int column[TERMS], k = 0;

	for (int i = 0; i < TERMS; i++)
		if (used & 1u << i)
			column[k++] = i;
	/* N / X = sum of terms, each point in units of its own N / X. */
	for (int i = 0; i < k; i++)
		for (size_t p = 0; p < points; p++)
			scale[i] += pow(term(column[i], n[p]) * x[p] / n[p], 2);
	for (int i = 0; i < k; i++)
		scale[i] = scale[i] > 0 ? sqrt(scale[i]) : 1;
	for (size_t p = 0; p < points; p++) {
		double row[TERMS];

		for (int i = 0; i < k; i++)
			row[i] = term(column[i], n[p]) * x[p] / n[p] / scale[i];
		for (int i = 0; i < k; i++) {
			for (int j = 0; j < k; j++)
				a[i][j] += row[i] * row[j];
			a[i][TERMS] += row[i];
		}
	}
	for (int i = 0; i < k; i++) {
		if (!(fabs(a[i][i]) > 1e-12))
			return false;
		for (int r = 0; r < k; r++) {
			double f = r == i ? 0 : a[r][i] / a[i][i];

			for (int j = i; j < k; j++)
				a[r][j] -= f * a[i][j];
			a[r][TERMS] -= f * a[i][TERMS];
		}
	}
	memset(to, 0, TERMS * sizeof(*to));
	for (int i = 0; i < k; i++)
		to[column[i]] = a[i][TERMS] / a[i][i] / scale[i];
	return true;
}

static double residual(const double *n, const double *x, size_t points,
		       const double c[TERMS])
{
	double sum = 0;

	for (size_t p = 0; p < points; p++) {
		double y = 0;

		for (int i = 0; i < TERMS; i++)
			y += c[i] * term(i, n[p]);
		sum += pow(y * x[p] / n[p] - 1, 2);
	}
	return sqrt(sum / (double)points);
}

/* With and without each of the two: the best that has none below 0. */
static bool fit_best(const double *n, const double *x, size_t points,
		     struct usl *fit)
{
	bool found = false;

	for (unsigned int used = 1; used < 1u << TERMS; used += 2) {
		double c[TERMS], rest;

		if (!solve(n, x, points, used, c) || !(c[0] > 0) || c[1] < 0 ||
		    c[2] < 0)
			continue;
		rest = residual(n, x, points, c);
		if (found && rest >= fit->residual)
			continue;
		*fit = (struct usl){ .lambda = 1 / c[0], .sigma = c[1] / c[0],
				     .kappa = c[2] / c[0], .residual = rest };
		found = true;
	}
	return found;
}

int usl_fit(const double *n, const double *x, size_t points, struct usl *fit)
{
	if (points > USL_POINTS_MAX)
		return -EINVAL;
	for (size_t i = 0; i < points; i++)
		if (!isfinite(n[i]) || !isfinite(x[i]) || n[i] < 1 ||
		    x[i] <= 0 || (i && n[i] <= n[i - 1]))
			return -EINVAL;
	if (points < USL_POINTS_MIN)
		return -ERANGE;
	return fit_best(n, x, points, fit) ? 0 : -EINVAL;
}

/* The median of as many instances, drawn anew or (without rng) as they are. */
static int median_drawn(const struct usl_point *p, struct rng *rng, double *to)
{
	size_t most = p->count < INSTANCES_MAX ? p->count : INSTANCES_MAX;
	double drawn[INSTANCES_MAX];

	for (size_t i = 0; i < most; i++)
		drawn[i] = p->x[rng ? rng_below(rng, p->count) : i];
	return stats_median(drawn, most, to);
}

static int medians(const struct usl_point *point, size_t points,
		   struct rng *rng, double *n, double *x)
{
	int rc = 0;

	for (size_t i = 0; i < points && !rc; i++) {
		n[i] = point[i].n;
		rc = median_drawn(&point[i], rng, &x[i]);
	}
	return rc;
}

/* Sorts. */
static void percentiles(double *v, size_t n, struct interval *to)
{
	stats_sort(v, n);
	stats_quantile(v, n, ALPHA / 2, &to->low);
	stats_quantile(v, n, 1 - ALPHA / 2, &to->high);
	to->level = 1 - ALPHA;
}

int usl_fit_ci(const struct usl_point *point, size_t points, uint64_t seed,
	       struct usl *fit, struct usl_interval *ci)
{
	double n[USL_POINTS_MAX] = { 0 }, x[USL_POINTS_MAX] = { 0 };
	double sigma[USL_RESAMPLES], kappa[USL_RESAMPLES];
	size_t got = 0;
	struct rng rng;
	int rc;

	if (points > USL_POINTS_MAX)
		return -EINVAL;
	rc = medians(point, points, NULL, n, x);
	if (!rc)
		rc = usl_fit(n, x, points, fit);
	if (rc)
		return rc;
	for (size_t i = 0; i < points; i++)
		if (point[i].count < INSTANCES_MIN)
			return -ERANGE;
	rng_seed(&rng, seed);
	for (int i = 0; i < USL_RESAMPLES; i++) {
		struct usl drawn;

		if (medians(point, points, &rng, n, x) ||
		    usl_fit(n, x, points, &drawn))
			continue;
		sigma[got] = drawn.sigma;
		kappa[got++] = drawn.kappa;
	}
	if (got < USL_RESAMPLES / 2)
		return -ERANGE;
	percentiles(sigma, got, &ci->sigma);
	percentiles(kappa, got, &ci->kappa);
	return 0;
}

double usl_at(const struct usl *fit, double n)
{
	return fit->lambda * n /
	       (1 + fit->sigma * (n - 1) + fit->kappa * n * (n - 1));
}

double usl_peak(const struct usl *fit)
{
	if (!(fit->kappa > 0))
		return INFINITY;
	return fit->sigma < 1 ? sqrt((1 - fit->sigma) / fit->kappa) : 1;
}
