/*
 * Rows of the memory family that make sense together: a grid, told by a table
 * of what there can be and filled with what a report has.
 *
 * Its columns are what is varied (the kind of a page, a number of pages), its
 * rows what is done. Benches are known by their names: what a document does
 * not have stays a cell that says so. A grid is shown only if it has a number.
 */
#ifndef VMGAUGE_REPORTS_MEMORY_GRID_H
#define VMGAUGE_REPORTS_MEMORY_GRID_H

#include "reports/memory.h"
#include "reports/page.h"
#include "reports/plot.h"

enum { GRID_ROWS = 8, GRID_COLUMNS = 6 };

struct grid_column {
	const char *title, *brief;	/* brief: for a phone, under an axis */
	double x;			/* where on the axis; columns are 1 apart */
	double pages;			/* of 4 KiB that it stands for; 0: none */
};

struct grid_row {
	const char *title, *brief;	/* brief: in the picture; NULL: not there */
	int ring;
	bool beside;		/* drawn where several sources stand, too */
	struct {
		const char *id;		/* below memory/; NULL: makes no sense */
		double divide;		/* the number by this; 0: as it is */
	} cell[GRID_COLUMNS];
};

/* A grid there can be. */
struct grid_of {
	const char *what;		/* of the rows' heads */
	const char *caption, *axis;	/* "a fault": after the unit */
	bool joined;			/* points of a row are a line */
	bool per_second;		/* drawn as how many there are in one */
	size_t columns, rows;
	struct grid_column column[GRID_COLUMNS];
	struct grid_row row[GRID_ROWS];
};

struct grid_cell {
	const struct item *item;	/* NULL: there is no result */
	enum meaning meaning;
	double value, low, high;	/* in the unit of all; NaN = unknown */
};

struct grid {
	const struct grid_of *of;
	const struct memory *mem;	/* sources */
	struct grid_cell (*cell)[GRID_ROWS][GRID_COLUMNS];	/* by source */
	size_t valued, unproven;
	const char *unit;		/* "ns" or "cycles" */
};

/* 0 or -ENOMEM. Needs grid_free() in both cases; `mem` must outlive it. */
int grid_read(struct grid *g, const struct grid_of *of,
	      const struct memory *mem, const struct model *m);
void grid_free(struct grid *g);

/* Is there anything in this row; of several sources, any number of this one? */
bool grid_row_any(const struct grid *g, size_t source, size_t row);

/* The table; below it the reasons of cells without a number. */
void grid_write(struct page *p, const struct grid *g);

/* The picture; f->caption and alt get what is the same for all grids. */
bool grid_plot(const struct grid_of *of, const struct model *m,
	       struct figure *f, struct text *script, struct text *data);

extern const struct grid_of grid_faults, grid_dirty, grid_overcommit;

#endif
