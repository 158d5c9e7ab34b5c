/*
 * What a figure of several targets is drawn from: rows of a comparison that
 * two targets or more have a time for.
 */
#ifndef VMGAUGE_REPORTS_COMPARED_H
#define VMGAUGE_REPORTS_COMPARED_H

#include "reports/comparison.h"
#include "reports/page.h"

struct compared {
	const struct comparison *c;
	const struct figure *f;		/* which group, which family */
	const struct run *any;		/* of the group */
	const struct match **rows;
	size_t n, candidates, marks, hollow, tainted, bare, to_edge;
	size_t lane[SIDES_MOST], lanes;	/* lane 0: nothing is drawn of it */
	double low, high;		/* of the axis, ns */
};

/* Has that side a mark in the row? */
bool compared_drawn(const struct compared *t, const struct match *x, size_t side);
/* Fills `rows`, which the caller frees: false if there is none. */
bool compared_choose(struct compared *t);
/* The marks of those rows, which lanes they have, and the axis. */
void compared_measure(struct compared *t);

#endif
