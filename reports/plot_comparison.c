/*
 * The comparison at one glance: an operation a line, a mark for each target,
 * in time, since a cycle is not the same on two machines. Only what has a
 * meaning is drawn; what nobody could count the exits of stays hollow.
 */
#include <math.h>
#include <stdlib.h>

#include "reports/compared.h"
#include "reports/number.h"
#include "reports/plot.h"

static void add_name(const struct match *x, struct text *data)
{
	struct text name = { 0 };

	match_name(x, &name);
	canvas_name(data, text_string(&name));
	text_free(&name);
}

static double lane_shift(const struct compared *t, size_t lane)
{
	double step = fmin(0.3, 0.76 / (double)t->lanes);

	return ((double)lane - 1 - ((double)t->lanes - 1) / 2) * step;
}

static void write_data(const struct compared *t, struct text *data)
{
	text_add(data, "# index 0: row, name\n");
	for (size_t r = 0; r < t->n; r++) {
		text_format(data, "%zu\t", r);
		add_name(t->rows[r], data);
		text_add(data, "\n");
	}
	text_add(data, "\n\n# index 1: row, target, height in the row, filled, "
		 "median, low, high (ns), disturbed\n");
	for (size_t r = 0; r < t->n; r++)
		for (size_t i = 0; i < t->c->n; i++) {
			const struct item *it = t->rows[r]->items[i];
			double low, high;

			if (!compared_drawn(t, t->rows[r], i))
				continue;
			low = isnan(it->low) ? it->ns : item_ns(it, it->low);
			high = isnan(it->high) ? it->ns : item_ns(it, it->high);
			text_format(data, "%zu\t%zu\t%.3f\t%d\t%.7g\t%.7g\t%.7g\t%d\n",
				    r, t->lane[i], lane_shift(t, t->lane[i]),
				    meaning_proven(it), it->ns,
				    fmax(low, t->low), high,
				    meaning_tainted(it));
		}
}

static void name_time(double ns, struct text *out)
{
	if (ns >= 1e9)
		text_format(out, "%g s", ns / 1e9);
	else if (ns >= 1e6)
		text_format(out, "%g ms", ns / 1e6);
	else if (ns >= 1e3)
		text_format(out, "%g \u00b5s", ns / 1e3);
	else
		text_format(out, "%g ns", ns);
}

static void write_legend(const struct compared *t, struct legend *l)
{
	for (size_t i = 0; i < t->c->n; i++) {
		const struct side *s = &t->c->sides[i];
		struct shape shape = kind_shape(s->kind, s->twin);

		if (t->lane[i])
			legend_add(l, shape.filled, shape.size * 1.15,
				   s->kind->colour, s->label);
	}
	if (t->hollow)
		legend_add(l, 6, 0.85, COLOUR_REFERENCE, "hollow: not attested");
	if (t->tainted)
		legend_add(l, 2, 0.9, COLOUR_INK, "crossed: disturbed");
}

/* On a phone the upper pixels of a line are its name's. */
enum { NAME_PIXELS = 18 };

static void write_marks(const struct compared *t, const struct canvas *c, int row,
			struct text *script)
{
	double name = c->narrow ? (double)NAME_PIXELS / row : 0;

	for (size_t i = 0; i < t->c->n; i++) {
		const struct side *s = &t->c->sides[i];
		struct shape shape = kind_shape(s->kind, s->twin);

		for (int filled = 0; t->lane[i] && filled < 2; filled++)
			text_format(script, ", \\\n     '' index 1 using ($2==%zu && "
				    "$4==%d ? $5 : NaN):($1+$3*%.3f+%.3f):6:7 with "
				    "xerrorbars pointtype %d pointsize %.2f linewidth 1.5 "
				    "linecolor rgb '#%06x'", t->lane[i], filled,
				    1 - name, name / 2, filled ? shape.filled :
				    shape.hollow, shape.size,
				    colours[s->kind->colour].rgb);
	}
	if (t->tainted)
		text_format(script, ", \\\n     '' index 1 using ($8==1 ? $5 : NaN):"
			    "($1+$3*%.3f+%.3f) with points pointtype 2 pointsize 0.9 "
			    "linewidth 1.2 linecolor rgb '#%06x'", 1 - name, name / 2,
			    colours[COLOUR_INK].rgb);
	text_add(script, "\n");
}

static int names_pixels(const struct compared *t)
{
	struct text name = { 0 };
	int most = 40;

	for (size_t r = 0; r < t->n; r++) {
		int pixels;

		text_clear(&name);
		match_name(t->rows[r], &name);
		pixels = canvas_text_pixels(text_string(&name));
		most = pixels > most ? pixels : most;
	}
	text_free(&name);
	return most + 28;
}

static void write_canvas(const struct compared *t, bool narrow, struct text *script)
{
	struct canvas c = { .suffix = narrow ? "-narrow" : "", .narrow = narrow,
			    .width = narrow ? 340 : 860, .bottom = 52 };
	struct legend l = { .canvas = &c, .y = 12 };
	int marks = (int)t->lanes * (narrow ? 5 : 6) + 8;
	int row = (marks > 18 ? marks : 18) + (narrow ? NAME_PIXELS : 0);

	write_legend(t, &l);
	c.left = narrow ? 12 : names_pixels(t);
	c.right = narrow ? 14 : 30;
	c.top = l.y + 16;
	c.height = c.top + c.bottom + row * (int)t->n;
	canvas_begin(script, &c, t->f->name, t->n);
	l = (struct legend){ .script = script, .canvas = &c, .y = 12 };
	write_legend(t, &l);
	canvas_decades(script, &c, t->low, t->high, name_time);
	text_format(script, "set label '%s' at graph 0.5, screen %.5f center "
		    "textcolor rgb '#%06x'\n", narrow ?
		    "time, median and interval" : "time of one operation, empty "
		    "loop subtracted: median and interval (logarithmic)",
		    12.0 / c.height, colours[COLOUR_INK].rgb);
	canvas_names(script, &c, t->f->name, "low");
	write_marks(t, &c, row, script);
	if (!narrow)
		canvas_png(script, &c, t->f->name);
}

static void write_words(const struct compared *t, size_t groups, struct figure *f)
{
	text_format(&f->alt, "Dot plot of %s times of %s operations on %s targets, "
		    "on a logarithmic axis, cheapest first.",
		    number_count(t->marks).s, number_count(t->n).s,
		    number_count(t->lanes).s);
	if (groups > 1 && t->any)
		text_format(&f->caption, "On the host of %s; targets on hosts that may "
			    "not be compared with it have figures of their own. ",
			    t->any->label);
	text_add(&f->caption, "Time of one operation on each target, cheapest first. "
		    "Bars through the marks are the order-statistic intervals of the "
		    "median, seen where they are wider than the mark; n and the level "
		    "of each stand with its samples. ");
	if (t->hollow)
		text_add(&f->caption, "A hollow mark is not attested: nobody could "
			 "count its exits. ");
	if (t->tainted)
		text_add(&f->caption, "A crossed mark was disturbed: more than a tenth "
			 "of its blocks met a context switch, an interrupt, a "
			 "migration or a fault. ");
	if (t->bare)
		text_format(&f->caption, "%s of the marks have no interval: too few "
			    "instances. ", number_count(t->bare).s);
	if (t->to_edge)
		text_format(&f->caption, "%s of the intervals reach down to zero, and "
			    "run to the left edge. ", number_count(t->to_edge).s);
	if (t->f->family == FAMILY_COUNT)
		text_add(&f->caption, "Drawn are the operations that are asked for "
			 "most; each family\u2019s page has its own. ");
	else if (t->n < t->candidates)
		text_format(&f->caption, "Drawn are %s of the %s operations that have "
			    "no figure of their own and for which two targets or more "
			    "have a time, those of most targets first. ",
			    number_count(t->n).s, number_count(t->candidates).s);
	else
		text_format(&f->caption, "Drawn %s that %s no figure of %s own and for "
			    "which two targets or more have a time. ",
			    t->candidates == 1 ? "is the one operation" :
			    "are all operations", t->candidates == 1 ? "has" : "have",
			    t->candidates == 1 ? "its" : "their");
	text_add(&f->caption, "What has no meaning is not drawn; the table says why.");
}

bool plot_comparison(const struct model *m, struct figure *f,
		     struct text *script, struct text *data)
{
	struct compared t = { .c = m->comparison, .f = f };
	bool any = t.c && compared_choose(&t);

	if (any) {
		compared_measure(&t);
		write_data(&t, data);
		canvas_prologue(script, f->name);
		text_format(script, "low = %.6g\n\n", t.low * 1.000001);
		write_canvas(&t, false, script);
		write_canvas(&t, true, script);
		text_add(script, "set output\n");
		write_words(&t, m->groups, f);
	}
	free(t.rows);
	return any;
}
