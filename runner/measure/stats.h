/*
 * Robust statistics with exact intervals: medians, order statistics, tails.
 *
 * Nothing here assumes a distribution: an interval is a pair of order
 * statistics whose coverage follows from the binomial law alone. Nothing here
 * allocates, prints or keeps state. (stats_sort uses qsort(), which glibc may
 * let allocate for large arrays: do not sort between time stamps.)
 *
 * All functions return 0 or
 *	-EINVAL	no values, a NaN or an infinity among them, or a parameter
 *		outside its range;
 *	-ERANGE	too few values for an honest answer: report none.
 * After a failure the outputs are untouched. "sorted" means ascending, as
 * stats_sort leaves it; an unsorted array is a caller's bug and is not
 * detected.
 */
#ifndef VMGAUGE_MEASURE_STATS_H
#define VMGAUGE_MEASURE_STATS_H

#include <stddef.h>

/* [low, high] covers the true value with probability `level`, as achieved. */
struct interval {
	double low, high, level;
};

/* Ascending, in place. Checks that every value is finite, before it sorts. */
int stats_sort(double *values, size_t n);

/* The median. SORTS `values` IN PLACE: pass a copy if their order matters. */
int stats_median(double *values, size_t n, double *median);

/* Linear interpolation between order statistics (R's type 7), 0 <= p <= 1. */
int stats_quantile(const double *sorted, size_t n, double p, double *value);

/* Median absolute deviation from the median; not scaled by 1.4826. */
int stats_mad(const double *sorted, size_t n, double *mad);

/*
 * The exact interval for the median: with the largest k for which
 * P(Bin(n, 1/2) < k) <= alpha / 2 it is (x(k), x(n + 1 - k)). n = 11 at
 * alpha = 0.05 gives (2, 10), level 0.988. -ERANGE if no k >= 1 will do:
 * at 95 % that is n < 6. 0 < alpha < 1. n up to a million and beyond.
 */
int stats_median_ci(const double *sorted, size_t n, double alpha,
		    struct interval *ci);

/* The k above, counted from 1; 0 if there is none. */
size_t stats_median_rank(size_t n, double alpha);

/* P(Bin(n, 1/2) <= k): the sign test's tail, summed in log space. */
double stats_binomial_half(size_t n, size_t k);

/*
 * How many times `base` is `fresh`: the median of fresh[i] / base[i] over
 * `pairs` neighbours in time (each ABBA round gives two: A1 with B1, A2 with
 * B2), with its order-statistic interval. Computed in logarithms, so that
 * exchanging base and fresh gives exactly the reciprocal. Values must be > 0.
 * `scratch` has room for `pairs` numbers and is overwritten (with the sorted
 * logarithms of the ratios). On -ERANGE *ratio is set all the same and *ci is
 * untouched.
 */
int stats_ratio_ci(const double *base, const double *fresh, size_t pairs,
		   double alpha, double *scratch, double *ratio,
		   struct interval *ci);

/*
 * A tail percentile, 0.5 <= p < 1, with at least 100 samples beyond it:
 * -ERANGE if n < 100 / (1 - p). p99 needs 10,000, p99.9 needs 100,000.
 */
int stats_tail(const double *sorted, size_t n, double p, double *value);

#endif
