/*
 * Lines over a count that doubles: requests under way, vCPUs. What is counted
 * runs across, in powers of two; every line has a colour and a shape.
 */
#ifndef VMGAUGE_REPORTS_PLOT_LINES_H
#define VMGAUGE_REPORTS_PLOT_LINES_H

#include "reports/kind.h"
#include "reports/plot.h"

struct lines_plot {
	const char *label;	/* what goes upwards, and what across */
	const struct run *run;	/* marked where it is of software */
	double most;		/* of the count */
	double low, high;	/* of what is drawn; a logarithmic axis, or ... */
	bool linear;
	const char *format;	/* gnuplot's, of the numbers upwards */
	int height;		/* of the drawing alone, on a desk; pixels */
	void (*legend)(const void *t, struct legend *l);
	void (*behind)(const void *t, struct text *script);	/* or NULL */
	void (*lines)(const void *t, const char *name, struct text *script);
};

/* The shape of the n-th kind of line. */
struct shape lines_shape(size_t n);

/* The i-th line where none has a colour or shape given: both, for grey. */
void lines_style(size_t i, size_t *colour, struct shape *shape);

/* One more entry of the legend. */
void lines_legend(struct legend *l, size_t colour, const struct shape *shape,
		  const char *label);

/* The whole script of figure `name`; `t` is the caller's own. */
void lines_draw(const struct lines_plot *p, const void *t, const char *name,
		struct text *script);

#endif
