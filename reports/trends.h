/*
 * What a store of earlier results says of the hosts of a report: series of
 * numbers, one to a run, cut where their distribution changed.
 */
#ifndef VMGAUGE_REPORTS_TRENDS_H
#define VMGAUGE_REPORTS_TRENDS_H

#include <stdbool.h>
#include <stddef.h>

/* All text is owned, and foreign. */
struct trend_point {
	char *run, *started;		/* may be NULL */
	double median, low, high;	/* NaN = unknown */
};

struct trend_stretch {
	size_t from, to;		/* points [from, to) */
	double median;
	double ratio, p;		/* to the one before; NaN for the first */
	bool worse;
};

struct trend_series {
	char *name, *unit, *host;	/* "exit/cpuid ring=3", a fingerprint */
	struct trend_point *point;	/* by start */
	size_t points;
	struct trend_stretch *stretch;	/* at least one */
	size_t stretches;
};

struct trends {
	struct trend_series *series;	/* those that changed stand first */
	size_t n, changed;
	size_t runs;			/* that the store has of these hosts */
};

/* Appends an empty series; NULL without memory. */
struct trend_series *trends_add(struct trends *t);
/* The series that changed most to the front, each by its last change. */
void trends_sort(struct trends *t);
void trends_free(struct trends *t);

#endif
