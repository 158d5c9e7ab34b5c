/*
 * The differences between two targets or runs that may be compared: first
 * those that are more than their intervals allow, then the others.
 */
#ifndef VMGAUGE_REPORTS_DIFFERENCE_H
#define VMGAUGE_REPORTS_DIFFERENCE_H

#include "reports/comparison.h"

enum { DIFFERENCES_MOST = 10 };

struct difference {
	const struct match *match;
	size_t side, base;	/* `side` is so many times `base` */
	struct ratio ratio;
};

struct differences {
	struct difference top[DIFFERENCES_MOST];	/* the surest first */
	size_t n;
	size_t compared, more, less, open, unbounded;	/* pairs */
	double level;		/* the least that a pair's bounds hold with */
};

/* Do both bounds lie on the same side of 1? */
bool difference_certain(const struct ratio *r);

/*
 * Each number is held against that of the first side with one, in the order of
 * comparison.h (no virtualisation first), on a host that may be compared. The
 * order is by the bound nearer to 1; an operation is there once.
 */
void differences_read(const struct comparison *c, struct differences *d);

#endif
