/*
 * Every probe on every target, beside the golden verdict: what the same bytes
 * got from the CPU without a hypervisor. What passes wherever it ran is folded
 * away; what is left is where the kinds of virtualisation differ.
 */
#include <stdlib.h>

#include "reports/comparison.h"
#include "reports/link.h"
#include "reports/matrix.h"
#include "reports/section.h"

/* A table has room for so many; the verdicts in full are of all. */
static size_t columns_of(const struct comparison *c)
{
	return c->n < SIDES_MOST ? c->n : SIDES_MOST;
}

static bool all_pass(const struct comparison *c, const struct match *x)
{
	for (size_t s = 0; s < c->n; s++)
		if (x->items[s] && x->items[s]->verdict != VERDICT_PASS &&
		    x->items[s]->verdict != VERDICT_SKIP)
			return false;
	return true;
}

/* First failed check, cause of a known failure, reason: for the pointer. */
static void add_note(const struct run *run, const struct item *it,
		     struct text *out)
{
	const char *cause = field_text(it->json, "expected_failure");

	if (it->verdict == VERDICT_SKIP)
		meaning_reason(meaning_of(run, it), run, it, out);
	else
		text_add(out, it->reason);
	if (cause)
		text_format(out, "%sknown: %s", out->length ? "; " : "", cause);
}

static void write_cell(struct page *p, const struct comparison *c,
		       const struct match *x, size_t side)
{
	const struct item *it = x->items[side];
	const struct item *golden = match_golden(c, x, side);
	struct text note = { 0 }, href = { 0 };

	if (it && it->verdict != VERDICT_PASS)
		link_verdict(x, it, &href);
	if (it)
		add_note(c->sides[side].run, it, &note);
	else
		meaning_reason(MEANS_ABSENT, c->sides[side].run, it, &note);
	if (!it || it->verdict == VERDICT_SKIP)
		p->ops->cell_measure(p, &(struct measure){
			.word = meaning_word(meaning_of(c->sides[side].run, it)),
			.note = p->ops->paged ? NULL : text_string(&note),
			.faint = true });
	else
		p->ops->cell_judged(p, &(struct judged){
			.verdict = it->verdict, .note = text_string(&note),
			.href = href.length ? text_string(&href) : NULL,
			.known = field_text(it->json, "expected_failure"),
			.differs = golden && golden->verdict != it->verdict });
	text_free(&note);
	text_free(&href);
}

/* What the filter of the page knows a row by. */
static void add_classes(const struct comparison *c, const struct match *x,
			struct text *out)
{
	static const char *const words[VERDICT_COUNT] = {
		NULL, "is-tell", "is-skip", "is-fail", "is-hang", "is-hang",
		"is-error",
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
	text_add(out, all_pass(c, x) ? "is-pass" : "is-notpass");
	text_add(out, differs ? " is-differs" : NULL);
	for (int v = 0; v < VERDICT_COUNT; v++)
		if (seen[v] && words[v])
			text_format(out, " %s", words[v]);
}

/* Which rows: all, or those that passed wherever they ran, or the others. */
enum which { WHICH_ALL, WHICH_NOT_PASSED, WHICH_PASSED };

static bool is_of(const struct comparison *c, const struct match *x,
		  enum which which)
{
	return which == WHICH_ALL || all_pass(c, x) == (which == WHICH_PASSED);
}

static void write_rows(struct page *p, const struct comparison *c,
		       enum which which)
{
	struct text group = { 0 }, last = { 0 }, classes = { 0 };

	for (size_t i = 0; i < c->probe_count; i++) {
		const struct match *x = &c->probes[i];

		if (!is_of(c, x, which))
			continue;
		text_clear(&group);
		match_group(x, &group);
		if (!text_same(&group, &last)) {
			p->ops->group(p, text_string(&group));
			text_clear(&last);
			text_add(&last, text_string(&group));
		}
		text_clear(&classes);
		add_classes(c, x, &classes);
		p->ops->mark(p, NULL, text_string(&classes));
		p->ops->row(p, false);
		text_clear(&classes);
		text_format(&classes, "verdicts.html#%s", x->anchor);
		p->ops->cell_link(p, CELL_CODE, probe_name(x->any),
				  text_string(&classes));
		p->ops->cell(p, CELL_TEXT, model_ring(x->any->ring));
		for (size_t s = 0; s < columns_of(c); s++)
			write_cell(p, c, x, s);
	}
	text_free(&group);
	text_free(&last);
	text_free(&classes);
}

static void write_table(struct page *p, const struct comparison *c,
			enum which which, const char *caption)
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
	write_rows(p, c, which);
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

/* A page can choose what it shows; a text folds away what passed. */
static void write_folded(struct page *p, const struct comparison *c,
			 size_t passing)
{
	if (passing < c->probe_count)
		write_table(p, c, WHICH_NOT_PASSED,
			    "Probes that did not pass everywhere they ran");
	else
		p->ops->paragraph(p, "Every probe passed wherever it ran.");
	matrix_failures(p, c);
	if (!passing)
		return;
	p->ops->details_begin(p, "Probes that passed wherever they ran, or ran "
			      "nowhere");
	write_table(p, c, WHICH_PASSED, "Nothing but passes and skips");
	p->ops->details_end(p);
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
		passing += all_pass(c, &c->probes[i]);
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
		write_folded(p, c, passing);
		return;
	}
	p->ops->filter(p);
	write_table(p, c, WHICH_ALL, "Every probe on every target; a verdict leads "
		    "to its clause, what was wanted and what came");
}
