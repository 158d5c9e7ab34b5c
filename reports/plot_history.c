/*
 * Histories as rows: run after run, each number over the median of the first
 * stretch, with its interval; a line where the distribution changed, and by
 * how much. All rows have one scale, so that changes can be compared.
 */
#include <math.h>

#include "reports/kind.h"
#include "reports/number.h"
#include "reports/plot.h"
#include "reports/trends.h"

enum { ROWS_MOST = 16, RUNS_MOST = 400 };

struct chart {
	const struct trends *all;
	size_t n;		/* rows: those that changed, or the first */
	size_t most;		/* points of a row */
	double range;		/* of a row, to either side of 1 */
};

/* Beyond RUNS_MOST the latest are drawn. */
static size_t first_drawn(const struct trend_series *s)
{
	return s->points > RUNS_MOST ? s->points - RUNS_MOST : 0;
}

static double relative(const struct trend_series *s, double v)
{
	return s->stretch[0].median > 0 ? v / s->stretch[0].median - 1 : NAN;
}

static bool chart_open(struct chart *t)
{
	size_t wanted = t->all->changed ? t->all->changed : t->all->n;

	t->n = wanted < ROWS_MOST ? wanted : ROWS_MOST;
	t->range = 0.02;
	for (size_t r = 0; r < t->n; r++) {
		const struct trend_series *s = &t->all->series[r];
		size_t from = first_drawn(s);

		t->most = s->points - from > t->most ? s->points - from : t->most;
		for (size_t i = from; i < s->points; i++) {
			double v = fabs(relative(s, s->point[i].median));

			if (v > t->range)
				t->range = fmin(v, 2);
		}
	}
	t->range *= 1.1;
	return t->n && t->most > 1;
}

/* Within the row, and its border where it is beyond. */
static double height(const struct chart *t, double v)
{
	return fmax(-1, fmin(1, v / t->range)) * 0.42;
}

static void write_row(const struct chart *t, size_t r, struct text *data)
{
	const struct trend_series *s = &t->all->series[r];
	size_t from = first_drawn(s);

	for (size_t i = from; i < s->points; i++) {
		double v = relative(s, s->point[i].median);
		double low = relative(s, s->point[i].low);
		double high = relative(s, s->point[i].high);

		if (isnan(v))
			continue;
		text_format(data, "%zu\t%zu\t%.4f\t%.4f\t%.4f\t%.7g\n", r,
			    i - from + 1, height(t, v),
			    height(t, isnan(low) ? v : low),
			    height(t, isnan(high) ? v : high), s->point[i].median);
	}
}

static void write_changes(const struct chart *t, size_t r, struct text *data)
{
	const struct trend_series *s = &t->all->series[r];
	size_t from = first_drawn(s);

	for (size_t k = 1; k < s->stretches; k++)
		if (s->stretch[k].from > from)
			text_format(data, "%zu\t%.1f\t%d\t%+.1f %%\t%d\n", r,
				    (double)(s->stretch[k].from - from) + 0.5,
				    s->stretch[k].worse,
				    100 * (s->stretch[k].ratio - 1),
				    s->stretch[k].ratio > 1 ? 1 : -1);
}

static void write_data(const struct chart *t, struct text *data)
{
	text_add(data, "# index 0: row, name\n");
	for (size_t r = 0; r < t->n; r++) {
		text_format(data, "%zu\t", r);
		canvas_name(data, t->all->series[r].name);
		text_add(data, "\n");
	}
	text_add(data, "\n\n# index 1: row, run, height of median, low and high in the "
		 "row, median\n");
	for (size_t r = 0; r < t->n; r++)
		write_row(t, r, data);
	text_add(data, "\n\n# index 2: row, where it changed, worse, by how much, "
		 "where that stands\n"
		 "NaN\tNaN\t0\t\t0\n");
	for (size_t r = 0; r < t->n; r++)
		write_changes(t, r, data);
}

static void write_marks(const struct canvas *c, struct text *script)
{
	double shift = c->narrow ? 0.12 : 0, scale = c->narrow ? 0.8 : 1;

	for (int worse = 0; worse < 2; worse++) {
		size_t colour = worse ? COLOUR_RUN_1 : COLOUR_RUN_2;

		text_format(script, ", \\\n     '' index 2 using ($3==%d ? $2 : NaN):"
			    "($1-0.42*%.2f+%.2f):(0):(0.84*%.2f) with vectors nohead "
			    "linewidth 1.5 dashtype (4,3) linecolor rgb '#%06x', \\\n"
			    "     '' index 2 using ($3==%d ? $2 : NaN):($1+$5*0.33*%.2f+%.2f)"
			    ":4 with labels left offset 0.4,0 font ',11' noenhanced "
			    "textcolor rgb '#%06x'", worse, scale, shift, scale,
			    colours[colour].rgb, worse, scale, shift,
			    colours[colour].rgb);
	}
	text_format(script, ", \\\n     '' index 1 using 2:($1-$3*%.2f+%.2f):"
		    "($1-$4*%.2f+%.2f):($1-$5*%.2f+%.2f) with yerrorbars pointtype 7 "
		    "pointsize 0.4 linewidth 1 linecolor rgb '#%06x'\n", scale, shift,
		    scale, shift, scale, shift, colours[COLOUR_RUN_0].rgb);
}

static void write_canvas(const struct chart *t, const char *name, bool narrow,
			 struct text *script)
{
	struct canvas c = { .suffix = narrow ? "-narrow" : "", .narrow = narrow,
			    .width = narrow ? 340 : 860, .bottom = 52, .top = 14,
			    .left = narrow ? 12 : 40, .right = narrow ? 14 : 30 };

	for (size_t r = 0; !narrow && r < t->n; r++) {
		int pixels = canvas_text_pixels(t->all->series[r].name) + 24;

		c.left = pixels > c.left ? pixels : c.left;
	}
	c.height = c.top + c.bottom + (narrow ? 88 : 70) * (int)t->n;
	canvas_begin(script, &c, name, t->n);
	text_format(script, "set xrange [0:%zu]\nset xtics autofreq\nset grid noxtics\n",
		    t->most + 1);
	for (size_t r = 0; r < t->n; r++)
		text_format(script, "set arrow from 0,%.2f to %zu,%.2f nohead linewidth 1 "
			    "linecolor rgb '#%06x'\n",
			    (double)r + (narrow ? 0.12 : 0), t->most + 1,
			    (double)r + (narrow ? 0.12 : 0), colours[COLOUR_GRID].rgb);
	text_format(script, "set label 'runs, oldest first; the height of a row is %.0f "
		    "%% to either side' at graph 0.5, screen %.5f center textcolor rgb "
		    "'#%06x'\n", 100 * t->range, 12.0 / c.height,
		    colours[COLOUR_INK].rgb);
	canvas_names(script, &c, name, "0");
	write_marks(&c, script);
	if (!narrow)
		canvas_png(script, &c, name);
}

static void write_words(const struct chart *t, struct figure *f)
{
	text_format(&f->alt, "Line of points for each of %s series over up to %s runs: "
		    "%s of %s series changed. The table has the changes.",
		    number_count(t->n).s, number_count(t->most).s,
		    number_count(t->all->changed).s, number_count(t->all->n).s);
	text_format(&f->caption, "Medians with their intervals, run after run, relative "
		    "to the median before the first change; each row spans %.0f\u00a0%% "
		    "to either side. An upright line is a change point (E-divisive at "
		    "1\u00a0%%) with the change it brought. ", 100 * t->range);
	if (t->all->changed > t->n)
		text_format(&f->caption, "Drawn are the %s largest changes of %s. ",
			    number_count(t->n).s, number_count(t->all->changed).s);
	else if (!t->all->changed)
		text_add(&f->caption, "None of the series changed. ");
	else
		text_add(&f->caption, "Series without a change are not drawn. ");
}

bool plot_history(const struct model *m, struct figure *f, struct text *script,
		  struct text *data)
{
	struct chart t = { .all = m->trends };

	if (!t.all || !chart_open(&t))
		return false;
	write_data(&t, data);
	canvas_prologue(script, f->name);
	write_canvas(&t, f->name, false, script);
	write_canvas(&t, f->name, true, script);
	text_add(script, "set output\n");
	write_words(&t, f);
	return true;
}
