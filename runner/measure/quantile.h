/*
 * The exact interval for a quantile, from the binomial law alone: what
 * stats_median_ci() is for the median.
 */
#ifndef VMGAUGE_MEASURE_QUANTILE_H
#define VMGAUGE_MEASURE_QUANTILE_H

#include <stddef.h>

#include "measure/stats.h"

/*
 * Of ascending values: order statistics l <= u with P(Bin(n, p) < l) <=
 * alpha / 2 and P(Bin(n, p) >= u) <= alpha / 2; `level` is what they cover.
 * -ERANGE when n is too small for either end (p99 at 95 %: under 368), and
 * -EINVAL for no values or a parameter outside (0, 1).
 */
int quantile_ci(const double *sorted, size_t n, double p, double alpha,
		struct interval *ci);

#endif
