/*
 * Reasons of cells without a number, or with a doubtful one: each said once
 * below the table and numbered in the cells.
 */
#ifndef VMGAUGE_REPORTS_MEMORY_NOTES_H
#define VMGAUGE_REPORTS_MEMORY_NOTES_H

#include "reports/comparison.h"
#include "reports/page.h"

enum { NOTES_MOST = 32 };

struct notes {		/* {0} is none */
	struct text text[NOTES_MOST];
	size_t n;
};

/* A cell of such a table. */
struct noted {
	const struct run *run;
	const struct item *item;	/* NULL: there is no result */
	enum meaning meaning;
	double value, low, high;	/* NaN = unknown */
	const struct ratio *ratio;	/* or NULL */
	const char *more;		/* words of its own, or NULL */
};

/* The number with its interval, leading to its samples; or "skipped (2)". */
void notes_cell(struct page *p, struct notes *notes, const struct noted *cell);
/* The list, and an end of the notes. */
void notes_write(struct page *p, struct notes *notes);

#endif
