/*
 * Which operations several targets have in common, that a picture has room
 * for; and the span of their times.
 */
#include "reports/compared.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DRAWN_MOST = 30 };	/* lines that still make a picture */

static int by_sides(const void *a, const void *b)
{
	const struct match *x = *(const struct match *const *)a;
	const struct match *y = *(const struct match *const *)b;

	if (x->drawn != y->drawn)
		return x->drawn > y->drawn ? -1 : 1;
	return (x > y) - (x < y);	/* as in the table */
}

static int by_time(const void *a, const void *b)
{
	const struct match *x = *(const struct match *const *)a;
	const struct match *y = *(const struct match *const *)b;

	if (x->least_ns != y->least_ns)
		return x->least_ns < y->least_ns ? -1 : 1;
	return (x > y) - (x < y);
}

bool compared_drawn(const struct compared *t, const struct match *x, size_t side)
{
	return t->c->sides[side].run->group == t->f->group &&
	       match_drawn(t->c, x, side);
}

/* Working sets and page sizes are curves and a map: dots say less of them. */
static bool has_figure(const struct item *it)
{
	return it->id && (!strncmp(it->id, "memory/curve_", 13) ||
			  !strncmp(it->id, "memory/walk_", 12));
}

static size_t count_drawn(const struct compared *t, const struct match *x)
{
	size_t n = 0;

	if (t->f->family == FAMILY_COUNT ? !x->chosen :
	    x->any->family != t->f->family || has_figure(x->any))
		return 0;
	for (size_t i = 0; i < t->c->n; i++)
		n += compared_drawn(t, x, i);
	return n;
}

bool compared_choose(struct compared *t)
{
	const struct comparison *c = t->c;

	t->rows = calloc(c->bench_count + 1, sizeof(*t->rows));
	if (!t->rows)
		return false;
	for (size_t i = 0; i < c->bench_count; i++)
		if (count_drawn(t, &c->benches[i]) > 1)
			t->rows[t->candidates++] = &c->benches[i];
	if (!t->candidates)
		return false;
	qsort(t->rows, t->candidates, sizeof(*t->rows), by_sides);
	t->n = t->candidates < DRAWN_MOST ? t->candidates : DRAWN_MOST;
	qsort(t->rows, t->n, sizeof(*t->rows), by_time);
	return true;
}

void compared_measure(struct compared *t)
{
	t->low = INFINITY;
	for (size_t i = 0; i < t->c->n; i++) {
		bool used = false;

		for (size_t r = 0; r < t->n; r++) {
			const struct match *x = t->rows[r];
			const struct item *it = x->items[i];

			if (!compared_drawn(t, x, i))
				continue;
			used = true;
			t->any = t->c->sides[i].run;
			t->tainted += meaning_tainted(it);
			t->marks++;
			t->hollow += !meaning_proven(it);
			t->bare += isnan(it->low) || isnan(it->high);
			t->to_edge += it->low <= 0;
			t->low = fmin(t->low, it->ns);
			t->high = fmax(t->high, it->ns);
			if (it->high > it->median)
				t->high = fmax(t->high, item_ns(it, it->high));
		}
		if (used)
			t->lane[i] = ++t->lanes;
	}
	t->low /= 1.4;
	t->high *= 1.4;
}
