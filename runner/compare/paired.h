/*
 * How many times BASE is NEW, from rounds in which both were measured side by
 * side: ranks, tested by the lots that were drawn.
 *
 * A round is two slices of BASE and two of NEW; who came first was drawn by
 * lot. Each slice has its rank among the slices of all rounds, and a round's
 * contrast is what the ranks of its NEW exceed those of its BASE by. Without
 * a difference the other lot would have given the same slices with the
 * contrast's sign turned. So the law of the sum of contrasts is that of coin
 * tosses with known stakes, and p is exact: no distribution is assumed, nor
 * that rounds are alike, nor that the host stands still.
 *
 * Why ranks over all rounds, and not the signed ranks of each round's own
 * ratio: neighbours on a shared host slow single slices by 10 to 100 %. A
 * round's ratio is spoilt by any one of four, where a rank is off by one
 * place.
 *
 * The ratio is the one at which the contrasts sum to nothing, if NEW is
 * divided by it; its interval holds those that the same test does not reject.
 */
#ifndef VMGAUGE_COMPARE_PAIRED_H
#define VMGAUGE_COMPARE_PAIRED_H

#include <stddef.h>

#include "compare/rank.h"

#define PAIRED_MOST	120	/* more rounds are refused */

/* Logarithms of what each slice measured. */
struct round {
	double base[2], fresh[2];
};

/* Room to work in. {0} at first. */
struct paired {
	struct slice *slice;
	long *contrast;
	double *law;
};

void paired_free(struct paired *p);

/*
 * Of n rounds: all of *s but `delta`, which is left alone. `alpha` is that of
 * the interval, [0, INFINITY] if n is too few for it. 0; -EINVAL (no rounds,
 * too many, one that is not finite, alpha outside 0..1) or -ENOMEM.
 */
int paired_estimate(struct paired *p, const struct round *r, size_t n,
		    double alpha, struct shift *s);

/* p and p_least alone. */
int paired_test(struct paired *p, const struct round *r, size_t n,
		struct shift *s);

/* The fewest rounds whose smallest p is at most this. */
size_t paired_needed(double p);

#endif
