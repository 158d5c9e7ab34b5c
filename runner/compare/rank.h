/*
 * How many times BASE is NEW: an estimate, an interval and a probability that
 * hold for any distribution.
 *
 * Two sets of independent values are compared by rank (Wilcoxon, Mann and
 * Whitney). Why not a bootstrap: with 11 VM instances a side and 100 rows the
 * gate asks for tails of 1 in 10,000, and a bootstrap of 11 values has none
 * (nor does it hold its level there with heavy tails or two humps). The law
 * of the ranks is exact for every n, needs no seed, and 11 + 11 instances
 * reach 2.8e-6. The ratio is Hodges and Lehmann's: the median of all m * n
 * ratios NEW[j] / BASE[i], whose interval lies between two order statistics of
 * the same ratios. It covers exactly where NEW is BASE times a factor.
 *
 * A value is one VM instance: blocks inside an instance share its luck and are
 * no independent evidence. A value that is not positive (noise was larger
 * than the cost) ranks below all others instead of being deleted.
 */
#ifndef VMGAUGE_COMPARE_RANK_H
#define VMGAUGE_COMPARE_RANK_H

#include <stddef.h>

#include "measure/stats.h"

/* More values a side are refused: the exact law would become slow. */
#define RANK_MOST	500

/* P(U <= u) for u in 0..m*n/2, if nothing but chance tells m from n. */
struct rank_law {
	size_t m, n;
	double *cdf;
};

/* Laws that were needed so far, and scratch space. {0} at first. */
struct rank_laws {
	struct rank_law *law;
	size_t count;
	double *scratch;
	size_t scratch_count;
};

void rank_laws_free(struct rank_laws *laws);

struct shift {
	double ratio;		/* NEW / BASE; 0 or INFINITY if not positive */
	struct interval ci;	/* of the ratio; [0, INFINITY] if too few */
	double p;		/* two-sided, of no difference */
	double p_least;		/* the smallest p that m and n can give */
	double delta;		/* Cliff's: P(NEW > BASE) - P(NEW < BASE) */
};

/*
 * 0; -EINVAL (no values, too many, a NaN, alpha outside 0..1) or -ENOMEM.
 * `alpha` is that of the interval. Nothing is kept of the arrays.
 */
int shift_estimate(struct rank_laws *laws, const double *base, size_t m,
		   const double *fresh, size_t n, double alpha,
		   struct shift *s);

/* The fewest values a side (n = m) whose smallest p is at most this. */
size_t rank_needed(double p);

#endif
