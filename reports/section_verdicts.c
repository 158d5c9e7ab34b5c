/*
 * Every verdict in full: first what is wrong, each with the rule, the clause
 * behind it, what was wanted and what came, and the one command that shows it
 * again; then what passed. Targets on which a probe ended in the same way
 * share an entry: one fault of KVM shows on each VMM.
 */
#include <stdlib.h>
#include <string.h>

#include "reports/comparison.h"
#include "reports/entry.h"
#include "reports/link.h"
#include "reports/number.h"
#include "reports/section.h"

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool same_outcome(const struct item *a, const struct item *b)
{
	const json_t *x = field_at(a->json, "checks");
	const json_t *y = field_at(b->json, "checks");

	return a->verdict == b->verdict && same_text(a->reason, b->reason) &&
	       same_text(field_text(a->json, "expected_failure"),
			 field_text(b->json, "expected_failure")) &&
	       (x == y || json_equal(x, y));
}

static bool seen_before(const struct match *x, size_t side)
{
	for (size_t s = 0; s < side; s++)
		if (x->items[s] && same_outcome(x->items[s], x->items[side]))
			return true;
	return false;
}

static bool is_wrong(const struct item *it)
{
	return it && it->verdict != VERDICT_PASS && it->verdict != VERDICT_SKIP;
}

/* The match's own address is that of its first entry. */
static bool is_first(const struct match *x, size_t side)
{
	for (size_t s = 0; s < side; s++)
		if (is_wrong(x->items[s]))
			return false;
	return true;
}

static void write_outcome(struct page *p, const struct comparison *c,
			  const struct match *x, size_t side)
{
	struct text labels = { 0 }, id = { 0 };
	size_t n = 0;

	for (size_t s = side; s < c->n; s++)
		if (x->items[s] && same_outcome(x->items[s], x->items[side])) {
			text_format(&labels, "%s%s", n++ ? ", " : "",
				    c->sides[s].label);
			text_clear(&id);
			link_verdict_id(x->items[s], &id);
			if (s > side)
				p->ops->anchor(p, text_string(&id));
		}
	if (is_first(x, side))
		p->ops->anchor(p, x->anchor);
	text_clear(&id);
	link_verdict_id(x->items[side], &id);
	p->ops->mark(p, text_string(&id), NULL);
	entry_write(p, x->items[side], c->n > 1 ? text_string(&labels) : NULL);
	text_free(&labels);
	text_free(&id);
}

/* How many of all the entries of one verdict there were. */
static size_t write_judged(struct page *p, const struct comparison *c,
			   enum verdict v)
{
	size_t n = 0;

	for (size_t i = 0; i < c->bench_count + c->probe_count; i++) {
		const struct match *x = &c->benches[i];

		for (size_t s = 0; s < c->n; s++) {
			if (!x->items[s] || x->items[s]->verdict != v ||
			    seen_before(x, s))
				continue;
			write_outcome(p, c, x, s);
			n++;
		}
	}
	return n;
}

void section_verdicts(struct page *p, const struct model *m,
		      const struct plots *plots)
{
	size_t n;

	(void)plots;
	p->ops->paragraph(p, "Pass: the rule holds. Tell: the manual allows it, but it "
			  "gives the hypervisor away. Skip: not applicable, with the "
			  "reason. Fail: the hypervisor is wrong. Hang and crash: the "
			  "guest did not come back. Error: a fault of vmgauge or of "
			  "its surroundings.");
	n = write_judged(p, m->all, VERDICT_FAIL);
	n += write_judged(p, m->all, VERDICT_TELL);
	if (!n && m->all->probe_count)
		p->ops->paragraph(p, "No probe failed, and none told.");
	if (!m->all->probe_count)
		p->ops->paragraph(p, m->n == 1 ? "This run has no probes." :
				  "None of the documents has probes.");
}

void section_casualties(struct page *p, const struct model *m,
			const struct plots *plots)
{
	size_t n = write_judged(p, m->all, VERDICT_HANG);

	(void)plots;
	n += write_judged(p, m->all, VERDICT_CRASH);
	n += write_judged(p, m->all, VERDICT_ERROR);
	if (!n)
		p->ops->paragraph(p, "Every guest came back.");
}

/* Which sides a verdict is of: "all 9", or their names. */
static void add_sides(const struct comparison *c, const struct match *x,
		      enum verdict v, struct text *out)
{
	size_t n = 0, all = 0;

	for (size_t s = 0; s < c->n; s++) {
		all += x->items[s] != NULL;
		n += x->items[s] && x->items[s]->verdict == v;
	}
	if (n && n == all && n == 1)
		text_add(out, "yes");
	else if (n && n == all)
		text_format(out, "all %zu", n);
	if (n == all)
		return;
	n = 0;
	for (size_t s = 0; s < c->n; s++)
		if (x->items[s] && x->items[s]->verdict == v)
			text_format(out, "%s%s", n++ ? ", " : "", c->sides[s].label);
}

static bool is_sound(const struct comparison *c, const struct match *x)
{
	for (size_t s = 0; s < c->n; s++)
		if (is_wrong(x->items[s]))
			return false;
	return true;
}

static void write_sound(struct page *p, const struct comparison *c,
			const struct match *x)
{
	struct text t = { 0 };

	p->ops->mark(p, x->anchor, NULL);
	p->ops->row(p, false);
	p->ops->cell(p, CELL_CODE, x->any->operation);
	p->ops->cell(p, CELL_TEXT, model_ring(x->any->ring));
	p->ops->cell(p, CELL_WRAP, x->any->rule ? x->any->rule : x->any->summary);
	entry_join(field_at(x->any->json, "cite"), "; ", &t);
	p->ops->cell(p, CELL_WRAP, text_string(&t));
	text_clear(&t);
	add_sides(c, x, VERDICT_PASS, &t);
	p->ops->cell(p, CELL_TEXT, text_string(&t));
	text_clear(&t);
	add_sides(c, x, VERDICT_SKIP, &t);
	p->ops->cell(p, CELL_TEXT, text_string(&t));
	p->ops->cell(p, CELL_CODE, x->any->repeat);
	text_free(&t);
}

void section_passed(struct page *p, const struct model *m,
		    const struct plots *plots)
{
	static const struct column columns[] = {
		{ "Probe", false }, { "Ring", true }, { "Rule", false },
		{ "Clause", false }, { "Passed on", false },
		{ "Skipped on", false }, { "Repeat", false },
	};
	const struct comparison *c = m->all;
	size_t n = 0;

	(void)plots;
	for (size_t i = 0; i < c->probe_count; i++)
		if (is_sound(c, &c->probes[i])) {
			if (n++ == 0)
				p->ops->table_begin(p, "Probes that passed wherever "
					"they ran, or ran nowhere", columns,
					sizeof(columns) / sizeof(columns[0]));
			write_sound(p, c, &c->probes[i]);
		}
	if (n)
		p->ops->table_end(p);
	else
		p->ops->paragraph(p, "No probe passed wherever it ran.");
}
