/*
 * When a comparison that goes on may be looked at, and what each look costs.
 *
 * Whoever tests after every round and stops at the first p below alpha raises
 * an alarm sooner or later (optional stopping). So the looks are declared
 * before the data, after 1/2, 3/4 and all of the rounds that fit the time,
 * and the family's alpha is spent over them by O'Brien and Fleming's law in
 * the form of Lan and DeMets:
 *
 *	spent(t) = P(|N(0, 1)| > z(alpha / 2) / sqrt(t))
 *
 * O'Brien-Fleming and not Pocock: most comparisons of a gate have no change
 * and run to their end whatever was declared; there it keeps more than 3/4 of
 * alpha for the last look, that finds the smallest change, and stops early
 * for the plain ones alone. Each look tests at its own share, and the shares
 * add up to alpha: that bound needs no joint law of the looks, where Lan and
 * DeMets's larger boundaries assume a Brownian motion that ranks of a dozen
 * rounds are not.
 */
#ifndef VMGAUGE_COMPARE_LOOKS_H
#define VMGAUGE_COMPARE_LOOKS_H

#include <stddef.h>

#define LOOKS	3

struct looks {
	size_t round[LOOKS];	/* after how many; ascending */
	double alpha[LOOKS];	/* each look's share; their sum is alpha */
	size_t taken;		/* looks that are over */
};

/* rounds >= 1. With few of them looks may fall together. */
void looks_declare(struct looks *l, size_t rounds, double alpha);

/*
 * The alpha of the look that is due after so many rounds, 0 if none is. The
 * last one, when time has ended (`last`), has all that is left, wherever it
 * falls. Takes the look.
 */
double look_take(struct looks *l, size_t rounds, int last);

#endif
