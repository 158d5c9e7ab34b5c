/*
 * Every number of a family in one run, with what a reader needs to doubt it,
 * and the way to its samples.
 */
#include <math.h>

#include "reports/link.h"
#include "reports/meaning.h"
#include "reports/number.h"
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

void section_numbers(struct page *p, const struct run *run,
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
