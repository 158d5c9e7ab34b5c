/*
 * Every probe on every target, beside the golden verdict: what the same bytes
 * got from the CPU without a hypervisor. What passes wherever it ran is folded
 * away; what is left is where the kinds of virtualisation differ.
 */
#include <stdlib.h>

#include "reports/comparison.h"
#include "reports/matrix.h"
#include "reports/section.h"

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
	struct text note = { 0 };

	if (it)
		add_note(c->sides[side].run, it, &note);
	else
		meaning_reason(MEANS_ABSENT, c->sides[side].run, it, &note);
	if (!it || it->verdict == VERDICT_SKIP)
		p->ops->cell_measure(p, &(struct measure){
			.word = meaning_word(meaning_of(c->sides[side].run, it)),
			.note = text_string(&note), .faint = true });
	else
		p->ops->cell_judged(p, &(struct judged){
			.verdict = it->verdict, .note = text_string(&note),
			.known = field_text(it->json, "expected_failure"),
			.differs = golden && golden->verdict != it->verdict });
	text_free(&note);
}

static void write_rows(struct page *p, const struct comparison *c, bool passing)
{
	struct text group = { 0 }, last = { 0 };

	for (size_t i = 0; i < c->probe_count; i++) {
		const struct match *x = &c->probes[i];

		if (all_pass(c, x) != passing)
			continue;
		text_clear(&group);
		match_group(x, &group);
		if (!text_same(&group, &last)) {
			p->ops->group(p, text_string(&group));
			text_clear(&last);
			text_add(&last, text_string(&group));
		}
		p->ops->row(p, false);
		p->ops->cell(p, CELL_CODE, probe_name(x->any));
		p->ops->cell(p, CELL_TEXT, model_ring(x->any->ring));
		for (size_t s = 0; s < c->n; s++)
			write_cell(p, c, x, s);
	}
	text_free(&group);
	text_free(&last);
}

static void write_table(struct page *p, const struct comparison *c, bool passing,
			const char *caption)
{
	struct column *heads = calloc(2 + c->n, sizeof(*heads));
	struct text golden = { 0 };

	if (!heads) {
		p->out.failed = true;
		return;
	}
	heads[0].title = "Probe";
	heads[1] = (struct column){ "Ring", true };
	for (size_t s = 0; s < c->n; s++)
		heads[2 + s].title = c->sides[s].label;
	if (c->golden != NO_SIDE) {
		text_format(&golden, "%s: golden", c->sides[c->golden].label);
		heads[2 + c->golden].title = text_string(&golden);
	}
	p->ops->compared_begin(p, caption, heads, 2 + c->n);
	write_rows(p, c, passing);
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

void section_matrix(struct page *p, const struct model *m,
		    const struct plots *plots)
{
	const struct comparison *c = m->comparison;
	size_t passing = 0;

	(void)plots;
	if (!c->probe_count) {
		p->ops->paragraph(p, "None of the documents has probes.");
		return;
	}
	for (size_t i = 0; i < c->probe_count; i++)
		passing += all_pass(c, &c->probes[i]);
	write_golden(p, c);
	if (passing < c->probe_count)
		write_table(p, c, false, "Probes that did not pass everywhere they ran");
	else
		p->ops->paragraph(p, "Every probe passed wherever it ran.");
	matrix_failures(p, c);
	if (!passing)
		return;
	p->ops->details_begin(p, "Probes that passed wherever they ran, or ran "
			      "nowhere");
	write_table(p, c, true, "Nothing but passes and skips");
	p->ops->details_end(p);
}
