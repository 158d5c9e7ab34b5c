/*
 * What passed wherever it ran, with its rule and its clause: who doubts what is
 * wrong wants to know what else was looked at.
 */
#include "reports/comparison.h"
#include "reports/entry.h"
#include "reports/number.h"
#include "reports/section.h"

static size_t count_passed(const struct comparison *c, const struct match *x)
{
	size_t n = 0;

	for (size_t s = 0; s < c->n; s++)
		n += x->items[s] && x->items[s]->verdict == VERDICT_PASS;
	return n;
}

/* Of one probe at several rings, which stand next to each other: "7", "7, 3". */
static void add_passed(const struct comparison *c, const struct match *x,
		       size_t rings, struct text *out)
{
	size_t first = count_passed(c, x);
	bool alike = true;

	for (size_t k = 1; k < rings; k++)
		alike &= count_passed(c, &x[k]) == first;
	for (size_t k = 0; k < (alike ? 1 : rings); k++)
		text_format(out, "%s%zu", k ? ", " : "", count_passed(c, &x[k]));
}

static void write_sound(struct page *p, const struct comparison *c,
			const struct match *x, size_t rings)
{
	struct text t = { 0 };

	p->ops->mark(p, x->anchor, NULL);
	p->ops->row(p, false);
	p->ops->cell(p, CELL_CODE, match_probe(x));
	for (size_t k = 0; k < rings; k++)
		text_format(&t, "%s%s", k ? ", " : "",
			    model_ring(x[k].any->ring));
	p->ops->cell(p, CELL_TEXT, text_string(&t));
	p->ops->cell(p, CELL_WRAP, x->any->rule ? x->any->rule : x->any->summary);
	text_clear(&t);
	entry_join(field_at(x->any->json, "cite"), "; ", &t);
	p->ops->cell(p, CELL_WRAP, text_string(&t));
	text_clear(&t);
	add_passed(c, x, rings, &t);
	p->ops->cell(p, CELL_TEXT, text_string(&t));
	text_free(&t);
}

static void write_all_sound(struct page *p, const struct comparison *c)
{
	struct text group = { 0 }, last = { 0 };
	size_t rings;

	for (size_t i = 0; i < c->probe_count; i += rings) {
		const struct match *x = &c->probes[i];

		rings = 1;
		if (!match_sound(c, x))
			continue;
		while (i + rings < c->probe_count &&
		       match_same_probe(x, &x[rings]) && match_sound(c, &x[rings]))
			rings++;
		text_clear(&group);
		match_group(x, &group);
		if (!text_same(&group, &last)) {
			p->ops->group(p, text_string(&group));
			text_clear(&last);
			text_add(&last, text_string(&group));
		}
		write_sound(p, c, x, rings);
	}
	text_free(&group);
	text_free(&last);
}

void section_passed(struct page *p, const struct model *m,
		    const struct plots *plots)
{
	static const struct column columns[] = {
		{ "Probe", false }, { "Ring", true }, { "Rule", false },
		{ "Clause", false }, { "Passed on", true },
	};
	const struct comparison *c = m->all;
	struct text t = { 0 };
	bool any = false;

	(void)plots;
	for (size_t i = 0; i < c->probe_count && !any; i++)
		any = match_sound(c, &c->probes[i]);
	if (!any) {
		p->ops->paragraph(p, "No probe passed wherever it ran.");
		return;
	}
	p->ops->paragraph(p, "Repeat any of them so, with its subject before its name:");
	p->ops->block(p, "vmgauge conform SUBJECT/PROBE --target TARGET --ring RING -v\n");
	text_format(&t, "Probes that passed wherever they ran, or ran nowhere, with the "
		    "number of targets that they passed on, of %s; elsewhere they were "
		    "skipped, or not run: the matrix has each", number_count(c->n).s);
	p->ops->table_begin(p, text_string(&t), columns,
			    sizeof(columns) / sizeof(columns[0]));
	text_free(&t);
	write_all_sound(p, c);
	p->ops->table_end(p);
}
