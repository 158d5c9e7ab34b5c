/*
 * Why a cell has no number. A cell has room for two words; here is the whole
 * reason, once for all the operations that share it.
 */
#include <stdlib.h>
#include <string.h>

#include "reports/comparison_words.h"

struct reason {
	char *words;		/* owned */
	const struct match *match;
	enum meaning meaning;
};

static int reason_order(const void *a, const void *b)
{
	const struct reason *x = a, *y = b;
	int order = (x->meaning > y->meaning) - (x->meaning < y->meaning);

	if (!order)
		order = strcmp(x->words, y->words);
	return order ? order : (x->match > y->match) - (x->match < y->match);
}

static bool same_reason(const struct reason *x, const struct reason *y)
{
	return x->meaning == y->meaning && !strcmp(x->words, y->words);
}

/* Of the cells of a side that are no plain number; NULL = no memory. */
static struct reason *reasons_collect(const struct comparison *c, size_t side,
				      size_t *n)
{
	struct reason *all = calloc(c->bench_count + 1, sizeof(*all));

	*n = 0;
	for (size_t i = 0; all && i < c->bench_count; i++) {
		const struct match *x = &c->benches[i];
		enum meaning m = match_meaning(c, x, side);
		struct text words = { 0 };

		if (m == MEANS_NUMBER)
			continue;
		meaning_reason(m, c->sides[side].run, x->items[side], &words);
		if (words.failed || !words.data) {
			text_free(&words);
			continue;
		}
		all[(*n)++] = (struct reason){ words.data, x, m };
	}
	if (all)
		qsort(all, *n, sizeof(*all), reason_order);
	return all;
}

/* "exit/cpuid (ring 0), exit/hlt", as far as it can be read. */
static void add_operations(const struct reason *first, size_t n,
			   struct text *out)
{
	enum { MOST = 6 };

	for (size_t i = 0; i < n && i < MOST; i++) {
		text_add(out, i ? "; " : "");
		match_name(first[i].match, out);
	}
	if (n > MOST)
		text_format(out, "; and %zu more", n - MOST);
}

static void write_side(struct page *p, const struct comparison *c, size_t side)
{
	size_t n, same;
	struct reason *all = reasons_collect(c, side, &n);
	struct text t = { 0 };

	if (!all) {
		p->out.failed = true;
		return;
	}
	for (size_t i = 0; i < n; i += same) {
		for (same = 1; i + same < n &&
		     same_reason(&all[i], &all[i + same]); same++)
			;
		text_clear(&t);
		add_operations(&all[i], same, &t);
		p->ops->row(p, false);
		p->ops->cell(p, CELL_TEXT, c->sides[side].label);
		p->ops->cell(p, CELL_TEXT, meaning_word(all[i].meaning));
		p->ops->cell(p, CELL_WRAP, all[i].words);
		p->ops->cell(p, CELL_WRAP, text_string(&t));
	}
	for (size_t i = 0; i < n; i++)
		free(all[i].words);
	free(all);
	text_free(&t);
}

void comparison_reasons(struct page *p, const struct comparison *c)
{
	static const struct column columns[] = {
		{ "Target", false }, { "The cell says", false },
		{ "Because", false }, { "Operations", false },
	};

	p->ops->details_begin(p, "Why cells have no number, or a grey one");
	p->ops->table_begin(p, "The whole reasons, as the documents give them",
			    columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t s = 0; s < c->n; s++)
		write_side(p, c, s);
	p->ops->table_end(p);
	p->ops->details_end(p);
}
