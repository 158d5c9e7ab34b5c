/*
 * The kinds of virtualisation: in which order they stand beside each other,
 * what each is called, and the mark by which it is known in every plot.
 */
#ifndef VMGAUGE_REPORTS_KIND_H
#define VMGAUGE_REPORTS_KIND_H

#include <stdbool.h>
#include <stddef.h>

/* gnuplot's point types of one shape, and its size. */
struct shape {
	int filled, hollow;
	double size;
};

struct kind {
	const char *target;	/* as results name it, or its first part */
	const char *what;	/* in plain words */
	bool process;		/* no guest: nothing exits */
	size_t colour;		/* always the same for it; see svg.h */
	struct shape shape;
};

/* Never NULL: what nobody listed is the last kind. NULL is such a target. */
const struct kind *kind_of(const char *target);
/* The place of a kind from the left. */
size_t kind_rank(const struct kind *k);
/* Another shape, for the n-th target of the same kind; 0 = its own. */
struct shape kind_shape(const struct kind *k, size_t n);

#endif
