/*
 * The numbers of a family: the pictures, and beside them every number of them
 * with what a reader needs to doubt it, and the way to its samples.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/comparison_table.h"
#include "reports/family.h"
#include "reports/link.h"
#include "reports/number.h"
#include "reports/reference.h"
#include "reports/section.h"

enum { TEXT_RUNS_MOST = 8 };	/* side by side in a line of text */

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

/* A text has no such pages: what is compared stands above in it. */
static void write_links(struct page *p, const struct model *m,
			enum family family)
{
	struct text href = { 0 };

	if (!p->ops->paged)
		return;
	p->ops->heading(p, "Every number of each run");
	p->ops->list_begin(p);
	for (size_t r = 0; r < m->n; r++) {
		struct text after = { 0 };

		if (!m->runs[r].measured_of[family])
			continue;
		text_clear(&href);
		link_samples_file(r, &href);
		text_format(&after, ": %s, each with its evidence and its samples",
			    number_count(m->runs[r].measured_of[family]).s);
		p->ops->list_link(p, m->runs[r].label, text_string(&href),
				  text_string(&after));
		text_free(&after);
	}
	p->ops->list_end(p);
	text_free(&href);
}

static void write_family(struct page *p, const struct model *m,
			 enum family family)
{
	struct text t = { 0 };

	/* Lines that nobody can read are not worth their length. */
	if (!p->ops->paged && m->n > TEXT_RUNS_MOST) {
		text_format(&t, "The numbers of all %s runs, side by side, are on the "
			    "page %s.", number_count(m->n).s, families[family].file);
		p->ops->paragraph(p, text_string(&t));
		text_free(&t);
		return;
	}
	if (m->n == 1 && !m->comparison)
		section_numbers(p, &m->runs[0], family);
	else if (m->comparison)
		comparison_family(p, m->comparison, family);
	else
		write_side_by_side(p, m, family);
	if (m->n > 1 || m->comparison)
		write_links(p, m, family);
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
