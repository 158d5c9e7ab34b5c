/*
 * The score of each property and subject on each target, with its parts: a
 * share alone would say nothing of what was not judged.
 */
#include <stdlib.h>
#include <string.h>

#include "reports/comparison.h"
#include "reports/number.h"
#include "reports/section.h"
#include "score.h"

_Static_assert((int)VERDICT_COUNT == (int)SCORE_VERDICTS, "the same verdicts");

/* What of a probe's id names its kind: "fidelity", or "fidelity/msr". */
static size_t kind_length(const struct match *x, bool subject)
{
	const char *id = x->any->id ? x->any->id : "";
	size_t length = strcspn(id, "/");

	if (subject && id[length])
		length += 1 + strcspn(id + length + 1, "/");
	return length;
}

static bool same_kind(const struct match *a, const struct match *b, bool subject)
{
	size_t length = kind_length(a, subject);

	return a->any->id && b->any->id && length == kind_length(b, subject) &&
	       !strncmp(a->any->id, b->any->id, length);
}

/* Matches `begin` up to but not `end` on that side. */
static struct score side_score(const struct comparison *c, size_t begin,
			       size_t end, size_t side)
{
	struct score score = { { 0 } };

	for (size_t i = begin; i < end; i++)
		if (c->probes[i].items[side])
			score.count[c->probes[i].items[side]->verdict]++;
	return score;
}

static bool is_empty(const struct score *s)
{
	for (int v = 0; v < SCORE_VERDICTS; v++)
		if (s->count[v])
			return false;
	return true;
}

static void write_property(struct page *p, const struct comparison *c,
			   size_t begin, size_t end)
{
	const struct match *x = &c->probes[begin];
	struct text name = { 0 };

	text_bytes(&name, x->any->id, kind_length(x, false));
	for (size_t s = 0; s < c->n; s++) {
		struct score score = side_score(c, begin, end, s);
		char words[SCORE_WORDS_MAX];

		if (is_empty(&score))
			continue;
		p->ops->row(p, false);
		p->ops->cell(p, CELL_TEXT, text_string(&name));
		if (c->n > 1)
			p->ops->cell(p, CELL_TEXT, c->sides[s].label);
		p->ops->cell_shares(p, score.count);
		p->ops->cell(p, CELL_WRAP, score_words(&score, words));
	}
	text_free(&name);
}

/* "12 of 13" on each target: held, of what was judged. */
static void write_subject(struct page *p, const struct comparison *c,
			  size_t begin, size_t end)
{
	const struct match *x = &c->probes[begin];
	struct text t = { 0 };

	text_bytes(&t, x->any->id, kind_length(x, true));
	p->ops->row(p, false);
	p->ops->cell(p, CELL_CODE, text_string(&t));
	for (size_t s = 0; s < c->n && s < SIDES_MOST; s++) {
		struct score score = side_score(c, begin, end, s);

		text_clear(&t);
		if (score_judged(&score))
			text_format(&t, "%zu of %zu", score_held(&score),
				    score_judged(&score));
		p->ops->cell(p, CELL_TEXT, text_string(&t));
	}
	text_free(&t);
}

typedef void (*write_fn)(struct page *p, const struct comparison *c,
			 size_t begin, size_t end);

/* Neighbours of a kind are told together. */
static void write_kinds(struct page *p, const struct comparison *c,
			bool subject, write_fn write)
{
	size_t begin = 0;

	for (size_t i = 0; i < c->probe_count; i++) {
		if (i + 1 < c->probe_count &&
		    same_kind(&c->probes[i], &c->probes[i + 1], subject))
			continue;
		if (c->probes[begin].any->id)
			write(p, c, begin, i + 1);
		begin = i + 1;
	}
}

static void write_properties(struct page *p, const struct comparison *c)
{
	static const struct column one[] = {
		{ "Property", false }, { "", false }, { "Rules", false },
	};
	static const struct column many[] = {
		{ "Property", false }, { "Target", false }, { "", false },
		{ "Rules", false },
	};

	p->ops->table_begin(p, "By property, on each target", c->n > 1 ? many : one,
			    c->n > 1 ? 4 : 3);
	write_kinds(p, c, false, write_property);
	p->ops->table_end(p);
}

static void write_subjects(struct page *p, const struct comparison *c)
{
	size_t n = c->n < SIDES_MOST ? c->n : SIDES_MOST;
	struct column *heads = calloc(1 + n, sizeof(*heads));

	if (!heads) {
		p->out.failed = true;
		return;
	}
	heads[0].title = "Subject";
	for (size_t s = 0; s < n; s++)
		heads[1 + s].title = c->sides[s].label;
	p->ops->compared_begin(p, "By subject: rules that held, of those that were "
			       "judged", heads, 1 + n);
	write_kinds(p, c, true, write_subject);
	p->ops->table_end(p);
	free(heads);
}

/* The third property has no rules: what it cost is what is attested. */
static void write_performance(struct page *p, const struct model *m)
{
	struct text t = { 0 };

	for (size_t r = 0; r < m->n; r++) {
		const struct run *run = &m->runs[r];

		if (!(run->attested + run->not_attested))
			continue;
		text_clear(&t);
		text_format(&t, "Performance, %s: %s of %s measured rows are attested "
			    "to cost the exits that they must and no more; %s are "
			    "not.", run->label, number_count(run->attested).s,
			    number_count(run->attested + run->not_attested).s,
			    number_count(run->not_attested).s);
		p->ops->paragraph(p, text_string(&t));
	}
	text_free(&t);
}

void section_score(struct page *p, const struct model *m,
		   const struct plots *plots)
{
	(void)plots;
	p->ops->paragraph(p, score_rule);
	write_performance(p, m);
	write_properties(p, m->all);
	p->ops->details_begin(p, "By subject");
	write_subjects(p, m->all);
	p->ops->details_end(p);
}
