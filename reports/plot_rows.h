/*
 * A family of operations as a dot plot: what plot_exits.c has found out, for
 * the words that stand under the picture.
 */
#ifndef VMGAUGE_REPORTS_PLOT_ROWS_H
#define VMGAUGE_REPORTS_PLOT_ROWS_H

#include "reports/plot.h"

/* One run at one ring: a colour, a shape, a height within the row. */
struct lane {
	size_t run;
	int ring;
	size_t colour;
	int filled, hollow;	/* gnuplot's point types */
	double size;
};

enum { LANES_MOST = 64 };

struct drawing {
	const struct model *m;
	const struct rows *rows;
	enum family family;
	const char *name;	/* of the figure */
	size_t references;	/* of the lines that stand in it, at most */
	struct lane lanes[LANES_MOST];
	size_t lane_count;
	size_t points, hollow, to_zero;
	size_t plain;		/* without exits to attest */
	double low, high;	/* of the axis */
};

/* Text alternative and caption. */
void plot_rows_words(const struct drawing *d, struct figure *f);

#endif
