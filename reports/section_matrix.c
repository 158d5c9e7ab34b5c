/*
 * Every probe on every target, beside the golden verdict: what the same bytes
 * got from the CPU without a hypervisor. What passes wherever it ran is folded
 * away; what is left is where the kinds of virtualisation differ.
 */
#include <stdlib.h>

#include "reports/comparison.h"
#include "reports/link.h"
#include "reports/outcome.h"
#include "reports/section.h"

/* A table has room for so many; the verdicts in full are of all. */
static size_t columns_of(const struct comparison *c)
{
	return c->n < SIDES_MOST ? c->n : SIDES_MOST;
}

static void write_cell(struct page *p, const struct comparison *c,
		       const struct match *x, size_t side)
{
	const struct item *it = x->items[side];
	const struct item *golden = match_golden(c, x, side);
	enum meaning m = meaning_of(c->sides[side].run, it);
	struct text href = { 0 };

	if (outcome_wrong(it))
		link_entry(it, &href);
	if (!it || it->verdict == VERDICT_SKIP)
		p->ops->cell_measure(p, &(struct measure){
			.word = m == MEANS_INAPPLICABLE ? "\u2013" :
				m == MEANS_SKIPPED ? "skip" :
				m == MEANS_ABSENT ? "\u00b7" : meaning_word(m),
			.faint = true });
	else
		p->ops->cell_judged(p, &(struct judged){
			.verdict = it->verdict,
			.href = href.length ? text_string(&href) : NULL,
			.known = field_text(it->json, "expected_failure"),
			.differs = golden && golden->verdict != it->verdict });
	text_free(&href);
}

/* What the filter of the page knows a row by. */
static void add_classes(const struct comparison *c, const struct match *x,
			struct text *out)
{
	static const char *const words[VERDICT_COUNT] = {
		NULL, "t", "s", "f", "h", "h", "e",
	};
	size_t seen[VERDICT_COUNT] = { 0 }, differs = 0;

	for (size_t s = 0; s < columns_of(c); s++) {
		const struct item *it = x->items[s], *golden;

		if (!it)
			continue;
		golden = match_golden(c, x, s);
		seen[it->verdict]++;
		differs += it->verdict != VERDICT_SKIP && golden &&
			   golden->verdict != it->verdict;
	}
	text_add(out, match_sound(c, x) ? NULL : "x");
	if (differs)
		text_format(out, "%sd", out->length ? " " : "");
	for (int v = 0; v < VERDICT_COUNT; v++)
		if (seen[v] && words[v])
			text_format(out, "%s%s", out->length ? " " : "", words[v]);
}

/* What a cell says: the same word for the same reason, the same difference. */
static bool same_cell(const struct comparison *c, const struct match *x,
		      const struct match *y, size_t side)
{
	const struct run *run = c->sides[side].run;
	const struct item *a = x->items[side], *b = y->items[side];
	const struct item *g = match_golden(c, x, side);
	const struct item *h = match_golden(c, y, side);

	if (!a || !b)
		return !a && !b;
	return meaning_of(run, a) == meaning_of(run, b) &&
	       a->verdict == b->verdict &&
	       (g && g->verdict != a->verdict) == (h && h->verdict != b->verdict);
}

/* Rings at which a probe passed alike share a row: that many from `i` on. */
static size_t alike(const struct comparison *c, size_t i)
{
	const struct match *x = &c->probes[i];
	size_t n = 1;

	for (; i + n < c->probe_count && match_sound(c, x); n++) {
		const struct match *y = &c->probes[i + n];

		if (!match_same_probe(x, y) || !match_sound(c, y))
			break;
		for (size_t s = 0; s < columns_of(c); s++)
			if (!same_cell(c, x, y, s))
				return n;
	}
	return n;
}

static void write_row(struct page *p, const struct comparison *c, size_t i,
		      size_t rings)
{
	const struct match *x = &c->probes[i];
	struct text classes = { 0 }, t = { 0 };

	add_classes(c, x, &classes);
	p->ops->mark(p, NULL, classes.length ? text_string(&classes) : NULL);
	p->ops->row(p, false);
	link_entry(x->any, &t);
	p->ops->cell_link(p, CELL_CODE, match_probe(x), text_string(&t));
	text_clear(&t);
	for (size_t k = 0; k < rings; k++)
		text_format(&t, "%s%s", k ? ", " : "",
			    model_ring(x[k].any->ring));
	p->ops->cell(p, CELL_TEXT, text_string(&t));
	for (size_t s = 0; s < columns_of(c); s++)
		write_cell(p, c, x, s);
	text_free(&classes);
	text_free(&t);
}

static void write_rows(struct page *p, const struct comparison *c, bool passed)
{
	struct text group = { 0 }, last = { 0 };
	size_t rings;

	for (size_t i = 0; i < c->probe_count; i += rings) {
		rings = alike(c, i);
		if (!passed && match_sound(c, &c->probes[i]))
			continue;
		text_clear(&group);
		match_group(&c->probes[i], &group);
		if (!text_same(&group, &last)) {
			p->ops->group(p, text_string(&group));
			text_clear(&last);
			text_add(&last, text_string(&group));
		}
		write_row(p, c, i, rings);
	}
	text_free(&group);
	text_free(&last);
}

static void write_table(struct page *p, const struct comparison *c,
			bool passed, const char *caption)
{
	size_t n = columns_of(c);
	struct column *heads = calloc(2 + n, sizeof(*heads));
	struct text golden = { 0 };

	if (!heads) {
		p->out.failed = true;
		return;
	}
	heads[0].title = "Probe";
	heads[1] = (struct column){ "Ring", true };
	for (size_t s = 0; s < n; s++)
		heads[2 + s].title = c->sides[s].label;
	if (c->golden < n && c->n > 1) {
		text_format(&golden, "%s: golden", c->sides[c->golden].label);
		heads[2 + c->golden].title = text_string(&golden);
	}
	p->ops->compared_begin(p, caption, heads, 2 + n);
	write_rows(p, c, passed);
	p->ops->table_end(p);
	text_free(&golden);
	free(heads);
}

static void write_golden(struct page *p, const struct comparison *c)
{
	if (c->golden == NO_SIDE) {
		p->ops->paragraph(p, "There is no result of native: what the CPU does "
				  "without a hypervisor is not known here, and no "
				  "verdict is marked as different from it.");
		return;
	}
	p->ops->paragraph(p, "Golden is the verdict of native: the same bytes on the CPU "
			  "at ring 3, without a hypervisor of vmgauge\u2019s. \u2260 "
			  "marks a verdict that differs from it; \u201cknown\u201d a "
			  "failure that was expected, with a cause. Where native "
			  "cannot run a probe there is nothing to differ from, and the "
			  "rule of the manual is the only measure.");
	if (c->sides[c->golden].run->virtualised == KNOWN_YES)
		p->ops->warning(p, "The host of native is itself a virtual machine: its "
				"golden verdicts are those of the CPU as that machine "
				"shows it.");
}

/* Their names by subject: what there is to be said of them in a text. */
static void write_passed(struct page *p, const struct comparison *c)
{
	struct text group = { 0 }, last = { 0 }, t = { 0 };

	p->ops->list_begin(p);
	for (size_t i = 0; i < c->probe_count; i++) {
		const struct match *x = &c->probes[i];

		if (!match_sound(c, x) ||
		    (i && match_sound(c, x - 1) && match_same_probe(x - 1, x)))
			continue;
		text_clear(&group);
		match_group(x, &group);
		if (t.length && !text_same(&group, &last)) {
			p->ops->list_item(p, text_string(&t));
			text_clear(&t);
		}
		text_clear(&last);
		text_add(&last, text_string(&group));
		text_format(&t, "%s%s", t.length ? ", " : text_string(&group),
			    t.length ? "" : ": ");
		text_add(&t, match_probe(x));
	}
	if (t.length)
		p->ops->list_item(p, text_string(&t));
	p->ops->list_end(p);
	text_free(&group);
	text_free(&last);
	text_free(&t);
}

/* A page can choose what it shows; a text has what passed by name alone. */
static void write_text(struct page *p, const struct comparison *c,
			 size_t passing)
{
	if (passing < c->probe_count && columns_of(c) > TEXT_SIDES_MOST)
		p->ops->paragraph(p, "Those that did not are below, under \u201cVerdicts"
				  "\u201d and \u201cHangs and crashes\u201d; beside each "
				  "other they are on the page conformance.html.");
	else if (passing < c->probe_count)
		write_table(p, c, false,
			    "Probes that did not pass everywhere they ran. \u2013: it does "
			    "not apply to that target; \u00b7: it was not run there");
	else
		p->ops->paragraph(p, "Every probe passed wherever it ran.");
	if (!passing)
		return;
	if (columns_of(c) > TEXT_SIDES_MOST)
		return;
	p->ops->heading(p, "Probes that passed wherever they ran, or ran nowhere");
	write_passed(p, c);
}

void section_matrix(struct page *p, const struct model *m,
		    const struct plots *plots)
{
	const struct comparison *c = m->comparison ? m->comparison : m->all;
	struct text t = { 0 };
	size_t passing = 0;

	(void)plots;
	if (!c->probe_count) {
		p->ops->paragraph(p, "None of the documents has probes.");
		return;
	}
	for (size_t i = 0; i < c->probe_count; i++)
		passing += match_sound(c, &c->probes[i]);
	if (m->comparison)
		write_golden(p, c);
	text_format(&t, "%zu of %zu probes passed wherever they ran.", passing,
		    c->probe_count);
	if (columns_of(c) < m->all->n)
		text_format(&t, " The table has the first %zu of %zu columns; the "
			    "verdicts in full are of all.", columns_of(c), m->all->n);
	p->ops->paragraph(p, text_string(&t));
	text_free(&t);
	if (!p->ops->paged) {
		write_text(p, c, passing);
		return;
	}
	p->ops->filter(p);
	write_table(p, c, true, "Every probe on every target; a verdict leads to its "
		    "clause, what was wanted and what came. \u2013: it does not "
		    "apply to that target; \u00b7: it was not run there");
}
