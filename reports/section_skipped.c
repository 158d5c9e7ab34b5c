/*
 * What was not judged or measured, and why: a row to each reason and the
 * targets that gave it, with what it kept from running: of several runs by
 * subject where it is much, since the matrix and the families name each item.
 */
#include <stdlib.h>
#include <string.h>

#include "reports/comparison.h"
#include "reports/number.h"
#include "reports/section.h"

struct skip {
	const char *reason;
	char *on;		/* owned: labels of the sides */
	const struct match *match;
};

static const char *reason_of(const struct item *it)
{
	return it && it->verdict == VERDICT_SKIP ?
	       it->reason ? it->reason : "no reason was given" : NULL;
}

/* The sides from `side` on that skip it for the same reason; NULL: seen. */
static char *sides_of(const struct comparison *c, const struct match *x,
		      size_t side)
{
	const char *reason = reason_of(x->items[side]);
	struct text t = { 0 };

	for (size_t s = 0; s < c->n; s++) {
		const char *other = reason_of(x->items[s]);

		if (!other || strcmp(other, reason))
			continue;
		if (s < side) {
			text_free(&t);
			return NULL;
		}
		text_format(&t, "%s%s", t.length ? ", " : "", c->sides[s].label);
	}
	return t.data;
}

static int skip_order(const void *a, const void *b)
{
	const struct skip *x = a, *y = b;
	int order = strcmp(x->reason, y->reason);

	order = order ? order : strcmp(x->on, y->on);
	return order ? order : (x->match > y->match) - (x->match < y->match);
}

static struct skip *skips_collect(const struct comparison *c, size_t *n)
{
	size_t items = c->bench_count + c->probe_count, most = 1;
	struct skip *all;

	*n = 0;
	for (size_t i = 0; i < items; i++)
		for (size_t s = 0; s < c->n; s++)
			most += reason_of(c->benches[i].items[s]) != NULL;
	all = calloc(most, sizeof(*all));
	for (size_t i = 0; all && i < items; i++)
		for (size_t s = 0; s < c->n; s++) {
			const struct match *x = &c->benches[i];
			char *on;

			if (!reason_of(x->items[s]))
				continue;
			on = sides_of(c, x, s);
			if (on)
				all[(*n)++] = (struct skip){
					reason_of(x->items[s]), on, x };
		}
	if (all)
		qsort(all, *n, sizeof(*all), skip_order);
	return all;
}

static bool same_row(const struct skip *a, const struct skip *b)
{
	return !strcmp(a->reason, b->reason) && !strcmp(a->on, b->on);
}

/* In a text of many targets: each reason, and how often it was given. */
static void write_reasons(struct page *p, const struct skip *all, size_t n)
{
	struct text t = { 0 };
	size_t same;

	p->ops->list_begin(p);
	for (size_t i = 0; i < n; i += same) {
		for (same = 1; i + same < n &&
		     !strcmp(all[i].reason, all[i + same].reason); same++)
			;
		text_clear(&t);
		text_format(&t, "%s: %s", all[i].reason, number_count(same).s);
		p->ops->list_item(p, text_string(&t));
	}
	p->ops->list_end(p);
	text_free(&t);
}

enum { NAMED_MOST = 6 };

/* Names where they are that few; else subjects and families. */
static void add_items(const struct skip *all, size_t n, size_t named_most,
		      struct text *out)
{
	struct text group = { 0 }, next = { 0 };
	size_t same = 0;

	for (size_t i = 0; i < n; i++) {
		const struct match *x = all[i].match;

		if (n <= named_most) {
			/* The rings of one item are neighbours. */
			if (!i || strcmp(all[i - 1].match->any->operation,
					 x->any->operation))
				text_format(out, "%s%s", i ? ", " : "",
					    x->any->operation);
			continue;
		}
		text_clear(&group);
		match_group(x, &group);
		text_clear(&next);
		if (i + 1 < n)
			match_group(all[i + 1].match, &next);
		same++;
		if (text_same(&group, &next))
			continue;
		text_format(out, "%s%s (%zu)", out->length ? ", " : "",
			    text_string(&group), same);
		same = 0;
	}
	text_free(&group);
	text_free(&next);
}

static void write_rows(struct page *p, const struct skip *all, size_t n,
		       size_t named_most)
{
	struct text items = { 0 };
	size_t same;

	for (size_t i = 0; i < n; i += same) {
		for (same = 1; i + same < n &&
		     same_row(&all[i], &all[i + same]); same++)
			;
		text_clear(&items);
		add_items(&all[i], same, named_most, &items);
		p->ops->row(p, false);
		p->ops->cell(p, CELL_WRAP, all[i].reason);
		p->ops->cell(p, CELL_WRAP, all[i].on);
		p->ops->cell(p, CELL_TEXT, number_count(same).s);
		p->ops->cell(p, CELL_WRAP, text_string(&items));
	}
	text_free(&items);
}

void section_skipped(struct page *p, const struct model *m,
		     const struct plots *plots)
{
	static const struct column columns[] = {
		{ "Why it was skipped", false }, { "On", false },
		{ "Items", true }, { "Which", false },
	};
	size_t n;
	struct skip *all = skips_collect(m->all, &n);

	(void)plots;
	if (!all) {
		p->out.failed = true;
		return;
	}
	if (n && !p->ops->paged && m->all->n > TEXT_SIDES_MOST) {
		p->ops->paragraph(p, "Why items were skipped, and how many of them; which, "
				  "and on what, is on the page verdicts.html.");
		write_reasons(p, all, n);
	} else if (n) {
		p->ops->table_begin(p, "Skipped items, counted once for each ring",
				    columns, sizeof(columns) / sizeof(columns[0]));
		write_rows(p, all, n, m->n == 1 ? n : NAMED_MOST);
		p->ops->table_end(p);
	} else {
		p->ops->paragraph(p, "Nothing was skipped.");
	}
	for (size_t i = 0; i < n; i++)
		free(all[i].on);
	free(all);
}
