/*
 * Order statistics around a quantile; see quantile.h.
 */
#include <errno.h>
#include <math.h>

#include "measure/quantile.h"

/* P(Bin(n, p) = k), in log space: n may be large. */
static double pmf(double n, double k, double p)
{
	return exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) +
		   k * log(p) + (n - k) * log1p(-p));
}

int quantile_ci(const double *sorted, size_t n, double p, double alpha,
		struct interval *ci)
{
	double below = 0, above = 0, mass;
	size_t low = 0, high = n;	/* ranks less one, counted from 0 */

	if (!n || !(p > 0 && p < 1) || !(alpha > 0 && alpha < 1))
		return -EINVAL;
	/* The largest l whose P(Bin < l) is still small enough. */
	while (low < n && below + (mass = pmf((double)n, (double)low, p)) <=
			  alpha / 2) {
		below += mass;
		low++;
	}
	/* The smallest u whose P(Bin >= u) is. */
	while (high > 0 && above + (mass = pmf((double)n, (double)high, p)) <=
			   alpha / 2) {
		above += mass;
		high--;
	}
	if (!low || high >= n)
		return -ERANGE;
	ci->low = sorted[low - 1];
	ci->high = sorted[high];
	ci->level = 1 - below - above;
	return 0;
}
