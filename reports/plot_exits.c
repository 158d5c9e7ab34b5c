/*
 * Latencies as a sorted dot plot, exits and others apart: position on a logarithmic axis is read
 * more exactly than a bar's length, and has room for the interval. What is not
 * attested stays in the picture, hollow, because leaving it out would flatter.
 */
#include <math.h>

#include "reports/meaning.h"
#include "reports/plot_rows.h"
#include "reports/reference.h"

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

static void drawing_measure(struct drawing *d, const struct model *m,
			    enum family family)
{
	bool used[LANES_MOST] = { false };

	*d = (struct drawing){ .m = m, .rows = &m->of[family],
			       .low = INFINITY, .family = family };
	d->name = family == FAMILY_EXITS ? "exits" : "operations";
	d->references = family == FAMILY_EXITS ? reference_count : 0;
	for (size_t i = 0; i < d->references && references[i].mark; i++) {
		d->low = fmin(d->low, references[i].cycles);
		d->high = fmax(d->high, references[i].cycles);
	}
	for (size_t r = 0; r < d->rows->n; r++)
		for (size_t k = 0; k < m->n * RING_SLOTS; k++) {
			const struct item *it = d->rows->row[r].items[k];

			if (!it || k >= LANES_MOST)
				continue;
			used[k] = true;
			d->points++;
			d->hollow += !meaning_proven(it);
			d->plain += it->attested == KNOWN_NOT &&
				    meaning_proven(it);
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
	for (size_t r = 0; r < d->rows->n; r++) {
		text_format(data, "%zu\t", r);
		canvas_name(data, d->rows->row[r].name);
		text_add(data, "\n");
	}
	text_add(data, "\n\n# index 1: row, lane (run and ring), height in the row, "
		 "filled, median, low, high (cycles)\n");
	for (size_t r = 0; r < d->rows->n; r++)
		for (size_t k = 0; k < d->lane_count; k++) {
			const struct lane *l = &d->lanes[k];
			const struct item *it = d->rows->row[r].items[
				l->run * RING_SLOTS + model_slot(l->ring)];

			if (!it)
				continue;
			text_format(data, "%zu\t%zu\t%.3f\t%d\t%.7g\t%.7g\t%.7g\n", r,
				    k, lane_shift(d, k), meaning_proven(it),
				    it->median,
				    isnan(it->low) ? it->median : fmax(it->low, d->low),
				    isnan(it->high) ? it->median : it->high);
		}
}

static void write_axis(const struct drawing *d, const struct canvas *c,
		       struct text *script)
{
	canvas_decades(script, c, d->low, d->high, canvas_cycles);
	text_format(script, "set label '%s' at graph 0.5, screen %.5f center "
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

	while (marked < d->references && references[marked].mark)
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

static int names_pixels(const struct rows *rows)
{
	int most = 40;

	for (size_t r = 0; r < rows->n; r++) {
		int pixels = canvas_text_pixels(rows->row[r].name);

		most = pixels > most ? pixels : most;
	}
	return most + 28;
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
	c.left = narrow ? 12 : names_pixels(d->rows);
	c.right = narrow ? 14 : 30;
	c.top = top + (!d->references ? 0 : narrow ? 2 : 4) * 15 + 4;
	c.height = c.top + c.bottom + row * (int)d->rows->n;
	canvas_begin(script, &c, d->name, d->rows->n);
	l = (struct legend){ .script = script, .canvas = &c, .y = 12 };
	write_legend(d, &l);
	write_axis(d, &c, script);
	write_references(d, &c, top, script);
	canvas_names(script, &c, d->name, "low");
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
		canvas_png(script, &c, d->name);
}

static bool plot_family(const struct model *m, enum family family,
			struct figure *f, struct text *script, struct text *data)
{
	struct drawing d;

	/* What several targets have in common is drawn as a comparison. */
	if (!m->of[family].n || m->comparison)
		return false;
	drawing_measure(&d, m, family);
	write_data(&d, data);
	canvas_prologue(script, d.name);
	text_format(script, "low = %.6g\n\n", d.low * 1.000001);
	write_canvas(&d, false, script);
	write_canvas(&d, true, script);
	text_add(script, "set output\n");
	plot_rows_words(&d, f);
	return true;
}

bool plot_exits(const struct model *m, struct figure *f, struct text *script,
		struct text *data)
{
	return plot_family(m, FAMILY_EXITS, f, script, data);
}

bool plot_operations(const struct model *m, struct figure *f,
		     struct text *script, struct text *data)
{
	return plot_family(m, FAMILY_OTHER, f, script, data);
}
