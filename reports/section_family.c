/*
 * The numbers of a family: the pictures, and beside them every number of them
 * with what a reader needs to doubt it, and the way to its samples.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/family.h"
#include "reports/link.h"
#include "reports/meaning.h"
#include "reports/number.h"
#include "reports/reference.h"
#include "reports/section.h"

static const struct column columns[] = {
	{ "Operation", false }, { "Ring", true }, { "Median cycles", true },
	{ "Interval cycles", true }, { "Median ns", true },
	{ "VMs \u00d7 blocks", true }, { "Attested", false },
	{ "Disturbed blocks", true }, { "Flags", false },
};

enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

/* The level that all intervals of a run share; NaN where they differ. */
static double common_level(const struct run *run, enum family family)
{
	double level = NAN;

	for (size_t i = 0; i < run->n; i++) {
		const struct item *it = &run->items[i];

		if (!it->measured || it->family != family || isnan(it->level))
			continue;
		if (!isnan(level) && level != it->level)
			return NAN;
		level = it->level;
	}
	return level;
}

static void cell_interval(struct page *p, const struct item *it, bool with_level)
{
	struct text t = { 0 };

	text_add(&t, number_range(it->low, it->high).s);
	if (with_level && !isnan(it->level))
		text_format(&t, " (%s)", number_percent(it->level).s);
	p->ops->cell(p, CELL_TEXT, text_string(&t));
	text_free(&t);
}

static void cell_attested(struct page *p, const struct item *it)
{
	struct text t = { 0 };

	if (it->attested == KNOWN_YES) {
		text_add(&t, "yes");
	} else if (it->attested == KNOWN_NOT) {
		text_add(&t, "nothing to attest");
	} else {
		text_add(&t, "no: ");
		if (it->attest_reason)
			text_add(&t, it->attest_reason);
		else
			text_add(&t, "no reason given");
	}
	p->ops->cell(p, CELL_WRAP, text_string(&t));
	text_free(&t);
}

static void cell_contaminated(struct page *p, const struct item *it)
{
	struct text t = { 0 };

	if (isnan(it->contaminated))
		text_add(&t, "\u2014");
	else if (isnan(it->timed))
		text_add(&t, number_tidy(it->contaminated).s);
	else
		text_format(&t, "%s of %s", number_tidy(it->contaminated).s,
			    number_tidy(it->timed).s);
	p->ops->cell(p, CELL_TEXT, text_string(&t));
	text_free(&t);
}

static void cell_flags(struct page *p, const struct item *it)
{
	json_t *flags = field_at(it->json, "flags"), *flag;
	struct text t = { 0 };
	size_t i;

	json_array_foreach(flags, i, flag) {
		const char *c = json_string_value(flag);

		text_add(&t, i ? ", " : "");
		for (; c && *c; c++)
			text_bytes(&t, *c == '_' ? " " : c, 1);
	}
	p->ops->cell(p, CELL_TEXT, text_string(&t));
	text_free(&t);
}

static void write_row(struct page *p, const struct item *it, bool with_level)
{
	struct text t = { 0 }, href = { 0 };

	link_samples(it, &href);
	p->ops->mark(p, NULL, meaning_tainted(it) ? "tainted" : NULL);
	p->ops->row(p, it->attested == KNOWN_NO);
	p->ops->cell(p, CELL_CODE, it->name);
	p->ops->cell(p, CELL_TEXT, model_ring(it->ring));
	text_add(&t, model_median(it).s);
	if (!it->in_cycles)
		text_format(&t, " %.16s", field_text(it->json, "unit"));
	p->ops->cell_link(p, CELL_TEXT, text_string(&t), text_string(&href));
	cell_interval(p, it, with_level);
	p->ops->cell(p, CELL_TEXT, model_ns(it).s);
	text_clear(&t);
	text_format(&t, "%s \u00d7 %s", number_tidy(it->instances).s,
		    number_tidy(it->blocks).s);
	p->ops->cell(p, CELL_TEXT, text_string(&t));
	cell_attested(p, it);
	cell_contaminated(p, it);
	cell_flags(p, it);
	text_free(&t);
	text_free(&href);
}

static void write_run(struct page *p, const struct run *run,
		      enum family family)
{
	double level = common_level(run, family);
	struct text caption = { 0 };

	if (!run->measured_of[family]) {
		p->ops->paragraph(p, "No bench of this run gave such a number.");
		return;
	}
	text_add(&caption, "Every number, cheapest first: cycles per operation after "
		 "the subtraction of the empty loop");
	if (!isnan(level))
		text_format(&caption, "; intervals of %s confidence",
			    number_percent(level).s);
	p->ops->table_begin(p, text_string(&caption), columns, COLUMNS);
	for (size_t i = 0; i < run->n; i++)
		if (run->items[i].measured && run->items[i].family == family)
			write_row(p, &run->items[i], isnan(level));
	p->ops->table_end(p);
	text_free(&caption);
}

/* More runs than a table can be read with stand below it alone. */
static size_t beside(const struct model *m)
{
	return m->n < 12 ? m->n : 12;
}

/* One row of the table in which several runs stand side by side. */
static void write_beside(struct page *p, const struct model *m,
			 const struct row *row, int ring, bool ratios)
{
	const struct item *base = row->items[model_slot(ring)];
	struct text t = { 0 }, href = { 0 };

	p->ops->row(p, false);
	p->ops->cell(p, CELL_CODE, row->name);
	p->ops->cell(p, CELL_TEXT, model_ring(ring));
	for (size_t r = 0; r < beside(m); r++) {
		const struct item *it =
			row->items[r * RING_SLOTS + model_slot(ring)];

		text_clear(&t);
		text_clear(&href);
		if (it) {
			link_samples(it, &href);
			text_format(&t, "%s%s", model_median(it).s,
				    it->attested == KNOWN_NO ? " (not attested)" : "");
		}
		p->ops->cell_link(p, CELL_TEXT, text_string(&t),
				  text_string(&href));
		p->ops->cell(p, CELL_TEXT,
			     it ? number_range(it->low, it->high).s : NULL);
		if (!ratios || r == 0)
			continue;
		/* A ratio of two prices of different things is no ratio. */
		text_clear(&t);
		if (it && base && it->attested != KNOWN_NO &&
		    base->attested != KNOWN_NO)
			text_format(&t, "%.3f", it->median / base->median);
		p->ops->cell(p, CELL_TEXT, text_string(&t));
	}
	text_free(&href);
	text_free(&t);
}

static bool row_has_ring(const struct model *m, const struct row *row, int ring)
{
	for (size_t r = 0; r < m->n; r++)
		if (row->items[r * RING_SLOTS + model_slot(ring)])
			return true;
	return false;
}

static void write_side_by_side(struct page *p, const struct model *m,
			       enum family family)
{
	const struct rows *rows = &m->of[family];
	struct text why = { 0 };
	bool ratios = model_comparable(m, &why);
	struct column *heads = calloc(2 + 3 * m->n, sizeof(*heads));
	size_t n = 2;

	if (why.length)
		p->ops->warning(p, text_string(&why));
	text_free(&why);
	if (!heads) {
		p->out.failed = true;
		return;
	}
	heads[0].title = "Operation";
	heads[1] = (struct column){ "Ring", true };
	for (size_t r = 0; r < beside(m); r++) {
		heads[n++] = (struct column){ m->runs[r].label, true };
		heads[n++] = (struct column){ "interval", true };
		if (ratios && r > 0)
			heads[n++] = (struct column){ "ratio to the first", true };
	}
	p->ops->table_begin(p, "The runs side by side: median cycles per operation",
			    heads, n);
	for (size_t i = 0; i < rows->n; i++)
		for (int ring = -1; ring < RING_SLOTS - 1; ring++)
			if (row_has_ring(m, &rows->row[i], ring))
				write_beside(p, m, &rows->row[i], ring, ratios);
	p->ops->table_end(p);
	free(heads);
}

static void write_family(struct page *p, const struct model *m,
			 enum family family)
{
	if (m->n == 1) {
		write_run(p, &m->runs[0], family);
		return;
	}
	if (m->comparison)
		p->ops->paragraph(p, "What the targets have in common stands in the "
				  "comparison. Here is every number of each run, in "
				  "cycles of its own host. A number leads to its "
				  "samples.");
	else
		write_side_by_side(p, m, family);
	for (size_t r = 0; r < m->n; r++) {
		p->ops->details_begin(p, m->runs[r].label);
		write_run(p, &m->runs[r], family);
		p->ops->details_end(p);
	}
}

static bool any_drawn(const struct figure figures[GROUPS_MOST])
{
	for (size_t g = 0; g < GROUPS_MOST; g++)
		if (figures[g].drawn)
			return true;
	return false;
}

void section_family(struct page *p, const struct model *m,
		    const struct plots *plots, enum family family)
{
	const struct family_page *f = &families[family];

	p->ops->lead(p, f->lead);
	if (plots->problem.length)
		p->ops->warning(p, text_string(&plots->problem));
	if (f->special && f->special(p, m, plots))
		p->ops->heading(p, "Every operation");
	for (size_t g = 0; g < GROUPS_MOST; g++)
		p->ops->figure(p, &plots->latencies[family][g]);
	if (m->groups > GROUPS_MOST)
		p->ops->paragraph(p, "There are more kinds of host than figures: what "
				  "is not drawn stands in the tables.");
	if (family == FAMILY_EXITS && !m->comparison &&
	    any_drawn(plots->latencies[family]))
		p->ops->paragraph(p, reference_caution);
	write_family(p, m, family);
	section_tails(p, m, plots, family);
}
