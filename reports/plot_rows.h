/*
 * A family of operations as a dot plot: what plot_rows.c has found out, for
 * plot_latencies.c to draw and for the words that stand under the picture.
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

enum {
	LANES_MOST = 6,		/* shapes that can be told apart */
	ROWS_MOST = 120,	/* lines that still make a picture */
};

struct drawing {
	const struct model *m;
	const struct run *any;		/* of the group that is drawn */
	const struct row *row[ROWS_MOST];
	size_t n, candidates;		/* rows drawn, and all of them */
	enum family family;
	const char *name;		/* of the figure */
	size_t references;		/* of the lines that stand in it, at most */
	struct lane lanes[LANES_MOST];
	size_t lane_count, lanes_left;
	size_t runs;			/* among the lanes */
	size_t points, hollow, tainted, to_zero;
	size_t plain;			/* without exits to attest */
	double least, most, level;	/* instances; NaN = unlike or unknown */
	double low, high;		/* of the axis */
};

/* What there is of a row in a lane, or NULL. */
const struct item *lane_item(const struct row *row, const struct lane *l);
/* Chooses rows and lanes of the figure's family and group; d->n may be 0. */
void drawing_measure(struct drawing *d, const struct model *m,
		     const struct figure *f);
/* Text alternative and caption. */
void plot_rows_words(const struct drawing *d, struct figure *f);

#endif
