/*
 * A table that fits a terminal: columns as wide as what they hold, the least
 * needed left out where it is narrow, long text wrapped under its own column,
 * and a column of dots with intervals on one axis where there is room.
 *
 * Cells are put from left to right; a row ends with its last cell. Foreign
 * text is made harmless here (reports/text.h), so callers need not.
 */
#ifndef VMGAUGE_GRID_H
#define VMGAUGE_GRID_H

#include <stddef.h>

#include "terminal.h"

struct grid_column {
	const char *head;
	bool right;		/* aligned to the right */
	bool plot;		/* takes grid_dot(); needs glyphs */
	unsigned int leave;	/* 0: stays; others are left out, highest first */
	unsigned int instead;	/* only where column instead - 1 is left out */
};

struct grid_cell {
	char *text;
	enum paint paint;
	double low, mid, high;	/* of a plot; NAN: nothing */
	enum { CELL_TEXT, CELL_PLOT, CELL_REST, CELL_LINE } kind;
};

/* A grid starts in grid_open() and ends in grid_close(). */
struct grid {
	const struct terminal *terminal;
	const struct grid_column *column;
	size_t columns;
	bool centred;		/* the axis has its zero in the middle */
	struct grid_cell *cell;
	size_t cells, capacity;
	bool failed;
};

void grid_open(struct grid *g, const struct terminal *t,
	       const struct grid_column *column, size_t columns);
void grid_put(struct grid *g, enum paint p, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Positions on the axis that all plots of the grid share: logarithms, say. */
void grid_dot(struct grid *g, enum paint p, double low, double mid,
	       double high);
/* The rest of the row in one, wrapped; then it has ended. */
void grid_rest(struct grid *g, enum paint p, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Between rows: a line of its own, indented and wrapped. */
void grid_line(struct grid *g, enum paint p, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Appends all of it, the heading first. 0 or -ENOMEM. */
int grid_print(const struct grid *g, struct text *to);
void grid_close(struct grid *g);

/* Text in lines of at most `width` columns, all but the first indented. */
void text_wrap(struct text *to, const char *s, unsigned int indent,
	       unsigned int width);

#endif
