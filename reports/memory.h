/*
 * What the report knows of memory: the walk matrix and the curves over the
 * working set, each by the source it comes from.
 *
 * A source is a side of the comparison where several targets are compared,
 * and else a run. Rows are known by their parameters and never by free text:
 * what names no known page size or has no working set is none of them and
 * stands in the other tables alone. Ring 3 only: it is where every target can
 * be measured, and translation does not know the ring.
 */
#ifndef VMGAUGE_REPORTS_MEMORY_H
#define VMGAUGE_REPORTS_MEMORY_H

#include "measure/knees.h"
#include "reports/comparison.h"

enum pages { MEMORY_4K, MEMORY_2M, MEMORY_1G, MEMORY_PAGES };

/* Pages of the host; of 2 MiB there are two ways to have them. */
enum { WALK_4K, WALK_2M_THP, WALK_2M_HUGETLB, WALK_1G, WALK_COLUMNS };

struct memory_source {
	const struct run *run;
	const char *label;
	size_t side;			/* of the comparison, or NO_SIDE */
	size_t colour;
	struct shape shape;
	bool process;			/* no guest: one level of pages */
};

struct walk_cell {
	const struct item *item;	/* NULL: there is no result */
	enum meaning meaning;
	double value, low, high;	/* in the unit of all; NaN = unknown */
	double refs;			/* at most, of one walk; NaN = unknown */
	struct ratio ratio;		/* to a process on the same host pages */
};

struct walk {
	size_t source;
	struct walk_cell cell[MEMORY_PAGES][WALK_COLUMNS];
};

struct curve_point {
	const struct item *item;
	enum meaning meaning;
	double bytes;
	double value, low, high;	/* as in struct walk_cell */
};

enum { CURVE_KNEES_MOST = 8, CURVES_MOST = 16 };

struct curve {
	size_t source;
	enum pages guest, host;
	struct curve_point point[KNEES_POINTS_MAX];	/* by bytes, ascending */
	size_t n;
	size_t valued;			/* points with a number to be shown */
	struct knee knee[CURVE_KNEES_MOST];
	size_t knee_count;
};

struct memory {
	struct memory_source *source;
	size_t sources;
	struct walk *walk;		/* sources that have any such row */
	size_t walks;
	size_t cells_valued;
	struct curve *curve;		/* by source, then by pages */
	size_t curves;
	size_t left_out;		/* curves beyond CURVES_MOST */
	const char *walk_unit, *curve_unit;	/* "ns" or "cycles" */
};

/* 0 or -ENOMEM. Needs memory_free() in both cases. */
int memory_read(struct memory *mem, const struct model *m);
void memory_free(struct memory *mem);

/* Is there a number that may be shown, if need be marked? */
bool memory_valued(enum meaning m);
/* May it be joined to its neighbours: were its exits not refuted? */
bool memory_joined(const struct curve_point *p);
/* "4 KiB" */
const char *memory_page(enum pages p);
/* "4 KiB", or "4 KiB on 2 MiB" where guest and host differ. Appends. */
void memory_pages(const struct curve *c, struct text *out);
/* "2 MiB (THP)" */
const char *memory_column(size_t column);

#endif
