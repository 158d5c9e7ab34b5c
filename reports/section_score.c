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

static void write_row(struct page *p, const struct comparison *c, size_t begin,
		      size_t end, bool subject)
{
	const struct match *x = &c->probes[begin];
	struct text name = { 0 };

	text_bytes(&name, x->any->id, kind_length(x, subject));
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

/* Neighbours of a kind make a row for each target. */
static void write_table(struct page *p, const struct comparison *c,
			const char *caption, bool subject)
{
	static const struct column one[] = {
		{ "Of", false }, { "", false }, { "Rules", false },
	};
	static const struct column many[] = {
		{ "Of", false }, { "Target", false }, { "", false },
		{ "Rules", false },
	};
	size_t begin = 0;

	p->ops->table_begin(p, caption, c->n > 1 ? many : one,
			    c->n > 1 ? 4 : 3);
	for (size_t i = 0; i < c->probe_count; i++) {
		if (i + 1 < c->probe_count &&
		    same_kind(&c->probes[i], &c->probes[i + 1], subject))
			continue;
		if (c->probes[begin].any->id)
			write_row(p, c, begin, i + 1, subject);
		begin = i + 1;
	}
	p->ops->table_end(p);
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
	write_table(p, m->all, "By property", false);
	p->ops->details_begin(p, "By subject");
	write_table(p, m->all, "By subject", true);
	p->ops->details_end(p);
}
