/*
 * Which results may stand in one column. Two documents of one target may be
 * the halves of one description, benches here and probes there; or two
 * measurements of the same thing, which only the reader may choose between.
 */
#include "reports/comparison.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "reports/number.h"

static bool same_text(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

/* Unknown is not the same as unknown. */
static bool same_host(const struct run *a, const struct run *b)
{
	return a == b || (same_text(a->host, b->host) &&
	       same_text(field_text(a->env, "fingerprint"),
			 field_text(b->env, "fingerprint")));
}

static bool same_program(const struct run *a, const struct run *b)
{
	return same_text(field_text(a->vmgauge, "image_sha256"),
			 field_text(b->vmgauge, "image_sha256")) &&
	       a->times_meaningful == b->times_meaningful &&
	       !a->software_host == !b->software_host;
}

static int item_order(const void *a, const void *b)
{
	const struct item *x = *(const struct item *const *)a;
	const struct item *y = *(const struct item *const *)b;
	int order = strcmp(x->key, y->key);

	if (order)
		return order;
	return x->ring != y->ring ? x->ring - y->ring :
	       (int)x->is_bench - (int)y->is_bench;
}

static bool same_target(const struct side *s, const struct item *it)
{
	return s->target == it->target || same_text(s->target, it->target);
}

/* Does any result that would come in stand there already? */
static bool overlaps(const struct side *s, const struct run *run)
{
	for (size_t i = 0; i < run->n; i++) {
		const struct item *it = &run->items[i];

		if (same_target(s, it) && bsearch(&it, s->items, s->n,
						  sizeof(*s->items), item_order))
			return true;
	}
	return false;
}

static int side_take(struct side *s, const struct run *run)
{
	const struct item **items;

	items = realloc(s->items, (s->n + run->n) * sizeof(*items));
	if (!items)
		return -ENOMEM;
	s->items = items;
	for (size_t i = 0; i < run->n; i++)
		if (same_target(s, &run->items[i]))
			s->items[s->n++] = &run->items[i];
	qsort(s->items, s->n, sizeof(*s->items), item_order);
	return 0;
}

static struct side *side_for(struct comparison *c, const struct run *run,
			     const struct item *it)
{
	for (size_t i = 0; i < c->n; i++) {
		struct side *s = &c->sides[i];

		if (s->run && s->run != run && same_target(s, it) &&
		    same_host(s->run, run) && same_program(s->run, run) &&
		    !overlaps(s, run))
			return s;
	}
	if (c->n == c->most) {
		c->left_out++;
		return NULL;
	}
	c->sides[c->n] = (struct side){ .kind = kind_of(it->target),
					.target = it->target, .run = run };
	return &c->sides[c->n++];
}

/* Each target that the run has results of goes to one side. */
static int run_divide(struct comparison *c, const struct run *run)
{
	for (size_t i = 0; i < run->n; i++) {
		struct side *s;
		size_t k = 0;

		while (k < i && run->items[k].target != run->items[i].target &&
		       !same_text(run->items[k].target, run->items[i].target))
			k++;
		s = k == i ? side_for(c, run, &run->items[i]) : NULL;
		if (s && side_take(s, run))
			return -ENOMEM;
	}
	return 0;
}

static int side_order(const void *a, const void *b)
{
	const struct side *x = a, *y = b;
	size_t left = kind_rank(x->kind), right = kind_rank(y->kind);
	int order;

	if (left != right)
		return left < right ? -1 : 1;
	order = strcmp(x->target ? x->target : "", y->target ? y->target : "");
	if (order)
		return order;
	return (x->run > y->run) - (x->run < y->run);	/* as they were given */
}

/* As much of host, time and number as tells it from its twins. */
static int side_name(struct comparison *c, size_t i)
{
	struct side *s = &c->sides[i];
	bool twins = false, same = false;
	struct text t = { 0 };

	for (size_t k = 0; k < c->n; k++)
		if (k != i && same_text(c->sides[k].target, s->target)) {
			twins = true;
			same |= same_text(c->sides[k].run->host, s->run->host);
			s->twin += k < i;
		}
	text_format(&t, "%.64s", s->target ? s->target : "unnamed target");
	if (twins)
		text_format(&t, " on %.64s", s->run->host ? s->run->host :
			    "an unnamed host");
	if (same)
		text_format(&t, ", %s (%zu)", number_date(field_text(s->run->run,
			    "started")).s, s->twin + 1);
	if (t.failed)
		text_free(&t);
	s->label = t.data;
	return s->label ? 0 : -ENOMEM;
}

int comparison_sides(struct comparison *c, const struct model *m)
{
	c->sides = calloc(c->most, sizeof(*c->sides));
	if (!c->sides)
		return -ENOMEM;
	for (size_t r = 0; r < m->n; r++)
		if (run_divide(c, &m->runs[r]))
			return -ENOMEM;
	qsort(c->sides, c->n, sizeof(*c->sides), side_order);
	for (size_t i = 0; i < c->n; i++) {
		c->sides[i].native = NO_SIDE;
		if (side_name(c, i))
			return -ENOMEM;
		for (size_t k = c->n; k-- > 0;)
			if (same_text(c->sides[k].target, "native") &&
			    same_host(c->sides[k].run, c->sides[i].run))
				c->sides[i].native = k;
	}
	return 0;
}
