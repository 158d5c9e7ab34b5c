/*
 * The slope of a series over time, and how sure that is.
 *
 * Theil and Sen: the median of the slopes of all pairs of points, with Sen's
 * interval from the distribution of Kendall's S. No distribution of the noise
 * is assumed, and up to 29 % of the points may be anything. What it does
 * assume is that the noise of neighbours is independent: memory that moves in
 * steps makes the interval too narrow, never the slope wrong, so a slope is
 * held against what it adds up to as well.
 * Source: P. K. Sen, Estimates of the regression coefficient based on
 * Kendall's tau, JASA 63 (1968).
 */
#ifndef VMGAUGE_SOAK_SLOPE_H
#define VMGAUGE_SOAK_SLOPE_H

#include <stddef.h>

#include "measure/stats.h"

struct slope_point {
	double at, value;
	unsigned int part;	/* only points of one part are compared */
};

/*
 * Per unit of `at`. 0; -ERANGE with fewer than SLOPE_LEAST points in the
 * longest part; -EINVAL for a NaN; -ENOMEM.
 */
#define SLOPE_LEAST	8

int slope_estimate(const struct slope_point *p, size_t n, double level,
		   double *slope, struct interval *ci);

#endif
