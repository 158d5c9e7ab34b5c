/*
 * How well one number tells two machines apart: the ROC curve and the area
 * under it (AUC), with an interval.
 *
 * AUC is P(X > Y) + P(X = Y) / 2 for a sample X of one side and Y of the
 * other: Mann and Whitney's U over the number of pairs. 0.5 is a coin, 1 (or
 * 0, where X is the smaller) is never wrong. It sees what shifts samples, not
 * what spreads them about the same middle.
 *
 * Samples come in clusters (VMs, processes), inside of which they resemble
 * one another: an interval that took them for independent would be far too
 * narrow. The variance is therefore Obuchowski's extension of DeLong's to
 * clustered data, with Student's t by Satterthwaite's degrees of freedom.
 * Where it is not to be had (all pairs, or all but a cluster's worth, lie the
 * same way) each cluster counts as one sample in Newcombe's method 5.
 *
 * Sources: E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson, Comparing the
 * areas under two or more correlated receiver operating characteristic curves,
 * Biometrics 44 (1988); N. A. Obuchowski, Nonparametric analysis of clustered
 * ROC curve data, Biometrics 53 (1997); R. G. Newcombe, Confidence intervals
 * for an effect size measure based on the Mann-Whitney statistic, part 2,
 * Statistics in Medicine 25 (2006).
 */
#ifndef VMGAUGE_MEASURE_ROC_H
#define VMGAUGE_MEASURE_ROC_H

#include <stdbool.h>
#include <stddef.h>

#include "measure/stats.h"

/* Samples of one machine: count[i] of cluster i, one cluster after another. */
struct roc_side {
	const double *value;
	const unsigned int *count;
	unsigned int clusters;
};

size_t roc_samples(const struct roc_side *s);

/*
 * 0 < level < 1. 0; -ERANGE with fewer than two clusters that have samples on
 * a side; -EINVAL for a NaN or an infinity, or a level outside; -ENOMEM.
 */
int roc_auc(const struct roc_side *x, const struct roc_side *y, double level,
	    double *auc, struct interval *ci);

struct roc_point {
	double false_rate;	/* share of y beyond the threshold */
	double true_rate;	/* share of x */
};

/*
 * The curve from (0, 0) to (1, 1), beyond being above, or below where `less`.
 * At most `max` points (of 8 or more), of which none hides a step of 4 / max.
 * How many, or -ENOMEM.
 */
int roc_curve(const struct roc_side *x, const struct roc_side *y, bool less,
	      struct roc_point *to, unsigned int max);

#endif
