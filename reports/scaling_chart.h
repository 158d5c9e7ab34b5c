/*
 * Curves of one kind, chosen and measured for a plot.
 */
#ifndef VMGAUGE_REPORTS_SCALING_CHART_H
#define VMGAUGE_REPORTS_SCALING_CHART_H

#include "reports/scaling.h"

enum { SERIES_MOST = 9 };

/* What goes upwards. */
enum upwards { THROUGHPUT, EFFICIENCY, TIME };

struct scaling_chart {
	json_t *all;			/* owned */
	const struct run *run;
	enum scale_kind kind;
	enum upwards upwards;
	const json_t *series[SERIES_MOST];
	size_t n, left_out, fits, intervals;
	double most, cpus;		/* counts */
	double low, high;		/* of what is drawn */
	double least_n, most_n;		/* instances of a point; least > most: unknown */
};

/* A point with its interval, which may be NaN, as may all. */
struct mark {
	double value, low, high;
};

/* What is to be drawn at a point; NaN where it has none. */
struct mark mark_of(const struct scaling_chart *t, const json_t *series,
		    const json_t *point);

/*
 * Fills in the rest of a chart of `kind` and `upwards`: false where there is
 * no line of two points. `all` is released by the caller in any case.
 */
bool scaling_chart_open(struct scaling_chart *t, const struct model *m);

#endif
