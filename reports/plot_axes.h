/*
 * Axes that the plots of memory have in common, both logarithmic.
 */
#ifndef VMGAUGE_REPORTS_PLOT_AXES_H
#define VMGAUGE_REPORTS_PLOT_AXES_H

#include "reports/memory.h"
#include "reports/plot.h"

/* "16 KiB", or "16K" where there is little room. Appends. */
void curve_size(double bytes, bool brief, struct text *out);
/* Across: from least to most bytes, as many named as have room. */
void curve_sizes(struct text *script, const struct canvas *c, double least,
		 double most);
/* Upwards: decades, and 2 and 5 of each where there are few. */
void curve_latencies(struct text *script, double low, double high);

/* What a drawing of memory consists of; `t` is its own state, measured. */
struct memory_drawing {
	void (*data)(const void *t, struct text *data);
	void (*canvas)(const void *t, bool narrow, struct text *script);
	void (*words)(const void *t, struct figure *f);
};

/* All of it, once for a desk and once for a phone. */
void memory_draw(const struct memory_drawing *d, const void *t,
		 struct figure *f, struct text *script, struct text *data);

#endif
