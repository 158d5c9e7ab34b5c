/*
 * Distributions, drawn by what is above: at each time, the share of blocks
 * that took at least so long, on a logarithmic axis, so that one block in a
 * hundred is as far from one in ten as that is from all. One band to an
 * operation, one line to a target; where a line ends is its longest block.
 */
#include <math.h>

#include "reports/number.h"
#include "reports/plot.h"
#include "reports/tails.h"

enum { POINTS = 48 };		/* of a line: what the eye can tell */

struct chart {
	struct tails t;
	const struct figure *f;
	const struct run *any;
	double low, high;	/* cycles */
	int decades;		/* of the share */
};

static void chart_measure(struct chart *ch)
{
	ch->low = INFINITY;
	for (size_t b = 0; b < ch->t.bands; b++)
		for (size_t l = 0; l < ch->t.lanes; l++) {
			const struct tail *tail = &ch->t.tail[b][l];

			if (!tail->n)
				continue;
			ch->low = fmin(ch->low, tail->block[0]);
			ch->high = fmax(ch->high, tail->block[tail->n - 1]);
		}
	ch->low /= 1.15;
	ch->high *= 1.15;
	ch->decades = (int)ceil(log10((double)ch->t.most));
	ch->any = ch->t.c->sides[ch->t.side[0]].run;
}

/* Height of a share in its band, downwards; the band is 0.8 high. */
static double share_y(const struct chart *ch, size_t band, double share)
{
	return (double)band - 0.38 - 0.8 * log10(share) / ch->decades;
}

static void write_line(const struct chart *ch, size_t b, size_t l,
		       struct text *data)
{
	const struct tail *tail = &ch->t.tail[b][l];
	size_t last = tail->n;

	/* Evenly over the logarithm of the share: the tail has every block. */
	for (size_t i = 0; i <= POINTS; i++) {
		double above = pow((double)tail->n, 1 - (double)i / POINTS);
		size_t rank = tail->n - (size_t)(above + 0.5);
		double share;

		if (rank >= tail->n)
			rank = tail->n - 1;
		if (rank == last)
			continue;
		last = rank;
		share = (double)(tail->n - rank) / (double)tail->n;
		text_format(data, "%zu\t%zu\t%.7g\t%.6g\t%.4f\n", b, l,
			    tail->block[rank], share, share_y(ch, b, share));
	}
}

static void write_data(const struct chart *ch, struct text *data)
{
	struct text name = { 0 };

	text_add(data, "# index 0: band, operation\n");
	for (size_t b = 0; b < ch->t.bands; b++) {
		text_clear(&name);
		match_name(ch->t.band[b], &name);
		text_format(data, "%zu\t", b);
		canvas_name(data, text_string(&name));
		text_add(data, "\n");
	}
	text_free(&name);
	for (size_t l = 0; l < ch->t.lanes; l++) {
		text_format(data, "\n\n# index %zu: band, line, cycles per operation "
			    "(one block), share of blocks at least so long, height\n",
			    l + 1);
		for (size_t b = 0; b < ch->t.bands; b++) {
			if (ch->t.tail[b][l].n)
				write_line(ch, b, l, data);
			text_add(data, "\n");	/* a line ends here */
		}
	}
}

static void write_legend(const struct chart *ch, struct legend *l)
{
	for (size_t i = 0; i < ch->t.lanes; i++) {
		const struct side *s = &ch->t.c->sides[ch->t.side[i]];
		struct shape shape = kind_shape(s->kind, s->twin);

		legend_add(l, shape.filled, shape.size * 1.15, s->kind->colour,
			   s->label);
	}
}

static void write_shares(const struct chart *ch, const struct canvas *c,
			 struct text *script)
{
	for (size_t b = 0; b < ch->t.bands; b++)
		for (int d = 0; d <= ch->decades; d++) {
			double y = share_y(ch, b, pow(10, -d));

			text_format(script, "set arrow from graph 0, first %.4f to "
				    "graph 1, first %.4f nohead linewidth 1 linecolor "
				    "rgb '#%06x'\n", y, y, colours[COLOUR_GRID].rgb);
			text_format(script, "set label '%s%.0f' at graph 1, first %.4f "
				    "left offset character 0.4,0 font ',%d' textcolor "
				    "rgb '#%06x'\n", d ? "1/" : "", d ? pow(10, d) : 1.0,
				    y, c->narrow ? 9 : 10,
				    colours[COLOUR_REFERENCE].rgb);
		}
}

static int names_pixels(const struct chart *ch)
{
	struct text name = { 0 };
	int most = 40;

	for (size_t b = 0; b < ch->t.bands; b++) {
		int pixels;

		text_clear(&name);
		match_name(ch->t.band[b], &name);
		pixels = canvas_text_pixels(text_string(&name));
		most = pixels > most ? pixels : most;
	}
	text_free(&name);
	return most + 28;
}

static void write_lines(const struct chart *ch, const struct canvas *c,
			struct text *script)
{
	/* On a phone the name stands in the free corner above its band. */
	text_format(script, "plot '%s.dat' index 0 using (low):($1%s):2 with labels "
		    "%s noenhanced textcolor rgb '#%06x'", ch->f->name,
		    c->narrow ? "-0.47" : "", c->narrow ? "left" :
		    "right offset character -1,0", colours[COLOUR_INK].rgb);
	for (size_t l = 0; l < ch->t.lanes; l++) {
		const struct side *s = &ch->t.c->sides[ch->t.side[l]];
		struct shape shape = kind_shape(s->kind, s->twin);

		text_format(script, ", \\\n     '' index %zu using 3:5 with "
			    "linespoints pointtype %d pointsize %.2f pointinterval 6 "
			    "dashtype %zu linewidth 1.6 linecolor rgb '#%06x'", l + 1,
			    shape.filled, shape.size * 0.8, l % 5 + 1,
			    colours[s->kind->colour].rgb);
	}
	text_add(script, "\n");
}

static void write_canvas(const struct chart *ch, bool narrow,
			 struct text *script)
{
	struct canvas c = { .suffix = narrow ? "-narrow" : "", .narrow = narrow,
			    .width = narrow ? 340 : 860, .bottom = 52,
			    .left = narrow ? 12 : names_pixels(ch),
			    .right = narrow ? 44 : 52 };
	struct legend l = { .canvas = &c, .y = 12 };

	write_legend(ch, &l);
	c.top = l.y + 28;
	c.height = c.top + c.bottom + 116 * (int)ch->t.bands;
	canvas_begin(script, &c, ch->f->name, ch->t.bands);
	l = (struct legend){ .script = script, .canvas = &c, .y = 12 };
	write_legend(ch, &l);
	canvas_decades(script, &c, ch->low, ch->high, canvas_cycles);
	text_format(script, "set label '%s' at graph 0.5, screen %.5f center "
		    "textcolor rgb '#%06x'\n", narrow ? "cycles of a block" :
		    "TSC cycles per operation in one block, empty loop not subtracted "
		    "(logarithmic)", 12.0 / c.height, colours[COLOUR_INK].rgb);
	text_format(script, "set label '%s' at screen %.5f, screen %.5f right "
		    "font ',%d' textcolor rgb '#%06x'\n", narrow ?
		    "share of blocks" : "share of blocks at least so long",
		    (c.width - 6.0) / c.width, 1 - (c.top - 12.0) / c.height,
		    narrow ? 9 : 10, colours[COLOUR_REFERENCE].rgb);
	write_shares(ch, &c, script);
	canvas_software(script, &c, ch->any);
	write_lines(ch, &c, script);
	if (!narrow)
		canvas_png(script, &c, ch->f->name);
}

static void write_words(const struct chart *ch, size_t groups,
			struct figure *f)
{
	if (run_is_software(ch->any)) {
		text_add(&f->alt, "Times mean nothing here. ");
		text_add(&f->caption, "Times mean nothing here: the host is emulated "
			 "in software. ");
	}
	text_format(&f->alt, "Distributions of the blocks of %zu operations on %zu "
		    "targets, as the share of blocks that took at least so long, both "
		    "axes logarithmic, from %s to %s cycles. The table below has least, "
		    "median and greatest of each.", ch->t.bands, ch->t.lanes,
		    number(ch->low * 1.15).s, number(ch->high / 1.15).s);
	if (groups > 1)
		text_format(&f->caption, "Of %s and what may be compared with it. ",
			    ch->any->label);
	text_format(&f->caption, "How the blocks are distributed: the share that took at "
		    "least so long, for the %zu operations of this family whose longest "
		    "block is farthest from the median. A block is the mean of a batch "
		    "of operations, so single operations have longer tails. n is up to "
		    "%zu blocks over all VM instances; the last mark of a line is its "
		    "single longest block. A sample has no interval.", ch->t.bands,
		    ch->t.most);
}

bool plot_tails(const struct model *m, struct figure *f, struct text *script,
		struct text *data)
{
	struct chart ch = { .f = f };
	bool any;

	if (tails_read(&ch.t, m, f->family, f->group))
		data->failed = true;
	any = ch.t.bands && ch.t.lanes && ch.t.most;
	if (any) {
		chart_measure(&ch);
		write_data(&ch, data);
		canvas_prologue(script, f->name);
		text_format(script, "low = %.6g\n\n", ch.low * 1.000001);
		write_canvas(&ch, false, script);
		write_canvas(&ch, true, script);
		text_add(script, "set output\n");
		write_words(&ch, m->groups, f);
	}
	tails_free(&ch.t);
	return any;
}
