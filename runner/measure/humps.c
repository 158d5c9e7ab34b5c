/*
 * Two humps or one; see humps.h.
 */
#include <math.h>

#include "measure/humps.h"

#define SHARE_LEAST	0.10
#define VALLEY_MOST	0.05

/* How many values lie in the lower hump. Deviations, lest squares cancel. */
static size_t split_find(const double *sorted, size_t n)
{
	double middle = sorted[n / 2], all = 0, low = 0, best = -1;
	size_t at = 0;

	for (size_t i = 0; i < n; i++)
		all += sorted[i] - middle;
	/* The squares inside are least where those between are most. */
	for (size_t i = 1; i < n; i++) {
		double between, left = (double)i, right = (double)(n - i);

		low += sorted[i - 1] - middle;
		between = low * low / left + (all - low) * (all - low) / right;
		if (between > best) {
			best = between;
			at = i;
		}
	}
	return at;
}

static double median_of(const double *sorted, size_t n)
{
	return sorted[(n - 1) / 2] / 2 + sorted[n / 2] / 2;
}

bool humps_find(const double *sorted, size_t n, struct hump hump[2])
{
	size_t low, valley = 0;
	double from, to;

	if (n < HUMPS_LEAST)
		return false;
	low = split_find(sorted, n);
	hump[0] = (struct hump){ median_of(sorted, low),
				 (double)low / (double)n };
	hump[1] = (struct hump){ median_of(sorted + low, n - low),
				 1 - hump[0].share };
	from = hump[0].value + (hump[1].value - hump[0].value) / 4;
	to = hump[1].value - (hump[1].value - hump[0].value) / 4;
	for (size_t i = 0; i < n; i++)
		valley += sorted[i] >= from && sorted[i] <= to;
	return hump[0].share >= SHARE_LEAST && hump[1].share >= SHARE_LEAST &&
	       hump[1].value > hump[0].value &&
	       (double)valley < VALLEY_MOST * (double)n;
}
