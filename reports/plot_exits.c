/*
 * Exit latencies as a sorted dot plot: position on a logarithmic axis is read
 * more exactly than a bar's length, and has room for the interval. What is not
 * attested stays in the picture, hollow, because leaving it out would flatter.
 */
#include <math.h>

#include "reports/number.h"
#include "reports/plot.h"
#include "reports/reference.h"

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
	struct lane lanes[LANES_MOST];
	size_t lane_count;
	size_t points, hollow, to_zero;
	double low, high;	/* of the axis */
};

static void lane_style(struct lane *l, size_t runs)
{
	static const struct { int filled, hollow; double size; } shapes[] = {
		{ 5, 4, 0.62 }, { 7, 6, 0.72 }, { 13, 12, 0.8 },
		{ 11, 10, 0.75 }, { 9, 8, 0.85 },
	};
	size_t slot = model_slot(l->ring);

	l->filled = shapes[slot].filled;
	l->hollow = shapes[slot].hollow;
	l->size = shapes[slot].size;
	/* One run: the ring has the colour as well. Several: the run has. */
	l->colour = COLOUR_RUN_0 + (runs > 1 ? l->run : l->ring > 0) % COLOUR_RUNS;
}

static void drawing_measure(struct drawing *d, const struct model *m)
{
	bool used[LANES_MOST] = { false };

	*d = (struct drawing){ .m = m, .low = INFINITY };
	for (size_t i = 0; i < reference_count && references[i].mark; i++) {
		d->low = fmin(d->low, references[i].cycles);
		d->high = fmax(d->high, references[i].cycles);
	}
	for (size_t r = 0; r < m->row_count; r++)
		for (size_t k = 0; k < m->n * RING_SLOTS; k++) {
			const struct item *it = m->rows[r].items[k];

			if (!it || k >= LANES_MOST)
				continue;
			used[k] = true;
			d->points++;
			d->hollow += it->attested != KNOWN_YES;
			d->to_zero += it->low <= 0;
			d->low = fmin(d->low, it->median);
			d->high = fmax(d->high, fmax(it->median, it->high));
		}
	d->low /= 1.25;
	d->high *= 1.25;
	for (size_t k = 0; k < LANES_MOST; k++)
		if (used[k]) {
			struct lane *l = &d->lanes[d->lane_count++];

			*l = (struct lane){ .run = k / RING_SLOTS,
					    .ring = (int)(k % RING_SLOTS) - 1 };
			lane_style(l, m->n);
		}
}

static double lane_shift(const struct drawing *d, size_t lane)
{
	double step = fmin(0.3, 0.72 / (double)d->lane_count);

	return ((double)lane - ((double)d->lane_count - 1) / 2) * step;
}

static void write_data(const struct drawing *d, struct text *data)
{
	text_add(data, "# index 0: row, name\n");
	for (size_t r = 0; r < d->m->row_count; r++) {
		text_format(data, "%zu\t", r);
		canvas_name(data, d->m->rows[r].name);
		text_add(data, "\n");
	}
	text_add(data, "\n\n# index 1: row, lane (run and ring), height in the row, "
		 "attested, median, low, high (cycles)\n");
	for (size_t r = 0; r < d->m->row_count; r++)
		for (size_t k = 0; k < d->lane_count; k++) {
			const struct lane *l = &d->lanes[k];
			const struct item *it = d->m->rows[r].items[
				l->run * RING_SLOTS + model_slot(l->ring)];

			if (!it)
				continue;
			text_format(data, "%zu\t%zu\t%.3f\t%d\t%.7g\t%.7g\t%.7g\n", r,
				    k, lane_shift(d, k), it->attested == KNOWN_YES,
				    it->median,
				    isnan(it->low) ? it->median : fmax(it->low, d->low),
				    isnan(it->high) ? it->median : it->high);
		}
}

static void write_axis(const struct drawing *d, const struct canvas *c,
		       struct text *script)
{
	bool wide_span = d->high / d->low > 30;
	int first = (int)floor(log10(d->low)), last = (int)floor(log10(d->high));

	text_format(script, "set logscale x\nset xrange [%.6g:%.6g]\nset xtics (",
		    d->low, d->high);
	for (int power = first; power <= last; power++)
		for (int k = 1; k < 10; k++) {
			bool named = k == 1 || (!wide_span && (k == 2 || k == 5));
			double x = k * pow(10, power);

			text_format(script, "%s'%s' %.6g %d",
				    power == first && k == 1 ? "" : ", ",
				    named ? number_tidy(x).s : "", x, !named);
		}
	text_format(script, ")\nset label '%s' at graph 0.5, screen %.5f center "
		    "textcolor rgb '#%06x'\n",
		    c->narrow ? "cycles, median and interval" :
		    "TSC cycles per operation, empty loop subtracted: median and "
		    "interval (logarithmic)",
		    12.0 / c->height, colours[COLOUR_INK].rgb);
}

/* Would words to the right of the last line leave the canvas? */
static bool words_go_left(const struct drawing *d, const struct canvas *c,
			  const struct reference *last)
{
	double share = log(last->cycles / d->low) / log(d->high / d->low);
	double x = c->left + share * (c->width - c->left - c->right);

	return !c->narrow && x + 200 > c->width;
}

/*
 * The line farthest from the words' side is the highest, so that none crosses
 * another's words.
 */
static void write_references(const struct drawing *d, const struct canvas *c,
			     int top, struct text *script)
{
	size_t marked = 0;
	bool left;

	while (marked < reference_count && references[marked].mark)
		marked++;
	left = marked && words_go_left(d, c, &references[marked - 1]);
	for (size_t i = 0; i < marked; i++) {
		int line = (int)(c->narrow ? i % 2 : left ? marked - 1 - i : i);
		double y = 1 - (top + 7.0 + line * 15) / c->height;

		text_format(script, "set arrow from first %.6g, graph 0 to first "
			    "%.6g, screen %.5f nohead dashtype (6,4) linewidth 1 "
			    "linecolor rgb '#%06x'\n", references[i].cycles,
			    references[i].cycles, y, colours[COLOUR_REFERENCE].rgb);
		text_format(script, "set label '%s%s%s' at first %.6g, screen %.5f "
			    "%s,0 textcolor rgb '#%06x'\n",
			    references[i].mark, c->narrow ? "" : "  ",
			    c->narrow ? "" : references[i].brief,
			    references[i].cycles, y, left ?
			    "right offset character -0.5" :
			    "left offset character 0.5",
			    colours[COLOUR_REFERENCE].rgb);
	}
}

static void write_legend(const struct drawing *d, struct legend *l)
{
	struct text label = { 0 };

	for (size_t k = 0; k < d->lane_count; k++) {
		const struct lane *lane = &d->lanes[k];

		text_clear(&label);
		if (d->m->n > 1)
			text_format(&label, "%s, ", d->m->runs[lane->run].label);
		if (lane->ring < 0)
			text_add(&label, "no ring");
		else
			text_format(&label, "ring %s", model_ring(lane->ring));
		legend_add(l, lane->filled, lane->size * 1.15, lane->colour,
			   text_string(&label));
	}
	if (d->hollow)
		legend_add(l, 6, 0.85, COLOUR_REFERENCE, "hollow: not attested");
	text_free(&label);
}

static int names_pixels(const struct model *m)
{
	int most = 40;

	for (size_t r = 0; r < m->row_count; r++) {
		int pixels = canvas_text_pixels(m->rows[r].name);

		most = pixels > most ? pixels : most;
	}
	return most + 16;
}

static void write_canvas(const struct drawing *d, bool narrow,
			 struct text *script)
{
	struct canvas c = { .suffix = narrow ? "-narrow" : "", .narrow = narrow,
			    .width = narrow ? 340 : 860, .bottom = 52 };
	struct legend l = { .canvas = &c, .y = 12 };
	int lanes = (int)d->lane_count * 6 + 6, top;
	int row = narrow ? 16 + (lanes > 14 ? lanes : 14) : lanes > 18 ? lanes : 18;

	write_legend(d, &l);
	top = l.y + 12;
	c.left = narrow ? 12 : names_pixels(d->m);
	c.right = narrow ? 14 : 30;
	c.top = top + (narrow ? 2 : 4) * 15 + 4;
	c.height = c.top + c.bottom + row * (int)d->m->row_count;
	canvas_begin(script, &c, "exits", d->m->row_count);
	l = (struct legend){ .script = script, .canvas = &c, .y = 12 };
	write_legend(d, &l);
	write_axis(d, &c, script);
	write_references(d, &c, top, script);
	canvas_names(script, &c, "exits", "low");
	for (size_t k = 0; k < d->lane_count; k++)
		for (int attested = 0; attested < 2; attested++)
			text_format(script, ", \\\n     '' index 1 using ($2==%zu && "
				    "$4==%d ? $5 : NaN):($1+$3%s):6:7 with "
				    "xerrorbars pointtype %d pointsize %.2f linewidth 1.5 "
				    "linecolor rgb '#%06x'", k, attested,
				    narrow ? "+0.06" : "", attested ?
				    d->lanes[k].filled : d->lanes[k].hollow,
				    d->lanes[k].size, colours[d->lanes[k].colour].rgb);
	text_add(script, "\n");
	if (!narrow)
		canvas_png(script, &c, "exits");
}

static void write_words(const struct drawing *d, struct figure *f)
{
	const struct row *first = &d->m->rows[0];
	const struct row *last = &d->m->rows[d->m->row_count - 1];

	text_format(&f->alt, "Dot plot of %s latencies of %s operations on a "
		    "logarithmic axis, cheapest first: from %s at %s cycles to %s at "
		    "%s cycles. ", number_count(d->points).s,
		    number_count(d->m->row_count).s, first->name,
		    number(first->least).s, last->name, number(last->least).s);
	if (d->hollow)
		text_format(&f->alt, "%s are hollow: not attested.",
			    number_count(d->hollow).s);
	else
		text_add(&f->alt, "All are attested.");
	text_format(&f->caption, "Price of one operation in TSC cycles, cheapest "
		    "first. A filled mark is attested: KVM counted exactly the exits "
		    "that the bench declares. %s", d->hollow ? "A hollow mark is not "
		    "attested: its name may not be what was paid for. " : "");
	text_add(&f->caption, "Bars through the marks are the intervals over VM "
		 "instances, seen where they are wider than the mark. ");
	if (d->to_zero)
		text_format(&f->caption, "%s of them contain zero, and run to the left "
			    "edge: the price is not told apart from that of the empty "
			    "loop. ", number_count(d->to_zero).s);
	if (d->m->below_axis)
		text_format(&f->caption, "Not drawn, because less than one cycle is "
			    "left after the subtraction: %s (see the table). ",
			    number_count(d->m->below_axis).s);
	text_add(&f->caption, "Dashed lines A to D are published figures from other "
		 "people\u2019s hardware, listed under Reference lines.");
}

bool plot_exits(const struct model *m, struct figure *f, struct text *script,
		struct text *data)
{
	struct drawing d;

	if (!m->row_count)
		return false;
	drawing_measure(&d, m);
	write_data(&d, data);
	canvas_prologue(script, "exits");
	text_format(script, "low = %.6g\n\n", d.low * 1.000001);
	write_canvas(&d, false, script);
	write_canvas(&d, true, script);
	text_add(script, "set output\n");
	write_words(&d, f);
	return true;
}
