/*
 * What is wrong, in full: each with the rule, the clause behind it, what was
 * wanted and what came, and the one command that shows it again. What a probe
 * found at its rings stands under one rule; targets on which it ended in the
 * same way share a finding: one fault of KVM shows on each VMM.
 */
#include "reports/comparison.h"
#include "reports/entry.h"
#include "reports/link.h"
#include "reports/number.h"
#include "reports/outcome.h"
#include "reports/section.h"

/* Appends the sides that share the outcome of `side`. */
static void add_sides(const struct comparison *c, const struct match *x,
		      size_t side, struct text *out)
{
	size_t n = 0;

	for (size_t s = side; s < c->n; s++)
		if (x->items[s] && outcome_first(x, s) == side)
			text_format(out, "%s%s", n++ ? ", " : "",
				    c->sides[s].label);
}

/* A text of several runs has a line to each: the page has it in full. */
static void write_line(struct page *p, const struct comparison *c,
		       const struct match *x, size_t side)
{
	struct text t = { 0 };

	p->ops->row(p, false);
	p->ops->cell(p, CELL_CODE, x->any->operation);
	p->ops->cell(p, CELL_TEXT, model_ring(x->any->ring));
	add_sides(c, x, side, &t);
	p->ops->cell(p, CELL_WRAP, text_string(&t));
	text_clear(&t);
	entry_brief(x->items[side], &t);
	p->ops->cell(p, CELL_WRAP, text_string(&t));
	text_free(&t);
}

static bool in_lines(const struct page *p, const struct model *m)
{
	return !p->ops->paged && m->n > 1;
}

enum { FINDINGS_MOST = 16 };	/* in an entry; one more begins another */

/* What is going to be an entry: of one probe, at some rings. */
struct findings {
	struct finding all[FINDINGS_MOST];
	size_t n;
};

static void findings_write(struct page *p, struct findings *f)
{
	if (f->n)
		entry_write(p, f->all, f->n);
	for (size_t i = 0; i < f->n; i++) {
		text_free(&f->all[i].on);
		text_free(&f->all[i].id);
	}
	f->n = 0;
}

static void findings_add(struct page *p, struct findings *f,
			 const struct comparison *c, const struct match *x,
			 size_t side)
{
	const struct item *it = x->items[side];
	struct finding *next;

	if (f->n && (f->n == FINDINGS_MOST || !entry_shared(f->all[0].it, it)))
		findings_write(p, f);
	next = &f->all[f->n++];
	*next = (struct finding){ .it = it };
	if (c->n > 1)
		add_sides(c, x, side, &next->on);
	link_entry_id(it, &next->id);
	p->out.failed |= next->on.failed || next->id.failed;
}

/* How many of all the findings of one verdict there were. */
static size_t write_judged(struct page *p, const struct model *m,
			   enum verdict v)
{
	const struct comparison *c = m->all;
	static const struct column columns[] = {
		{ "Item", false }, { "Ring", true }, { "On", false },
		{ "What was wanted and what came, or why", false },
	};
	struct findings findings = { .n = 0 };
	size_t n = 0;

	for (size_t i = 0; i < c->bench_count + c->probe_count; i++) {
		const struct match *x = &c->benches[i];

		for (size_t s = 0; s < c->n; s++) {
			if (!x->items[s] || x->items[s]->verdict != v ||
			    outcome_first(x, s) != s)
				continue;
			if (n++ == 0 && in_lines(p, m))
				p->ops->table_begin(p, model_verdict(v), columns,
					sizeof(columns) / sizeof(columns[0]));
			if (in_lines(p, m))
				write_line(p, c, x, s);
			else
				findings_add(p, &findings, c, x, s);
		}
	}
	findings_write(p, &findings);
	if (n && in_lines(p, m))
		p->ops->table_end(p);
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
	if (in_lines(p, m))
		p->ops->paragraph(p, "Each in full, with its rule, its clause and the "
				  "command that shows it again, is on the page "
				  "verdicts.html.");
	n = write_judged(p, m, VERDICT_FAIL);
	n += write_judged(p, m, VERDICT_TELL);
	if (!n && m->all->probe_count)
		p->ops->paragraph(p, "No probe failed, and none told.");
	if (!m->all->probe_count)
		p->ops->paragraph(p, m->n == 1 ? "This run has no probes." :
				  "None of the documents has probes.");
}

void section_casualties(struct page *p, const struct model *m,
			const struct plots *plots)
{
	size_t n = write_judged(p, m, VERDICT_HANG);

	(void)plots;
	n += write_judged(p, m, VERDICT_CRASH);
	n += write_judged(p, m, VERDICT_ERROR);
	if (!n)
		p->ops->paragraph(p, "Every guest came back.");
}
