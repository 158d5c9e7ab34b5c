/*
 * Order statistics and their intervals, written so that n = 10^6 is as exact
 * as n = 6: the binomial tail is summed relative to its largest term, which
 * comes from lgamma.
 */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "measure/stats.h"

static int all_finite(const double *values, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isfinite(values[i]))
			return -EINVAL;
	return n ? 0 : -EINVAL;
}

static int compare_double(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The mean of two finite numbers, which does not overflow. */
static double midpoint(double a, double b)
{
	return a / 2 + b / 2;
}

static double median_of_sorted(const double *sorted, size_t n)
{
	if (n % 2)
		return sorted[n / 2];
	return midpoint(sorted[n / 2 - 1], sorted[n / 2]);
}

int stats_sort(double *values, size_t n)
{
	int err = all_finite(values, n);

	if (!err)
		qsort(values, n, sizeof(*values), compare_double);
	return err;
}

int stats_median(double *values, size_t n, double *median)
{
	int err = stats_sort(values, n);

	if (!err)
		*median = median_of_sorted(values, n);
	return err;
}

int stats_quantile(const double *sorted, size_t n, double p, double *value)
{
	double at, part;
	size_t i;

	if (all_finite(sorted, n) || !(p >= 0 && p <= 1))
		return -EINVAL;
	at = p * (double)(n - 1);
	i = (size_t)at;
	if (i >= n - 1) {
		*value = sorted[n - 1];
		return 0;
	}
	part = at - (double)i;
	*value = (1 - part) * sorted[i] + part * sorted[i + 1];
	return 0;
}

/*
 * Deviations grow in both directions from the median, so that merging the two
 * runs yields them in order: no second array and no second sort.
 */
int stats_mad(const double *sorted, size_t n, double *mad)
{
	double median, before = 0, now = 0;
	size_t left, right;

	if (all_finite(sorted, n))
		return -EINVAL;
	median = median_of_sorted(sorted, n);
	right = n / 2;
	left = right;	/* the next one to the left is sorted[left - 1] */
	for (size_t i = 0; i <= n / 2; i++) {
		bool take_left = right == n || (left > 0 &&
			median - sorted[left - 1] < sorted[right] - median);

		before = now;
		now = take_left ? median - sorted[--left] :
				  sorted[right++] - median;
	}
	*mad = n % 2 ? now : midpoint(before, now);
	if (!isfinite(*mad))
		return -EINVAL;
	return 0;
}

/* lgamma() writes the global signgam; the reentrant spelling does not. */
static double log_factorial(double n)
{
	int sign;

	return lgamma_r(n + 1, &sign);
}

/* log P(Bin(n, 1/2) = k) */
static double log_binomial_half(size_t n, size_t k)
{
	return log_factorial((double)n) - log_factorial((double)k) -
	       log_factorial((double)(n - k)) - (double)n * M_LN2;
}

double stats_binomial_half(size_t n, size_t k)
{
	double sum = 1, term = 1;

	if (k >= n)
		return 1;
	if (k >= n - k)		/* the far half, by symmetry */
		return 1 - stats_binomial_half(n, n - k - 1);
	/* terms fall geometrically below k: sum them relative to the k-th */
	for (size_t i = k; i > 0 && term > sum * 1e-18; i--) {
		term *= (double)i / (double)(n - i + 1);
		sum += term;
	}
	return exp(log_binomial_half(n, k) + log(sum));
}

size_t stats_median_rank(size_t n, double alpha)
{
	size_t low = 0, high = n / 2 + 1;	/* low will do, high will not */

	if (!(alpha > 0 && alpha < 1))
		return 0;
	while (high - low > 1) {
		size_t k = low + (high - low) / 2;

		if (stats_binomial_half(n, k - 1) <= alpha / 2)
			low = k;
		else
			high = k;
	}
	return low;
}

int stats_median_ci(const double *sorted, size_t n, double alpha,
		    struct interval *ci)
{
	size_t k;

	if (all_finite(sorted, n) || !(alpha > 0 && alpha < 1))
		return -EINVAL;
	k = stats_median_rank(n, alpha);
	if (!k)
		return -ERANGE;
	ci->low = sorted[k - 1];
	ci->high = sorted[n - k];
	ci->level = 1 - 2 * stats_binomial_half(n, k - 1);
	return 0;
}

int stats_ratio_ci(const double *base, const double *fresh, size_t pairs,
		   double alpha, double *scratch, double *ratio,
		   struct interval *ci)
{
	struct interval logs;
	int err;

	if (!(alpha > 0 && alpha < 1))
		return -EINVAL;
	for (size_t i = 0; i < pairs; i++) {
		if (!(base[i] > 0 && fresh[i] > 0))
			return -EINVAL;
		scratch[i] = log(fresh[i]) - log(base[i]);
	}
	err = stats_sort(scratch, pairs);
	if (err)
		return err;
	*ratio = exp(median_of_sorted(scratch, pairs));
	err = stats_median_ci(scratch, pairs, alpha, &logs);
	if (err)
		return err;
	*ci = (struct interval){ exp(logs.low), exp(logs.high), logs.level };
	return 0;
}

int stats_tail(const double *sorted, size_t n, double p, double *value)
{
	if (all_finite(sorted, n) || !(p >= 0.5 && p < 1))
		return -EINVAL;
	/* 1 - 0.99 is not quite 0.01: do not let rounding ask for one more */
	if ((double)n * (1 - p) < 100 * (1 - 1e-9))
		return -ERANGE;
	return stats_quantile(sorted, n, p, value);
}
