/*
 * Theil-Sen with Sen's interval; see slope.h.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "soak/slope.h"

/* The normal quantile for a two-sided level, by bisection of erfc(). */
static double two_sided(double level)
{
	double low = 0, high = 10;

	for (int i = 0; i < 60; i++) {
		double z = (low + high) / 2;

		if (erfc(z / sqrt(2)) > 1 - level)
			low = z;
		else
			high = z;
	}
	return (low + high) / 2;
}

/* All slopes inside parts, and the variance of Kendall's S over them. */
static size_t slopes(const struct slope_point *p, size_t n, double *to,
		     double *variance, size_t *longest)
{
	size_t count = 0;

	*variance = 0;
	*longest = 0;
	for (size_t from = 0, end; from < n; from = end) {
		double m;

		for (end = from; end < n && p[end].part == p[from].part; end++)
			for (size_t i = from; i < end; i++)
				if (p[end].at > p[i].at)
					to[count++] =
						(p[end].value - p[i].value) /
						(p[end].at - p[i].at);
		m = (double)(end - from);
		*variance += m * (m - 1) * (2 * m + 5) / 18;
		if (end - from > *longest)
			*longest = end - from;
	}
	return count;
}

int slope_estimate(const struct slope_point *p, size_t n, double level,
		   double *slope, struct interval *ci)
{
	double *all, variance, half, median;
	size_t count, longest, low, high;
	int rc;

	if (level <= 0 || level >= 1)
		return -EINVAL;
	if (n < SLOPE_LEAST)
		return -ERANGE;
	all = malloc(n * (n - 1) / 2 * sizeof(*all));
	if (!all)
		return -ENOMEM;
	count = slopes(p, n, all, &variance, &longest);
	rc = longest < SLOPE_LEAST || !count ? -ERANGE : stats_sort(all, count);
	if (!rc)
		rc = stats_quantile(all, count, 0.5, &median);
	if (rc)
		goto out;
	half = two_sided(level) * sqrt(variance);
	low = (double)count > half ? (size_t)(((double)count - half) / 2) : 0;
	high = count - 1 - low;
	*slope = median;
	*ci = (struct interval){ all[low], all[high], level };
out:
	free(all);
	return rc;
}
