/*
 * The largest difference of many is large by luck, too. So pairs are ranked
 * not by their ratio but by what is left of it at the nearer bound; what the
 * intervals cannot tell from nothing comes after all that they can.
 */
#include "reports/difference.h"

#include <math.h>

/* How far from 1 at least; 0 = it may be none. */
static double certain(const struct ratio *r)
{
	if (r->low > 1)
		return log(r->low);
	return r->high < 1 && r->high > 0 ? -log(r->high) : 0;
}

/* What is certain comes first, then what would be most if it were. */
static bool before(const struct ratio *a, const struct ratio *b)
{
	if (certain(a) != certain(b))
		return certain(a) > certain(b);
	return fabs(log(a->value)) > fabs(log(b->value));
}

bool difference_certain(const struct ratio *r)
{
	return certain(r) > 0;
}

static void keep(struct differences *d, const struct difference *new)
{
	size_t at = d->n < DIFFERENCES_MOST ? d->n++ : DIFFERENCES_MOST;

	while (at > 0 && before(&new->ratio, &d->top[at - 1].ratio)) {
		if (at < DIFFERENCES_MOST)
			d->top[at] = d->top[at - 1];
		at--;
	}
	if (at < DIFFERENCES_MOST)
		d->top[at] = *new;
}

static void count(struct differences *d, const struct ratio *r)
{
	d->compared++;
	d->more += r->low > 1;
	d->less += r->high < 1;
	d->unbounded += isnan(r->low);
	if (!isnan(r->level))
		d->level = fmin(d->level, r->level);
}

static size_t base_of(const struct comparison *c, const struct match *x,
		      size_t side)
{
	for (size_t s = 0; s < side; s++)
		if (c->sides[s].run->group == c->sides[side].run->group &&
		    meaning_shown(match_meaning(c, x, s)))
			return s;
	return NO_SIDE;
}

static void match_read(const struct comparison *c, const struct match *x,
		       struct differences *d)
{
	struct difference best = { .match = NULL };

	for (size_t s = 1; s < c->n; s++) {
		size_t base = base_of(c, x, s);
		struct ratio r;

		if (base == NO_SIDE)
			continue;
		r = match_ratio_to(c, x, s, base);
		if (isnan(r.value))
			continue;
		count(d, &r);
		if (r.value > 0 && (!best.match || before(&r, &best.ratio)))
			best = (struct difference){ x, s, base, r };
	}
	if (best.match)
		keep(d, &best);
}

void differences_read(const struct comparison *c, struct differences *d)
{
	*d = (struct differences){ .level = 1 };
	for (size_t i = 0; i < c->bench_count; i++)
		match_read(c, &c->benches[i], d);
	d->open = d->compared - d->more - d->less - d->unbounded;
}
