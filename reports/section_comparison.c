/*
 * Which kind of virtualisation: the words first, for those who read no table;
 * then the picture, every number with its certainty, and for each cell without
 * a number the reason. An empty cell would be read as a zero, or as a fault.
 */
#include <math.h>
#include <stdlib.h>

#include "reports/comparison.h"
#include "reports/comparison_words.h"
#include "reports/link.h"
#include "reports/number.h"
#include "reports/section.h"

enum { FIXED = 3 };		/* columns before those of the sides */

static void add_interval(const struct match *x, const struct item *it,
			 struct text *out)
{
	if (isnan(it->low) || isnan(it->high))
		text_add(out, "no interval");
	else
		text_add(out, number_range(match_scaled(x, it, it->low),
					   match_scaled(x, it, it->high)).s);
}

/* For the pointer: the same in cycles, and what it rests on. */
static void add_evidence(const struct item *it, const struct ratio *r,
			 struct text *out)
{
	if (it->in_cycles)
		text_format(out, "%s cycles (%s); ", model_median(it).s,
			    number_range(it->low, it->high).s);
	text_format(out, "%s instances of %s blocks", number_tidy(it->instances).s,
		    number_tidy(it->blocks).s);
	if (!isnan(it->level))
		text_format(out, "; interval of %s", number_percent(it->level).s);
	if (!isnan(r->level))
		text_format(out, "; the bounds of the ratio hold with %s or more",
			    number_percent(r->level).s);
}

static void write_number(struct page *p, const struct comparison *c,
			 const struct match *x, size_t side, enum meaning m)
{
	const struct item *it = x->items[side];
	struct ratio r = match_ratio(c, x, side);
	struct text interval = { 0 }, ratio = { 0 }, note = { 0 }, href = { 0 };
	struct number value = number(match_scaled(x, it, it->median));

	link_samples(it, &href);
	add_interval(x, it, &interval);
	ratio_write(&r, &ratio);
	add_evidence(it, &r, &note);
	if (m == MEANS_UNPROVEN) {
		text_add(&note, "; not attested: ");
		meaning_reason(m, c->sides[side].run, it, &note);
	}
	p->ops->cell_measure(p, &(struct measure){
		.value = value.s, .interval = text_string(&interval),
		.ratio = text_string(&ratio), .word = meaning_word(m),
		.href = text_string(&href), .tainted = meaning_tainted(it),
		.note = text_string(&note), .faint = m == MEANS_UNPROVEN });
	text_free(&href);
	text_free(&interval);
	text_free(&ratio);
	text_free(&note);
}

static void write_cell(struct page *p, const struct comparison *c,
		       const struct match *x, size_t side)
{
	enum meaning m = match_meaning(c, x, side);
	struct text note = { 0 };

	if (meaning_shown(m)) {
		write_number(p, c, x, side, m);
		return;
	}
	meaning_reason(m, c->sides[side].run, x->items[side], &note);
	p->ops->cell_measure(p, &(struct measure){
		.word = meaning_word(m), .note = text_string(&note), .faint = true });
	text_free(&note);
}

/* Is there anything to compare: numbers of two targets? */
static bool match_compared(const struct match *x)
{
	return x->shown > 1;
}

static void write_group(struct page *p, const struct match *x,
			struct text *last)
{
	struct text group = { 0 };

	match_group(x, &group);
	if (!text_same(&group, last)) {
		p->ops->group(p, text_string(&group));
		text_clear(last);
		text_add(last, text_string(&group));
	}
	text_free(&group);
}

static void write_table(struct page *p, const struct comparison *c)
{
	struct column *heads = calloc(FIXED + c->n, sizeof(*heads));
	struct text last = { 0 };

	if (!heads) {
		p->out.failed = true;
		return;
	}
	heads[0].title = "Operation";
	heads[1] = (struct column){ "Ring", true };
	heads[2].title = "Unit";
	for (size_t s = 0; s < c->n; s++)
		heads[FIXED + s].title = c->sides[s].label;
	p->ops->compared_begin(p, "Time of one operation, empty loop subtracted: the "
			       "median, its interval, and the ratio to native on the "
			       "same host with its bounds. A line is in cycles where a "
			       "target of it tells no time. What is grey is not "
			       "attested, what is underlined by dots was disturbed; a "
			       "number leads to its samples", heads, FIXED + c->n);
	for (size_t i = 0; i < c->bench_count; i++) {
		const struct match *x = &c->benches[i];

		if (!match_compared(x))
			continue;
		write_group(p, x, &last);
		p->ops->row(p, false);
		p->ops->cell(p, CELL_CODE, x->any->operation);
		p->ops->cell(p, CELL_TEXT, model_ring(x->any->ring));
		p->ops->cell(p, CELL_TEXT, x->scale.unit);
		for (size_t s = 0; s < c->n; s++)
			write_cell(p, c, x, s);
	}
	p->ops->table_end(p);
	text_free(&last);
	free(heads);
}

/* What a side has, in as few words: "1,234 ns (1,200 - 1,260)", "crash". */
static void side_brief(const struct comparison *c, const struct match *x,
		       size_t side, struct text *out)
{
	enum meaning m = match_meaning(c, x, side);
	const struct item *it = x->items[side];

	if (meaning_shown(m)) {
		text_format(out, "%s %s (",
			    number(match_scaled(x, it, it->median)).s,
			    x->scale.unit);
		add_interval(x, it, out);
		text_add(out, meaning_word(m) ? "), " : ")");
	}
	text_add(out, meaning_word(m));
}

/* "crash: kvm, xen; not applicable: native". Each word stands once. */
static void match_brief(const struct comparison *c, const struct match *x,
			struct text *out)
{
	struct text own = { 0 }, other = { 0 };

	for (size_t s = 0; s < c->n; s++) {
		bool said = false;

		text_clear(&own);
		side_brief(c, x, s, &own);
		for (size_t k = 0; k < s && !said; k++) {
			text_clear(&other);
			side_brief(c, x, k, &other);
			said = text_same(&own, &other);
		}
		if (said)
			continue;
		text_format(out, "%s%s: %s", out->length ? "; " : "",
			    text_string(&own), c->sides[s].label);
		for (size_t k = s + 1; k < c->n; k++) {
			text_clear(&other);
			side_brief(c, x, k, &other);
			if (text_same(&own, &other))
				text_format(out, ", %s", c->sides[k].label);
		}
	}
	text_free(&own);
	text_free(&other);
}

static void write_rest(struct page *p, const struct comparison *c)
{
	static const struct column columns[] = {
		{ "Operation", false }, { "Ring", true },
		{ "What each target has", false },
	};
	struct text t = { 0 }, last = { 0 };

	p->ops->details_begin(p, "Operations that fewer than two targets have a "
			      "number of");
	p->ops->table_begin(p, "Nothing to compare: one number, or none", columns,
			    sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < c->bench_count; i++) {
		const struct match *x = &c->benches[i];

		if (match_compared(x))
			continue;
		write_group(p, x, &last);
		text_clear(&t);
		match_brief(c, x, &t);
		p->ops->row(p, false);
		p->ops->cell(p, CELL_CODE, x->any->operation);
		p->ops->cell(p, CELL_TEXT, model_ring(x->any->ring));
		p->ops->cell(p, CELL_WRAP, text_string(&t));
	}
	p->ops->table_end(p);
	p->ops->details_end(p);
	text_free(&t);
	text_free(&last);
}

static void write_tables(struct page *p, const struct comparison *c)
{
	size_t with = 0;

	for (size_t i = 0; i < c->bench_count; i++)
		with += match_compared(&c->benches[i]);
	if (with)
		write_table(p, c);
	else
		p->ops->paragraph(p, "No operation has a number that may be "
				  "compared.");
	if (with < c->bench_count)
		write_rest(p, c);
}

void section_comparison(struct page *p, const struct model *m,
			const struct plots *plots)
{
	const struct comparison *c = m->comparison;
	struct text t = { 0 };

	comparison_lead(c, &t);
	p->ops->lead(p, text_string(&t));
	for (size_t s = 0; s < c->n; s++) {
		text_clear(&t);
		comparison_side(c, s, &t);
		p->ops->field(p, c->sides[s].label, CELL_TEXT, text_string(&t));
	}
	p->ops->caveats_begin(p, "What this comparison cannot tell");
	for (size_t i = 0; comparison_limit(c, i, &t); i++)
		p->ops->list_item(p, text_string(&t));
	p->ops->caveats_end(p);
	text_free(&t);
	if (plots->problem.length)
		p->ops->warning(p, text_string(&plots->problem));
	for (size_t g = 0; g < GROUPS_MOST; g++)
		p->ops->figure(p, &plots->comparison[g]);
	if (!c->bench_count)
		return;
	write_tables(p, c);
	comparison_reasons(p, c);
}
