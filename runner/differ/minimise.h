/*
 * Makes a trial that differs smaller: fewer units first, then a plainer state
 * to begin in. What is left differs in the same kind.
 */
#ifndef VMGAUGE_DIFFER_MINIMISE_H
#define VMGAUGE_DIFFER_MINIMISE_H

#include "differ/compare.h"

#define MINIMISE_RUNS	300u		/* at most; each costs a run or a VM */

/* Runs a candidate and compares. 0 or 1, or -errno, which ends all. */
typedef int minimise_try(void *opaque, const struct trial *t,
			 struct difference *d);

/*
 * `t` and `d` are a trial and its difference, and become the smallest that was
 * found. Returns the number of runs, or -errno.
 */
int trial_minimise(struct trial *t, struct difference *d, minimise_try *try,
		   void *opaque);

#endif
