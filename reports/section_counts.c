/*
 * Verdicts counted: of one run by subject, of several by target.
 */
#include <stdlib.h>
#include <string.h>

#include "reports/comparison.h"
#include "reports/number.h"
#include "reports/section.h"

static const struct column columns[] = {
	{ "Of", false }, { "", false }, { "pass", true },
	{ "tell", true }, { "skip", true }, { "fail", true },
	{ "hang", true }, { "crash", true }, { "error", true },
};

static void write_row(struct page *p, enum cell_style style, const char *name,
		      const size_t counts[VERDICT_COUNT])
{
	p->ops->row(p, false);
	p->ops->cell(p, style, name);
	p->ops->cell_shares(p, counts);
	for (int v = 0; v < VERDICT_COUNT; v++)
		p->ops->cell(p, CELL_TEXT, counts[v] ?
			     number_count(counts[v]).s : "\u00b7");
}

static const char *subject_of(const struct match *x)
{
	return x->any->subject ? x->any->subject : "(no subject)";
}

/* Probes are sorted by subject: neighbours are counted together. */
static void write_subjects(struct page *p, const struct comparison *c)
{
	size_t counts[VERDICT_COUNT] = { 0 };

	for (size_t i = 0; i < c->probe_count; i++) {
		const struct match *x = &c->probes[i];

		for (size_t s = 0; s < c->n; s++)
			if (x->items[s])
				counts[x->items[s]->verdict]++;
		if (i + 1 < c->probe_count &&
		    !strcmp(subject_of(x), subject_of(x + 1)))
			continue;
		write_row(p, CELL_CODE, subject_of(x), counts);
		memset(counts, 0, sizeof(counts));
	}
}

static void write_sides(struct page *p, const struct comparison *c)
{
	for (size_t s = 0; s < c->n; s++) {
		size_t counts[VERDICT_COUNT] = { 0 }, n = 0;

		for (size_t i = 0; i < c->probe_count; i++)
			if (c->probes[i].items[s]) {
				counts[c->probes[i].items[s]->verdict]++;
				n++;
			}
		if (n)
			write_row(p, CELL_TEXT, c->sides[s].label, counts);
	}
}

void section_counts(struct page *p, const struct model *m,
		    const struct plots *plots)
{
	const struct comparison *c = m->all;

	(void)plots;
	if (!c->probe_count) {
		p->ops->paragraph(p, "There are no probes.");
		return;
	}
	p->ops->table_begin(p, c->n > 1 ? "Verdicts by target" :
			    "Verdicts by subject", columns,
			    sizeof(columns) / sizeof(columns[0]));
	if (c->n > 1)
		write_sides(p, c);
	else
		write_subjects(p, c);
	p->ops->table_end(p);
}
