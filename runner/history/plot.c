/*
 * A history as a picture: a panel a series, with its change points.
 *
 * However many points there are, a panel draws at most DRAWN columns: beyond
 * that each stands for several runs, with the median of their medians and the
 * whole of their range, so that nothing that stood out is lost.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "history/history.h"
#include "history/plot_files.h"
#include "measure/stats.h"

enum { DRAWN = 400, PANELS_MOST = 600, PANEL_PIXELS = 170, WIDTH = 900 };

struct drawing {
	struct text script, data;
	uint64_t seed;
	size_t panels;
};

/* Points [from, to) as one column: place, median, low, high. */
static int column_put(struct text *data, const struct trend *s, size_t from,
		      size_t to)
{
	double value[64], low = INFINITY, high = -INFINITY, median = 0;
	size_t n = 0, step = (to - from + 63) / 64;

	for (size_t i = from; i < to; i++) {
		const struct point *p = &s->point[i];

		/* beyond 64 runs a column, every step-th gives the median */
		if ((i - from) % step == 0)
			value[n++] = p->median;
		low = fmin(low, fmin(p->median, p->low));
		high = fmax(high, fmax(p->median, p->high));
	}
	if (stats_median(value, n, &median))
		return -EINVAL;
	text_format(data, "%.6g %.10g %.10g %.10g\n",
		    (double)(from + to - 1) / 2 + 1, median, low, high);
	return 0;
}

static int columns_put(struct text *data, const struct trend *s)
{
	size_t step = (s->count + DRAWN - 1) / DRAWN;
	int rc = 0;

	for (size_t from = 0; from < s->count && !rc; from += step)
		rc = column_put(data, s, from, from + step < s->count ?
				from + step : s->count);
	text_add(data, "\n\n");
	return rc;
}

static void changes_put(struct text *script, const struct trend *s,
			const struct stretch *stretch, size_t count)
{
	text_add(script, "unset arrow\nunset label\n");
	for (size_t i = 1; i < count; i++) {
		const char *colour = stretch_worse(s, &stretch[i]) ? "#b3261e"
								   : "#1b6e3c";
		double x = (double)stretch[i].from + 0.5;

		text_format(script, "set arrow from %.6g, graph 0 to %.6g, "
			    "graph 1 nohead lc rgb \"%s\" dt 2\n", x, x,
			    colour);
		if (count > 12 || !isfinite(stretch[i].ratio))
			continue;
		text_format(script, "set label \" %+.1f %%\" at %.6g, graph "
			    "0.92 tc rgb \"%s\" font \",9\"\n",
			    100 * (stretch[i].ratio - 1), x, colour);
	}
}

static int panel_put(void *opaque, const struct trend *s, struct error *e)
{
	struct drawing *d = opaque;
	struct stretch *stretch;
	size_t count;

	if (d->panels == PANELS_MOST)
		return error_set(e, -E2BIG, "more than %d series do not fit into "
				 "a picture: choose some by GLOB or --host",
				 PANELS_MOST);
	if (series_cut(s, d->seed, &stretch, &count))
		return error_set(e, -ENOMEM, "out of memory");
	changes_put(&d->script, s, stretch, count);
	free(stretch);
	text_add(&d->script, "set title \"");
	text_plain(&d->script, s->name);
	text_add(&d->script, " (");
	text_plain(&d->script, s->unit);
	text_add(&d->script, "), host ");
	text_plain(&d->script, s->host->fingerprint);
	text_format(&d->script, "\" noenhanced\nset xrange [0:%zu]\n"
		    "plot \"history.dat\" index %zu using 1:3:4 with "
		    "filledcurves lc rgb \"#c6d5ea\" notitle, \"\" index %zu "
		    "using 1:2 with points pt 7 ps 0.3 lc rgb \"#1f4e8c\" "
		    "notitle\n", s->count + 1, d->panels, d->panels);
	d->panels++;
	return columns_put(&d->data, s) ?
	       error_set(e, -EINVAL, "%s: a number that is none", s->name) : 0;
}

/* The script's head needs the number of panels: it is written last. */
static void head_put(struct text *head, size_t panels)
{
	text_format(head, "set encoding utf8\n"
		    "set terminal svg size %d,%zu dynamic font \"sans,11\" "
		    "background \"#ffffff\"\nset output \"history.svg\"\n"
		    "set multiplot layout %zu,1\nset lmargin 12\n"
		    "set rmargin 3\nset tmargin 2\nset bmargin 2\n"
		    "set border 3\nset tics nomirror out\n"
		    "set grid y lc rgb \"#e3e3e3\"\nset format y \"%%.5g\"\n"
		    "set yrange [*:*]\nset offsets 0, 0, graph 0.1, graph 0.1\n",
		    WIDTH, panels * PANEL_PIXELS, panels);
}

int history_plot(struct history *h, const struct selection *want,
		 uint64_t seed, const char *path, size_t *panels,
		 struct error *e)
{
	struct drawing d = { .seed = seed };
	struct text whole = { 0 };
	int rc = history_walk(h, want, panel_put, &d, e);

	if (!rc) {
		head_put(&whole, d.panels);
		text_bytes(&whole, text_string(&d.script), d.script.length);
		text_add(&whole, "unset multiplot\nunset output\n");
	}
	if (!rc && (whole.failed || d.data.failed || d.script.failed))
		rc = error_set(e, -ENOMEM, "out of memory");
	if (!rc)
		rc = plot_draw(&whole, &d.data, path, e);
	*panels = d.panels;
	text_free(&whole);
	text_free(&d.script);
	text_free(&d.data);
	return rc;
}
