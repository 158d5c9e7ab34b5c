/*
 * Where the cycles of an exit to user space go, as stacked bars. The bars lie
 * on their side, since their names are words; a diamond marks the round trip
 * as measured whole, so that parts which do not add up are seen at once.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/decomposition.h"
#include "reports/number.h"
#include "reports/plot.h"

const struct part decomposition_parts[DECOMPOSITION_PARTS] = {
	{ "guest_to_kernel", "guest to kernel" },
	{ "kernel_to_user", "kernel to user space" },
	{ "user", "the VMM itself" },
	{ "user_to_kernel", "user space to kernel" },
	{ "kernel_to_guest", "kernel to guest" },
};

bool decomposition_read(const struct item *it, struct decomposition *d)
{
	const json_t *j = field_at(it->json, "decomposition");

	if (!json_is_object(j))
		return false;
	*d = (struct decomposition){
		.item = it,
		.out = field_double(field_at(j, "parts"), "guest_to_user"),
		.back = field_double(field_at(j, "parts"), "user_to_guest"),
		.sum = field_double(j, "sum"),
		.whole = field_double(j, "whole"),
		.ratio = field_double(j, "ratio"),
		.ops = field_double(j, "ops"),
		.adds_up = field_known(j, "adds_up"),
		.method = field_text(j, "method"),
		.note = field_text(j, "note"),
		.complete = true,
	};
	for (size_t i = 0; i < DECOMPOSITION_PARTS; i++) {
		d->parts[i] = field_double(field_at(j, "parts"),
					   decomposition_parts[i].key);
		d->complete &= !isnan(d->parts[i]);
	}
	return true;
}

static size_t complete_of(const struct run *run)
{
	struct decomposition d;
	size_t n = 0;

	for (size_t i = 0; i < run->n; i++)
		n += decomposition_read(&run->items[i], &d) && d.complete;
	return n;
}

/* Of one kind of host, since others may not be compared; no time of software,
   if there is another. */
static size_t group_choose(const struct model *m)
{
	size_t any = m->n;

	for (size_t r = 0; r < m->n; r++) {
		if (!complete_of(&m->runs[r]))
			continue;
		if (!run_is_software(&m->runs[r]))
			return m->runs[r].group;
		any = any < m->n ? any : r;
	}
	return any < m->n ? m->runs[any].group : m->groups;
}

/* The complete ones, cheapest first in each run; all of them are counted. */
static size_t collect(const struct model *m, struct decomposition *all,
		      size_t most, size_t *complete)
{
	size_t n = 0, group = group_choose(m);

	*complete = 0;
	for (size_t r = 0; r < m->n; r++) {
		*complete += complete_of(&m->runs[r]);
		for (size_t i = 0; i < m->runs[r].n && n < most; i++) {
			if (m->runs[r].group != group ||
			    !decomposition_read(&m->runs[r].items[i], &all[n]) ||
			    !all[n].complete)
				continue;
			all[n++].run = r;
		}
	}
	return n;
}

/* All of one run need not say which: the caption does. */
static bool of_many(const struct decomposition *all, size_t n)
{
	for (size_t r = 1; r < n; r++)
		if (all[r].run != all[0].run)
			return true;
	return false;
}

static void bar_label(bool many, const struct decomposition *d, struct text *out)
{
	text_clear(out);
	text_add(out, d->item->name);
	if (d->item->ring >= 0)
		text_format(out, ", ring %s", model_ring(d->item->ring));
	if (many)
		text_format(out, " (run %zu)", d->run + 1);
}

static void write_data(const struct decomposition *all, size_t n,
		       struct text *data)
{
	struct text label = { 0 };

	text_add(data, "# row, name, median cycles of: ");
	for (size_t i = 0; i < DECOMPOSITION_PARTS; i++)
		text_format(data, "%s, ", decomposition_parts[i].key);
	text_add(data, "and the whole round trip\n");
	for (size_t r = 0; r < n; r++) {
		bar_label(of_many(all, n), &all[r], &label);
		text_format(data, "%zu\t", r);
		canvas_name(data, text_string(&label));
		for (size_t i = 0; i < DECOMPOSITION_PARTS; i++)
			text_format(data, "\t%.7g", fmax(all[r].parts[i], 0));
		if (isnan(all[r].whole))
			text_add(data, "\tNaN\n");
		else
			text_format(data, "\t%.7g\n", all[r].whole);
	}
	text_free(&label);
}

static void write_legend(struct legend *l)
{
	for (size_t i = 0; i < DECOMPOSITION_PARTS; i++)
		legend_add(l, 5, 1.1, COLOUR_PART_0 + i,
			   decomposition_parts[i].title);
	legend_add(l, 12, 1.2, COLOUR_INK, "measured whole");
}

static double nice_step(double most, int tics)
{
	double step = pow(10, floor(log10(most / tics)));

	while (most / step > tics)
		step *= most / (step * 2) <= tics ? 2 :
			most / (step * 5) <= tics ? 5 : 10;
	return step;
}

static void write_axis(const struct canvas *c, double most, struct text *script)
{
	double step = nice_step(most, c->narrow ? 4 : 8);
	int tics = (int)(most * 1.04 / step);

	text_format(script, "set xrange [0:%.6g]\nset xtics (", most * 1.04);
	for (int i = 0; i <= tics; i++)
		text_format(script, "%s'%s' %.6g", i ? ", " : "",
			    number(i * step).s, i * step);
	text_format(script, ")\nset label '%s' at graph 0.5, screen %.5f center "
		    "textcolor rgb '#%06x'\n", c->narrow ? "cycles, median" :
		    "TSC cycles per round trip, median of each part",
		    12.0 / c->height, colours[COLOUR_INK].rgb);
}

static void write_bars(const struct canvas *c, struct text *script)
{
	double half = c->narrow ? 0.2 : 0.32, down = c->narrow ? 0.12 : 0;

	canvas_names(script, c, "decomposition", "0");
	for (size_t i = 0; i < DECOMPOSITION_PARTS; i++) {
		struct text before = { 0 };

		text_add(&before, "0");
		for (size_t k = 0; k < i; k++)
			text_format(&before, "+$%zu", k + 3);
		text_format(script, ", \\\n     '' using (%s):($1%+g):(%s):(%s+$%zu):"
			    "($1%+g):($1%+g) with boxxyerror fillstyle solid 1 "
			    "noborder linecolor rgb '#%06x'", text_string(&before),
			    down, text_string(&before), text_string(&before), i + 3,
			    down - half, down + half,
			    colours[COLOUR_PART_0 + i].rgb);
		text_free(&before);
	}
	/* Filled with paper first, to be seen on any bar. */
	text_format(script, ", \\\n     '' using %d:($1%+g) with points pointtype 13 "
		    "pointsize 1.1 linecolor rgb '#%06x'", DECOMPOSITION_PARTS + 3,
		    down, colours[COLOUR_PAPER].rgb);
	text_format(script, ", \\\n     '' using %d:($1%+g) with points pointtype 12 "
		    "pointsize 1.1 linewidth 1.5 linecolor rgb '#%06x'\n",
		    DECOMPOSITION_PARTS + 3, down, colours[COLOUR_INK].rgb);
}

static void write_canvas(const struct model *m, const struct decomposition *all,
			 size_t n, bool narrow, struct text *script)
{
	struct canvas c = { .suffix = narrow ? "-narrow" : "", .narrow = narrow,
			    .width = narrow ? 340 : 860, .bottom = 52,
			    .left = 12, .right = narrow ? 18 : 30 };
	struct legend l = { .canvas = &c, .y = 12 };
	struct text label = { 0 };
	double most = 1;

	for (size_t r = 0; r < n; r++) {
		double sum = 0;
		int pixels;

		for (size_t i = 0; i < DECOMPOSITION_PARTS; i++)
			sum += fmax(all[r].parts[i], 0);
		most = fmax(most, fmax(sum, all[r].whole));
		bar_label(of_many(all, n), &all[r], &label);
		pixels = canvas_text_pixels(text_string(&label)) + 16;
		if (!narrow && pixels > c.left)
			c.left = pixels;
	}
	write_legend(&l);
	c.top = l.y + 16;
	c.height = c.top + c.bottom + (narrow ? 42 : 26) * (int)n;
	canvas_begin(script, &c, "decomposition", n);
	l = (struct legend){ .script = script, .canvas = &c, .y = 12 };
	write_legend(&l);
	write_axis(&c, most, script);
	canvas_software(script, &c, &m->runs[all[0].run]);
	write_bars(&c, script);
	if (!narrow)
		canvas_png(script, &c, "decomposition");
	text_free(&label);
}

static void write_words(const struct model *m, const struct decomposition *all,
			size_t n, size_t complete, struct figure *f)
{
	const struct run *run = &m->runs[all[0].run];

	size_t adding = 0;

	for (size_t r = 0; r < n; r++)
		adding += all[r].adds_up == KNOWN_YES;
	text_format(&f->alt, "Stacked bars of the five parts of %zu exits to user "
		    "space, from %s at %s cycles to %s at %s cycles. The parts add up "
		    "to the measured whole in %zu of %zu.", n, all[0].item->name,
		    number(all[0].whole).s, all[n - 1].item->name,
		    number(all[n - 1].whole).s, adding, n);
	text_format(&f->caption, "Where a round trip to user space spends its "
		    "cycles. The diamond is the same round trip measured as a whole; "
		    "the parts add up to it within 5\u00a0%% in %zu of %zu.", adding, n);
	if (m->n > 1 && !of_many(all, n))
		text_format(&f->caption, " All are of %s.", run->label);
	else if (m->groups > 1)
		text_format(&f->caption, " On hosts that may be compared with that of "
			    "%s.", run->label);
	if (run_is_software(run))
		text_add(&f->caption, " Times mean nothing here.");
	if (complete > n)
		text_format(&f->caption, " %zu more stand in the tables alone.",
			    complete - n);
}

bool plot_decomposition(const struct model *m, struct figure *f,
			struct text *script, struct text *data)
{
	enum { MOST = 36 };		/* that still make a picture */
	struct decomposition *all = calloc(MOST, sizeof(*all));
	size_t complete, n = all ? collect(m, all, MOST, &complete) : 0;

	if (n > 0) {
		write_data(all, n, data);
		canvas_prologue(script, "decomposition");
		write_canvas(m, all, n, false, script);
		write_canvas(m, all, n, true, script);
		text_add(script, "set output\n");
		write_words(m, all, n, complete, f);
	}
	free(all);
	return n > 0;
}
