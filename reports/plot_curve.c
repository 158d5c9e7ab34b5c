/*
 * Latency over the working set. Targets differ by colour and mark, pages by
 * the line, so that either is read in grey. Knees have a line of their own
 * above the curves: beside them their names would hide each other.
 */
#include <math.h>
#include <stdlib.h>

#include "reports/memory.h"
#include "reports/number.h"
#include "reports/plot_axes.h"

enum { LANE_PIXELS = 17, KNEE_NAME_PIXELS = 54, KNEE_NAME_NARROW_PIXELS = 42 };

struct chart {
	const struct memory *mem;
	double low, high;		/* of the latencies */
	double least, most;		/* of the sizes */
	double least_n, most_n;		/* instances of a point */
	size_t hollow, knees, lanes;
};

static bool is_drawn(const struct curve_point *p)
{
	return memory_valued(p->meaning) && p->value > 0;
}

static bool chart_measure(struct chart *t)
{
	t->low = t->least = t->least_n = INFINITY;
	for (size_t i = 0; i < t->mem->curves; i++) {
		const struct curve *c = &t->mem->curve[i];

		for (size_t k = 0; k < c->n; k++) {
			const struct curve_point *p = &c->point[k];

			if (!is_drawn(p))
				continue;
			t->least_n = fmin(t->least_n, p->item->instances);
			t->most_n = fmax(t->most_n, p->item->instances);
			t->hollow += p->meaning != MEANS_NUMBER;
			t->low = fmin(t->low, p->value);
			t->high = fmax(t->high, p->value);
			t->least = fmin(t->least, p->bytes);
			t->most = fmax(t->most, p->bytes);
		}
		t->knees += c->knee_count;
		t->lanes += c->knee_count > 0;
	}
	if (t->low == INFINITY)
		return false;
	t->low /= 1.4;
	t->high *= 1.4;
	t->least /= 1.3;
	t->most *= 1.3;
	return true;
}

/* One source: pages have colour and mark, too. Several: the source has. */
static void curve_style(const struct memory *mem, const struct curve *c,
			size_t *colour, struct shape *shape)
{
	static const struct shape by_page[MEMORY_PAGES] = {
		{ 7, 6, 0.72 }, { 5, 4, 0.62 }, { 9, 8, 0.85 },
	};
	const struct memory_source *s = &mem->source[c->source];

	*colour = mem->sources > 1 ? s->colour : COLOUR_RUN_0 + c->guest;
	*shape = mem->sources > 1 ? s->shape : by_page[c->guest];
}

static const char *curve_dash(const struct curve *c)
{
	static const char *const dashes[MEMORY_PAGES] = {
		"solid", "(8,4)", "(2,4)",
	};

	return c->guest == c->host ? dashes[c->guest] : "(12,4,2,4)";
}

static void curve_name(const struct memory *mem, const struct curve *c,
		       struct text *out)
{
	text_clear(out);
	if (mem->sources > 1)
		text_format(out, "%s, ", mem->source[c->source].label);
	memory_pages(c, out);
}

static void write_data(const void *chart, struct text *data)
{
	const struct chart *t = chart;

	text_add(data, "# index 0: curve, working set (bytes), latency, "
		 "attested\n");
	for (size_t i = 0; i < t->mem->curves; i++) {
		const struct curve *c = &t->mem->curve[i];

		for (size_t k = 0; k < c->n; k++) {
			const struct curve_point *p = &c->point[k];

			if (is_drawn(p))
				text_format(data, "%zu\t%.10g\t%.7g\t%d\n", i,
					    p->bytes, p->value,
					    p->meaning == MEANS_NUMBER);
		}
	}
	/* A block to each curve: the line does not go from one to the next. */
	for (size_t i = 0; i < t->mem->curves; i++) {
		const struct curve *c = &t->mem->curve[i];

		text_format(data, "\n\n# index %zu: line of curve %zu\nNaN\tNaN\n",
			    i + 1, i);
		for (size_t k = 0; k < c->n; k++)
			if (memory_joined(&c->point[k]))
				text_format(data, "%.10g\t%.7g\n",
					    c->point[k].bytes, c->point[k].value);
	}
}

static double screen_x(const struct chart *t, const struct canvas *c,
		       double bytes)
{
	return c->left + log2(bytes / t->least) / log2(t->most / t->least) *
	       (c->width - c->left - c->right);
}

/* The curve's mark where it bends, and the size that still fits. */
static void write_lane(const struct chart *t, const struct canvas *c,
		       const struct curve *curve, double y, struct text *script)
{
	double free = 0, w = c->width;
	struct shape shape;
	size_t colour;

	curve_style(t->mem, curve, &colour, &shape);
	text_format(script, "set label '");
	memory_pages(curve, script);
	text_format(script, "' at screen %.5f,%.5f right font ',%d' noenhanced "
		    "textcolor rgb '#%06x'\n", (c->left - 6) / w,
		    1 - y / c->height, c->narrow ? 9 : 11,
		    colours[COLOUR_INK].rgb);
	for (size_t k = 0; k < curve->knee_count; k++) {
		double x = screen_x(t, c, curve->knee[k].fits);

		text_format(script, "set label at screen %.5f,%.5f point pointtype %d "
			    "pointsize %.2f linecolor rgb '#%06x'\n", x / w,
			    1 - y / c->height, shape.filled, shape.size,
			    colours[colour].rgb);
		if (x < free)
			continue;
		text_add(script, "set label '");
		curve_size(curve->knee[k].fits, c->narrow, script);
		text_format(script, "' at screen %.5f,%.5f left font ',%d' noenhanced "
			    "textcolor rgb '#%06x'\n", (x + 6) / w,
			    1 - y / c->height, c->narrow ? 9 : 11,
			    colours[COLOUR_INK].rgb);
		free = x + (c->narrow ? KNEE_NAME_NARROW_PIXELS :
			    KNEE_NAME_PIXELS);
	}
}

/* From its lane down to the curve, so that the eye need not measure. */
static void write_drops(const struct canvas *c, const struct curve *curve,
			double y, struct text *script)
{
	for (size_t k = 0; k < curve->knee_count; k++) {
		const struct knee *knee = &curve->knee[k];

		text_format(script, "set arrow from first %.10g, screen %.5f to first "
			    "%.10g, first %.7g nohead dashtype (2,4) linewidth 0.75 "
			    "linecolor rgb '#%06x'\n", knee->fits,
			    1 - (y + 5) / c->height, knee->fits,
			    curve->point[knee->at].value,
			    colours[COLOUR_AXIS].rgb);
	}
}

static void write_legend(const struct chart *t, struct legend *l)
{
	struct text label = { 0 };

	for (size_t i = 0; i < t->mem->curves; i++) {
		struct shape shape;
		size_t colour;

		if (!t->mem->curve[i].valued)
			continue;
		curve_style(t->mem, &t->mem->curve[i], &colour, &shape);
		curve_name(t->mem, &t->mem->curve[i], &label);
		text_add(&label, t->mem->curve[i].host == MEMORY_4K ?
			 " (thin)" : " (thick)");
		legend_add(l, shape.filled, shape.size * 1.15, colour,
			   text_string(&label));
	}
	if (t->hollow)
		legend_add(l, 6, 0.85, COLOUR_REFERENCE, "hollow: not attested");
	text_free(&label);
}

static void write_lines(const struct chart *t, struct text *script)
{
	const char *before = "plot 'curve.dat'";

	for (size_t i = 0; i < t->mem->curves; i++) {
		struct shape shape;
		size_t colour;

		curve_style(t->mem, &t->mem->curve[i], &colour, &shape);
		/* Thick, too: a PNG has no dashes. */
		text_format(script, "%s index %zu using 1:2 with lines linewidth %s "
			    "dashtype %s linecolor rgb '#%06x'", before, i + 1,
			    t->mem->curve[i].host == MEMORY_4K ? "1.2" : "2.6",
			    curve_dash(&t->mem->curve[i]), colours[colour].rgb);
		before = ", \\\n     ''";
		for (int full = 0; full < 2; full++)
			text_format(script, "%s index 0 using ($1==%zu && $4==%d ? $2 "
				    ": NaN):3 with points pointtype %d pointsize %.2f "
				    "linewidth 1.5 linecolor rgb '#%06x'", before, i,
				    full, full ? shape.filled : shape.hollow,
				    shape.size, colours[colour].rgb);
	}
	text_add(script, "\n");
}

static void write_canvas(const void *chart, bool narrow, struct text *script)
{
	const struct chart *t = chart;
	struct canvas c = { .suffix = narrow ? "-narrow" : "", .narrow = narrow,
			    .width = narrow ? 340 : 860, .bottom = 52,
			    .left = narrow ? 44 : 68, .right = narrow ? 12 : 34 };
	struct legend l = { .canvas = &c, .y = 12 };
	double lane;

	write_legend(t, &l);
	c.top = l.y + 24 + LANE_PIXELS * (int)t->lanes + (t->lanes ? 18 : 0);
	c.height = c.top + c.bottom + (narrow ? 240 : 340);
	canvas_begin(script, &c, "curve", 1);
	curve_sizes(script, &c, t->least, t->most);
	curve_latencies(script, t->low, t->high);
	lane = l.y + 28;
	l = (struct legend){ .script = script, .canvas = &c, .y = 12 };
	write_legend(t, &l);
	if (t->lanes)
		text_format(script, "set label 'knees: the last size before a rise' "
			    "at screen %.5f,%.5f left font ',%d' textcolor rgb "
			    "'#%06x'\n", (double)c.left / c.width,
			    1 - lane / c.height, narrow ? 9 : 11,
			    colours[COLOUR_REFERENCE].rgb);
	for (size_t i = 0; i < t->mem->curves; i++)
		if (t->mem->curve[i].knee_count) {
			lane += LANE_PIXELS;
			write_lane(t, &c, &t->mem->curve[i], lane, script);
			write_drops(&c, &t->mem->curve[i], lane, script);
		}
	text_format(script, "set label '%s, by working set (both logarithmic)' at graph "
		    "0.5, screen %.5f center textcolor rgb '#%06x'\n",
		    t->mem->curve_unit[0] == 'n' ? "ns for a load" :
		    "cycles for a load", 12.0 / c.height,
		    colours[COLOUR_INK].rgb);
	write_lines(t, script);
	if (!narrow)
		canvas_png(script, &c, "curve");
}

static void write_words(const void *chart, struct figure *f)
{
	const struct chart *t = chart;

	text_format(&f->alt, "Line plot of the latency of a load over the working set, "
		    "both logarithmic: %s curves with %s knees. The table has the "
		    "numbers.", number_count(t->mem->curves).s,
		    number_count(t->knees).s);
	text_format(&f->caption, "Median %s of a dependent load at ring 3 over the size "
		    "that is walked at random, one line to each size of page.",
		    t->mem->curve_unit);
	if (canvas_instances(t->least_n, t->most_n, &f->caption))
		text_add(&f->caption, "; its interval stands with its samples, to which "
			 "the table leads.");
	text_add(&f->caption, " ");
	if (t->knees)
		text_add(&f->caption, "The marks above are the knees of each curve: the "
			 "last size that a level of TLB or cache holds. ");
	if (t->hollow)
		text_add(&f->caption, "A hollow mark is not attested; one whose exits "
			 "were others than declared is not joined to the line. ");
}

static const struct memory_drawing drawing = {
	write_data, write_canvas, write_words,
};

bool plot_curve(const struct model *m, struct figure *f, struct text *script,
		struct text *data)
{
	struct memory mem;
	struct chart t = { .mem = &mem };
	bool any;

	if (memory_read(&mem, m))
		data->failed = true;
	any = mem.curves && chart_measure(&t);
	if (any)
		memory_draw(&drawing, &t, f, script, data);
	memory_free(&mem);
	return any;
}
