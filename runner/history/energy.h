/*
 * Change points of a series of numbers: where its distribution changed.
 *
 * E-divisive (Matteson and James 2014) with the energy distance at exponent 1:
 * nothing is assumed of the distribution but a finite mean, and a change of
 * spread or shape counts as much as a change of level. Whether a split is
 * more than chance is asked of random permutations of the same values, drawn
 * from the seed: the same series and seed give the same change points.
 *
 * Three things differ from the paper, each because of what runs of a
 * benchmark look like:
 *	windows		a short episode in a long quiet series does not show in
 *			the whole; where the whole has no split, overlapping
 *			windows are asked, at a level divided by their number;
 *	refinement	what was found before its neighbours were known is
 *			placed once more between them, and dropped if it is no
 *			longer more than chance;
 *	speed		the statistic of all splits takes O(n log n), by sums
 *			over ranks, instead of a matrix of n * n distances.
 */
#ifndef VMGAUGE_HISTORY_ENERGY_H
#define VMGAUGE_HISTORY_ENERGY_H

#include <stddef.h>
#include <stdint.h>

#define ENERGY_ALPHA		0.01	/* of each split that is tested */
#define ENERGY_SEGMENT_LEAST	3	/* values on each side of a split */

struct split {
	size_t at;		/* the first value after the change */
	double p;		/* of a split as good by chance */
};

/*
 * Finds the splits of value[0..n-1], ascending; free(*split). 0, -EINVAL (a
 * NaN or an infinity) or -ENOMEM.
 */
int energy_splits(const double *value, size_t n, double alpha, uint64_t seed,
		  struct split **split, size_t *count);

/*
 * The best split of a whole series and its statistic (0 and 0 if it has
 * fewer than two segments' worth of values or all are equal). For tests.
 */
int energy_best(const double *value, size_t n, size_t *at, double *statistic);

#endif
