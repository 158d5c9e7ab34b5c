/*
 * How many samples an attacker needs who wants to be right.
 *
 * He has calibrated on machines of his own: a threshold, the one of Youden's
 * largest J = true rate - false rate. On the machine in question he takes n
 * samples, counts those beyond the threshold, and says "VM" from c of them
 * on. With a false rate p0 and a true rate p1 of a single sample, n is the
 * smallest for which some c gives
 *
 *	P(Bin(n, p0) >= c) <= error  and  P(Bin(n, p1) < c) <= error
 *
 * (the classical test of two simple hypotheses: by Neyman and Pearson's lemma
 * the best there is for samples cut at a threshold). Exact up to ATTACK_EXACT;
 * beyond that the usual normal approximation, with q = 1 - p and z the normal
 * quantile of 1 - error:
 *
 *	n = ((z sqrt(p0 q0) + z sqrt(p1 q1)) / (p1 - p0))^2
 *
 * Thresholds are fitted on one half of the clusters and judged on the other,
 * both ways, so that p0 and p1 are not those of the samples that chose them;
 * k of n gives the rate (k + 1/2) / (n + 1), which is never 0 or 1.
 *
 * The binomial law takes an attacker's samples for independent. Those of one
 * VM are not quite, so the attack is also carried out, on all runs of n
 * samples in a row that the clusters have: `right` of `decisions`.
 *
 * Sources: J. Neyman, E. S. Pearson, On the problem of the most efficient
 * tests of statistical hypotheses, Phil. Trans. A 231 (1933); W. J. Youden,
 * Index for rating diagnostic tests, Cancer 3 (1950); J. L. Fleiss,
 * Statistical methods for rates and proportions (sample sizes).
 */
#ifndef VMGAUGE_MEASURE_ATTACK_H
#define VMGAUGE_MEASURE_ATTACK_H

#include "measure/roc.h"

#define ATTACK_EXACT	400ul
#define ATTACK_MOST	1000000000ul	/* more is never */

struct attack {
	double threshold[2];	/* of either half; between two samples */
	double true_rate, false_rate;
	unsigned long samples;	/* 0: no number of them does */
	unsigned long from;	/* c; 0 beyond ATTACK_EXACT */
	unsigned int decisions, right;
};

/*
 * `less`: the target's samples are the smaller ones. 0 < error < 0.5. 0;
 * -ERANGE with fewer than two clusters a side; -EINVAL; -ENOMEM.
 */
int attack_plan(const struct roc_side *target, const struct roc_side *native,
		bool less, double error, struct attack *a);

/* n, and c in *from, for a single sample's rates; 0: none. */
unsigned long attack_samples(double true_rate, double false_rate, double error,
			     unsigned long *from);

#endif
