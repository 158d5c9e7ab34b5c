/*
 * How much runs of one host differ, learned from few of them.
 *
 * Three runs tell next to nothing about the spread of one bench, but a
 * hundred benches tell what spreads are usual on that host. So each row's
 * variance is moderated by the host's (Smyth 2004, empirical Bayes: a scaled
 * inverse chi-squared prior fitted to the rows' log variances), and what a
 * further run may do follows from Student's t with the degrees of freedom of
 * both together. Assumes that log run medians are about normal.
 */
#ifndef VMGAUGE_COMPARE_SPREAD_H
#define VMGAUGE_COMPARE_SPREAD_H

#include <stddef.h>

/* A standard deviation and the degrees of freedom it rests on; 0: unknown. */
struct spread {
	double sd, df;
};

/*
 * The host's spread from `n` rows; those with df 0 are passed over. df 0 if
 * fewer than three rows can tell, INFINITY if rows do not differ beyond
 * chance.
 */
struct spread spread_prior(const struct spread *rows, size_t n);

/* A row's spread, moderated by the prior. */
struct spread spread_moderate(struct spread row, struct spread prior);

/* The variances of two sources for the same row, pooled. */
struct spread spread_pool(struct spread a, struct spread b);

/* x with P(|T| > x) = p for Student's t; df may be INFINITY. 0 < p < 1. */
double student_two_sided(double p, double df);

#endif
