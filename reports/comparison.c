/*
 * Which kind of virtualisation is the right match is asked of several results
 * at once: what the same operation costs and how the same probe ends, target
 * by target. Only what is measured alike, on the same host, has a ratio.
 */
#include "reports/comparison.h"
#include "reports/outcome.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct entry {
	const struct item *item;
	size_t side;
};

/* What every program does comes before what only a hypervisor sees. */
static size_t group_rank(const struct item *it)
{
	static const char *const first[] = { "process/", "memory/", "lifecycle/" };
	size_t n = sizeof(first) / sizeof(first[0]);

	for (size_t i = 0; it->is_bench && it->id && i < n; i++)
		if (!strncmp(it->id, first[i], strlen(first[i])))
			return i;
	return n;
}

/* Negative, 0 for the same match, or positive. */
static int match_order(const struct item *a, const struct item *b)
{
	size_t x = group_rank(a), y = group_rank(b);
	const char *s = a->subject ? a->subject : "";
	const char *t = b->subject ? b->subject : "";
	int order;

	if (a->is_bench != b->is_bench)
		return a->is_bench ? -1 : 1;
	if (x != y)
		return x < y ? -1 : 1;
	order = a->is_bench ? 0 : strcmp(s, t);
	if (!order)
		order = strcmp(a->key, b->key);
	return order ? order : a->ring - b->ring;
}

static int entry_order(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = match_order(x->item, y->item);

	return order ? order : (x->side > y->side) - (x->side < y->side);
}

static bool has_time(const struct item *it)
{
	return it->in_cycles && !isnan(it->ns);
}

/* One unit for a whole line: the one that leaves its numbers short. */
static struct scale match_scale(const struct comparison *c,
				const struct match *x)
{
	static const struct { const char *each, *byte; double by; } units[] = {
		{ "ns", "ns per byte", 1 }, { "\u00b5s", "\u00b5s per byte", 1e-3 },
		{ "ms", "ms per byte", 1e-6 }, { "s", "s per byte", 1e-9 },
	};
	const char *per = field_text(x->any->json, "per");
	const char *unit = field_text(x->any->json, "unit");
	bool byte = per && !strcmp(per, "byte");
	double least = INFINITY;
	size_t u = 0;

	for (size_t i = 0; i < c->n; i++) {
		if (!meaning_shown(match_meaning(c, x, i)))
			continue;
		if (!has_time(x->items[i]))
			return (struct scale){ x->any->in_cycles ? byte ?
				"cycles per byte" : "cycles" : unit, 1, false };
		least = fmin(least, fabs(x->items[i]->ns));
	}
	while (u < 3 && least != INFINITY && least * units[u].by >= 1e5)
		u++;
	return (struct scale){ byte ? units[u].byte : units[u].each,
			       units[u].by, true };
}

static void match_finish(const struct comparison *c, struct match *x)
{
	/* Only what was measured says in which unit. */
	for (size_t i = c->n; i-- > 0;)
		if (x->items[i] && x->items[i]->measured)
			x->any = x->items[i];
	x->scale = match_scale(c, x);
	x->least_ns = INFINITY;
	for (size_t i = 0; i < c->n; i++) {
		x->shown += meaning_shown(match_meaning(c, x, i));
		if (!match_drawn(c, x, i))
			continue;
		x->drawn++;
		x->least_ns = fmin(x->least_ns, x->items[i]->ns);
	}
}

static int matches_make(struct comparison *c, const struct entry *all, size_t n)
{
	struct match *x = NULL;

	c->bench_count = c->probe_count = 0;
	c->benches = calloc(n + 1, sizeof(*c->benches));
	if (!c->benches)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const struct item *it = all[i].item;

		if (!x || match_order(x->any, it)) {
			x = &c->benches[c->bench_count + c->probe_count];
			x->items = calloc(c->n, sizeof(*x->items));
			if (!x->items)
				return -ENOMEM;
			x->any = it;
			if (it->is_bench)
				c->bench_count++;
			else
				c->probe_count++;
		}
		if (!x->items[all[i].side])
			x->items[all[i].side] = it;
	}
	c->probes = c->benches + c->bench_count;
	for (size_t i = 0; i < c->bench_count; i++)
		match_finish(c, &c->benches[i]);
	comparison_choose(c);
	return 0;
}

static int matches_read(struct comparison *c)
{
	struct entry *all;
	size_t total = 0, n = 0;
	int ret;

	for (size_t s = 0; s < c->n; s++)
		total += c->sides[s].n;
	all = calloc(total + 1, sizeof(*all));
	if (!all)
		return -ENOMEM;
	for (size_t s = 0; s < c->n; s++)
		for (size_t i = 0; i < c->sides[s].n; i++)
			all[n++] = (struct entry){ c->sides[s].items[i], s };
	qsort(all, n, sizeof(*all), entry_order);
	ret = matches_make(c, all, n);
	free(all);
	return ret;
}

/* A result that names no target is no kind of virtualisation. */
static bool targets_differ(const struct comparison *c)
{
	const char *first = NULL;

	for (size_t i = 0; i < c->n; i++) {
		const char *target = c->sides[i].target;

		if (first && target && strcmp(first, target))
			return true;
		first = first ? first : target;
	}
	return false;
}

static int matches_name(struct comparison *c)
{
	size_t n = c->bench_count + c->probe_count;
	char ***anchors = calloc(n + 1, sizeof(*anchors));
	int ret = anchors ? 0 : -ENOMEM;

	for (size_t i = 0; !ret && i < n; i++) {
		const struct item *it = c->benches[i].any;

		c->benches[i].anchor = anchor_short(it->key, it->ring);
		ret = c->benches[i].anchor ? 0 : -ENOMEM;
		anchors[i] = &c->benches[i].anchor;
	}
	if (!ret)
		ret = anchors_unique(anchors, n);
	free(anchors);
	return ret;
}

/* The one of both: every side, or as many as a table has columns. */
static int comparison_make(const struct model *m, size_t most,
			   struct comparison **made)
{
	struct comparison *c = calloc(1, sizeof(*c));
	int ret;

	*made = c;
	if (!c)
		return -ENOMEM;
	c->most = most;
	ret = comparison_sides(c, m);
	if (!ret)
		ret = matches_read(c);
	if (!ret)
		ret = matches_name(c);
	c->golden = NO_SIDE;
	for (size_t i = c->n; i-- > 0;)
		if (c->sides[i].target && !strcmp(c->sides[i].target, "native"))
			c->golden = i;
	return ret;
}

int comparison_read(struct model *m)
{
	size_t results = 0;
	int ret;

	for (size_t r = 0; r < m->n; r++)
		results += m->runs[r].n;
	ret = comparison_make(m, results ? results : 1, &m->all);
	if (!ret)
		outcomes_address(m);
	if (!ret && targets_differ(m->all))
		ret = comparison_make(m, SIDES_MOST, &m->comparison);
	return ret;
}

void comparison_free(struct comparison *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n; i++) {
		free(c->sides[i].items);
		free(c->sides[i].label);
	}
	/* One array: the probes stand behind the benches. */
	for (size_t i = 0; c->benches && c->benches[i].items; i++) {
		free(c->benches[i].anchor);
		free(c->benches[i].items);
	}
	free(c->benches);
	free(c->sides);
	free(c);
}
