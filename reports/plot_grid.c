/*
 * A grid as points over its columns, the value on a logarithmic scale, each
 * with its interval. One source: a colour and a mark to each row. Several: to
 * each source, and of the rows only those that are meant to stand beside.
 */
#include <math.h>

#include "reports/memory_grid.h"
#include "reports/number.h"
#include "reports/plot_axes.h"

enum { SERIES_MOST = 12 };

struct series {
	size_t source, row, colour;
	struct shape shape;
};

struct chart {
	const struct grid *g;
	const char *name;
	struct series series[SERIES_MOST];
	size_t n, hollow, left_out;
	double low, high;
	bool per_second;
};

struct mark {
	double value, low, high;
};

static bool mark_of(const struct chart *t, const struct series *s, size_t c,
		    struct mark *k)
{
	const struct grid_cell *cell = &t->g->cell[s->source][s->row][c];

	if (!memory_valued(cell->meaning) || !(cell->value > 0))
		return false;
	k->value = cell->value;
	k->low = cell->low > 0 ? cell->low : cell->value;
	k->high = cell->high > 0 ? cell->high : cell->value;
	if (t->per_second)
		*k = (struct mark){ 1e9 / k->value, 1e9 / k->high,
				    1e9 / k->low };
	return true;
}

static bool is_proven(const struct chart *t, const struct series *s, size_t c)
{
	return t->g->cell[s->source][s->row][c].meaning == MEANS_NUMBER;
}

static void series_add(struct chart *t, size_t source, size_t row)
{
	static const struct shape by_row[] = {
		{ 7, 6, 0.8 }, { 5, 4, 0.7 }, { 9, 8, 0.9 }, { 11, 10, 0.9 },
	};
	const struct memory_source *from = &t->g->mem->source[source];
	bool alone = t->g->mem->sources == 1;
	struct series s = {
		.source = source, .row = row,
		.colour = alone ? COLOUR_RUN_0 + t->n % COLOUR_RUNS : from->colour,
		.shape = alone ? by_row[t->n % 4] : from->shape,
	};
	struct mark k;
	bool any = false;

	for (size_t c = 0; c < t->g->of->columns; c++)
		any |= mark_of(t, &s, c, &k);
	if (!any)
		return;
	if (t->n == SERIES_MOST)
		t->left_out++;
	else
		t->series[t->n++] = s;
}

static bool chart_measure(struct chart *t)
{
	const struct grid_of *of = t->g->of;
	struct mark k;

	t->per_second = of->per_second && t->g->unit[0] == 'n';
	t->low = INFINITY;
	for (size_t s = 0; s < t->g->mem->sources; s++)
		for (size_t r = 0; r < of->rows; r++)
			if (of->row[r].brief &&
			    (t->g->mem->sources == 1 || of->row[r].beside))
				series_add(t, s, r);
	for (size_t i = 0; i < t->n; i++)
		for (size_t c = 0; c < of->columns; c++) {
			const struct series *s = &t->series[i];

			if (!mark_of(t, s, c, &k))
				continue;
			t->hollow += !is_proven(t, s, c);
			t->low = fmin(t->low, k.low);
			t->high = fmax(t->high, k.high);
		}
	t->low /= 1.6;
	t->high *= 1.6;
	return t->n > 0;
}

/* Marks of the same column stand side by side, but for those of lines. */
static double mark_x(const struct chart *t, size_t i, size_t c)
{
	double x = t->g->of->column[c].x;

	if (t->g->of->joined)
		return x;
	return x + 0.6 * ((double)i + 0.5 - (double)t->n / 2) / (double)t->n;
}

static void write_data(const void *chart, struct text *data)
{
	const struct chart *t = chart;
	struct mark k;

	text_add(data, "# index N: series N: x, value, low, high, attested\n");
	for (size_t i = 0; i < t->n; i++) {
		const struct series *s = &t->series[i];

		text_format(data, "%s# index %zu: %s\nNaN\tNaN\tNaN\tNaN\t0\n",
			    i ? "\n\n" : "", i, t->g->of->row[s->row].brief);
		for (size_t c = 0; c < t->g->of->columns; c++)
			if (mark_of(t, s, c, &k))
				text_format(data, "%.6g\t%.7g\t%.7g\t%.7g\t%d\n",
					    mark_x(t, i, c), k.value, k.low, k.high,
					    is_proven(t, s, c));
	}
}

static bool column_any(const struct chart *t, size_t c)
{
	struct mark k;

	for (size_t i = 0; i < t->n; i++)
		if (mark_of(t, &t->series[i], c, &k))
			return true;
	return false;
}

static void write_columns(const struct chart *t, const struct canvas *c,
			  struct text *script)
{
	const struct grid_of *of = t->g->of;

	text_format(script, "set xrange [%.3f:%.3f]\nset xtics nomirror scale 0 font ',%d' (",
		    of->column[0].x - 0.5, of->column[of->columns - 1].x + 0.5,
		    c->narrow ? 9 : 12);
	for (size_t i = 0; i < of->columns; i++)
		text_format(script, "%s'%s' %.3f", i ? ", " : "", c->narrow ?
			    of->column[i].brief : of->column[i].title,
			    of->column[i].x);
	text_add(script, ")\n");
	for (size_t i = 0; i < of->columns; i++)
		if (!column_any(t, i))
			text_format(script, "set label 'no number' at first %.3f, "
				    "graph 0.06 center font ',%d' textcolor rgb "
				    "'#%06x'\n", of->column[i].x,
				    c->narrow ? 8 : 11,
				    colours[COLOUR_REFERENCE].rgb);
}

static void write_legend(const struct chart *t, struct legend *l)
{
	struct text label = { 0 };

	for (size_t i = 0; i < t->n; i++) {
		const struct series *s = &t->series[i];

		text_clear(&label);
		if (t->g->mem->sources > 1)
			text_format(&label, "%s, ",
				    t->g->mem->source[s->source].label);
		text_add(&label, t->g->of->row[s->row].brief);
		legend_add(l, s->shape.filled, s->shape.size * 1.15, s->colour,
			   text_string(&label));
	}
	if (t->hollow)
		legend_add(l, 6, 0.85, COLOUR_REFERENCE, "hollow: not attested");
	text_free(&label);
}

static void write_series(const struct chart *t, struct text *script)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct series *s = &t->series[i];
		unsigned int rgb = colours[s->colour].rgb;

		text_format(script, "%s", i ? ", \\\n     " : "plot ");
		if (t->g->of->joined)
			text_format(script, "'%s.dat' index %zu using 1:2 with lines "
				    "linewidth 1.5 linecolor rgb '#%06x', \\\n     ",
				    t->name, i, rgb);
		text_format(script, "'%s.dat' index %zu using 1:2:3:4 with yerrorbars "
			    "pointtype 0 linewidth 1.5 linecolor rgb '#%06x'",
			    t->name, i, rgb);
		for (int full = 0; full < 2; full++)
			text_format(script, ", \\\n     '' index %zu using 1:($5==%d ? "
				    "$2 : NaN) with points pointtype %d pointsize "
				    "%.2f linewidth 1.5 linecolor rgb '#%06x'", i,
				    full, full ? s->shape.filled : s->shape.hollow,
				    s->shape.size, rgb);
	}
	text_add(script, "\n");
}

static void write_canvas(const void *chart, bool narrow, struct text *script)
{
	const struct chart *t = chart;
	struct canvas c = { .suffix = narrow ? "-narrow" : "", .narrow = narrow,
			    .width = narrow ? 340 : 860, .bottom = 52,
			    .left = narrow ? 56 : 68, .right = narrow ? 8 : 24 };
	struct legend l = { .canvas = &c, .y = 12 };

	write_legend(t, &l);
	c.top = l.y + 24;
	c.height = c.top + c.bottom + (narrow ? 220 : 280);
	canvas_begin(script, &c, t->name, 1);
	write_columns(t, &c, script);
	curve_latencies(script, t->low, t->high);
	l = (struct legend){ .script = script, .canvas = &c, .y = 12 };
	write_legend(t, &l);
	text_format(script, "set label '%s%s (logarithmic)' at graph 0.5, screen "
		    "%.5f center textcolor rgb '#%06x'\n", t->per_second ?
		    "" : t->g->unit, t->g->of->axis, 12.0 / c.height,
		    colours[COLOUR_INK].rgb);
	write_series(t, script);
	if (!narrow)
		canvas_png(script, &c, t->name);
}

static void write_words(const void *chart, struct figure *f)
{
	const struct chart *t = chart;

	text_format(&f->alt, "%s: %s series of points with their intervals. The "
		    "table has the numbers.", t->g->of->caption,
		    number_count(t->n).s);
	text_format(&f->caption, "%s: medians with their intervals. ",
		    t->g->of->caption);
	if (t->hollow)
		text_add(&f->caption, "A hollow mark is not attested. ");
	if (t->left_out)
		text_add(&f->caption, "More series than can be read together are only "
			 "in the table. ");
}

static const struct memory_drawing drawing = {
	write_data, write_canvas, write_words,
};

bool grid_plot(const struct grid_of *of, const struct model *m,
	       struct figure *f, struct text *script, struct text *data)
{
	struct memory mem;
	struct grid g = { .of = of };
	struct chart t = { .g = &g, .name = f->name };
	bool any = false;

	if (memory_read(&mem, m) || grid_read(&g, of, &mem, m))
		data->failed = true;
	else
		any = chart_measure(&t);
	if (any)
		memory_draw(&drawing, &t, f, script, data);
	grid_free(&g);
	memory_free(&mem);
	return any;
}
