/*
 * The Universal Scalability Law (N. Gunther): what keeps throughput from
 * growing with the number of CPUs, in two numbers.
 *
 *	X(N) = lambda N / (1 + sigma (N - 1) + kappa N (N - 1))
 *
 * sigma, contention: the share of the work that has to wait in line; kappa,
 * coherence: what each pair of CPUs costs. With kappa above 0 throughput has
 * a peak, at sqrt((1 - sigma) / kappa), and falls beyond it.
 *
 * N / X(N) is linear in 1, N - 1 and N (N - 1), so the fit is a weighted
 * least-squares one that needs no start and finds no wrong minimum: relative
 * errors count, and neither coefficient may be negative.
 *
 * Nothing here allocates or prints.
 */
#ifndef VMGAUGE_MEASURE_USL_H
#define VMGAUGE_MEASURE_USL_H

#include <stddef.h>
#include <stdint.h>

#include "measure/stats.h"

#define USL_POINTS_MIN	4	/* for three unknowns: less is no fit */
#define USL_POINTS_MAX	16
#define USL_RESAMPLES	999

/* A count and its throughputs, one of each VM instance; borrowed. */
struct usl_point {
	double n;		/* ascending, at least 1 */
	const double *x;	/* each above 0 */
	size_t count;
};

struct usl {
	double lambda, sigma, kappa;
	double residual;	/* root mean square, relative */
};

struct usl_interval {
	struct interval sigma, kappa;
};

/*
 * Of medians `x` at `n`. -EINVAL for what is no such series: numbers that
 * are not finite, not above 0, not ascending, more than USL_POINTS_MAX;
 * -ERANGE for fewer points than USL_POINTS_MIN.
 */
int usl_fit(const double *n, const double *x, size_t points, struct usl *fit);

/*
 * The same of the points' medians, and its 95 % percentile interval by
 * bootstrap: instances are drawn anew at each count. -ERANGE also where a
 * point has fewer than 6 instances: *fit is set all the same, *ci is not.
 */
int usl_fit_ci(const struct usl_point *point, size_t points, uint64_t seed,
	       struct usl *fit, struct usl_interval *ci);

/* The throughput that a fit says N has. */
double usl_at(const struct usl *fit, double n);

/* Where throughput is largest; infinite without coherence cost. */
double usl_peak(const struct usl *fit);

#endif
