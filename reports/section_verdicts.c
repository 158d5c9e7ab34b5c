/*
 * Every verdict in full: first what is wrong, each with the rule, the clause
 * behind it, what was wanted and what came, and the one command that shows it
 * again; then what passed. Targets on which a probe ended in the same way
 * share an entry: one fault of KVM shows on each VMM.
 */
#include "reports/comparison.h"
#include "reports/entry.h"
#include "reports/link.h"
#include "reports/number.h"
#include "reports/outcome.h"
#include "reports/section.h"

/* The match's own address is that of its first entry. */
static bool is_first(const struct match *x, size_t side)
{
	for (size_t s = 0; s < side; s++)
		if (outcome_wrong(x->items[s]))
			return false;
	return true;
}

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

static void write_outcome(struct page *p, const struct comparison *c,
			  const struct match *x, size_t side)
{
	struct text labels = { 0 }, id = { 0 };

	add_sides(c, x, side, &labels);
	link_entry_id(x->items[side], &id);
	if (is_first(x, side)) {
		p->ops->anchor(p, text_string(&id));
		p->ops->mark(p, x->anchor, NULL);
	} else {
		p->ops->mark(p, text_string(&id), NULL);
	}
	entry_write(p, x->items[side], c->n > 1 ? text_string(&labels) : NULL);
	text_free(&labels);
	text_free(&id);
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

/* How many of all the entries of one verdict there were. */
static size_t write_judged(struct page *p, const struct model *m,
			   enum verdict v)
{
	const struct comparison *c = m->all;
	static const struct column columns[] = {
		{ "Item", false }, { "Ring", true }, { "On", false },
		{ "What was wanted and what came, or why", false },
	};
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
				write_outcome(p, c, x, s);
		}
	}
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

static bool passed_on(const struct match *x, size_t side)
{
	return x->items[side] && x->items[side]->verdict == VERDICT_PASS;
}

/* "all", "all but xen", "kvm, xen" or "none". */
static void add_passed(const struct comparison *c, const struct match *x,
		       struct text *out)
{
	size_t n = 0, listed = 0;
	bool except;

	for (size_t s = 0; s < c->n; s++)
		n += passed_on(x, s);
	if (!n || n == c->n) {
		text_add(out, n ? c->n > 1 ? "all" : "yes" : "none");
		return;
	}
	except = n > c->n / 2;
	text_add(out, except ? "all but " : NULL);
	for (size_t s = 0; s < c->n; s++)
		if (passed_on(x, s) != except)
			text_format(out, "%s%s", listed++ ? ", " : "",
				    c->sides[s].label);
}

/* Of one probe at several rings, which stand next to each other. */
static void add_passed_rings(const struct comparison *c, const struct match *x,
			     size_t rings, struct text *out)
{
	struct text first = { 0 }, t = { 0 };
	bool alike = true;

	add_passed(c, x, &first);
	for (size_t k = 1; k < rings && alike; k++) {
		text_clear(&t);
		add_passed(c, &x[k], &t);
		alike = text_same(&first, &t);
	}
	if (alike)
		text_add(out, text_string(&first));
	for (size_t k = 0; !alike && k < rings; k++) {
		text_format(out, "%sring %s: ", k ? "; " : "",
			    model_ring(x[k].any->ring));
		add_passed(c, &x[k], out);
	}
	text_free(&first);
	text_free(&t);
}

static void write_sound(struct page *p, const struct comparison *c,
			const struct match *x, size_t rings)
{
	struct text t = { 0 }, id = { 0 };

	link_entry_id(x->any, &id);
	p->ops->mark(p, x->anchor, NULL);
	p->ops->alias(p, text_string(&id));
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
	add_passed_rings(c, x, rings, &t);
	p->ops->cell(p, CELL_WRAP, text_string(&t));
	text_free(&t);
	text_free(&id);
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
		{ "Clause", false }, { "Passed on", false },
	};
	const struct comparison *c = m->all;
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
	p->ops->table_begin(p, "Probes that passed wherever they ran, or ran nowhere; on "
			    "targets that are not named they were skipped, or not run",
			    columns, sizeof(columns) / sizeof(columns[0]));
	write_all_sound(p, c);
	p->ops->table_end(p);
}
