/*
 * The distributions of a family: the picture, and its table. Percentiles
 * stand only where there are blocks enough for them: a hundred beyond.
 */
#include <math.h>

#include "reports/link.h"
#include "reports/number.h"
#include "reports/section.h"
#include "reports/tails.h"

static const struct column columns[] = {
	{ "Operation", false }, { "Ring", true }, { "On", false },
	{ "Blocks", true }, { "Least", true }, { "Median", true },
	{ "90 %", true }, { "99 %", true }, { "Greatest", true },
	{ "Greatest / median", true },
};

/* At rank p of n, where 100 / (1 - p) blocks are there. */
static double percentile(const struct tail *tail, double p)
{
	if ((double)tail->n < 100 / (1 - p))
		return NAN;
	return tail->block[(size_t)ceil(p * (double)tail->n) - 1];
}

static void write_row(struct page *p, const struct tails *t, size_t b, size_t l)
{
	const struct tail *tail = &t->tail[b][l];
	double median = tail->block[tail->n / 2];
	double greatest = tail->block[tail->n - 1];
	struct text href = { 0 };

	link_samples(tail->item, &href);
	p->ops->row(p, tail->item->attested == KNOWN_NO);
	p->ops->cell(p, CELL_CODE, t->band[b]->any->operation);
	p->ops->cell(p, CELL_TEXT, model_ring(t->band[b]->any->ring));
	p->ops->cell(p, CELL_WRAP, t->c->sides[t->side[l]].label);
	p->ops->cell_link(p, CELL_TEXT, number_count(tail->n).s, text_string(&href));
	p->ops->cell(p, CELL_TEXT, number(tail->block[0]).s);
	p->ops->cell(p, CELL_TEXT, number(median).s);
	p->ops->cell(p, CELL_TEXT, number(percentile(tail, 0.9)).s);
	p->ops->cell(p, CELL_TEXT, number(percentile(tail, 0.99)).s);
	p->ops->cell(p, CELL_TEXT, number(greatest).s);
	p->ops->cell(p, CELL_TEXT, number(greatest / median).s);
	text_free(&href);
}

void section_tails(struct page *p, const struct model *m,
		   const struct plots *plots, enum family family)
{
	bool begun = false;

	for (size_t g = 0; g < m->groups && g < GROUPS_MOST; g++) {
		struct tails t;

		if (tails_read(&t, m, family, g))
			p->out.failed = true;
		if (t.bands && !begun)
			p->ops->heading(p, "Distributions");
		begun |= t.bands > 0;
		p->ops->figure(p, &plots->tails[family][g]);
		if (t.bands)
			p->ops->table_begin(p, "Blocks of the operations with the "
				"longest tails: cycles per operation, empty loop not "
				"subtracted", columns,
				sizeof(columns) / sizeof(columns[0]));
		for (size_t b = 0; b < t.bands; b++)
			for (size_t l = 0; l < t.lanes; l++)
				if (t.tail[b][l].n)
					write_row(p, &t, b, l);
		if (t.bands)
			p->ops->table_end(p);
		tails_free(&t);
	}
}
