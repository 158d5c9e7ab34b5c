/*
 * The same verdict for the same reason at the same checks is one finding,
 * however many targets have it; anything less alike is another.
 */
#include "reports/outcome.h"

#include <string.h>

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool same_outcome(const struct item *a, const struct item *b)
{
	const json_t *x = field_at(a->json, "checks");
	const json_t *y = field_at(b->json, "checks");

	return a->verdict == b->verdict && same_text(a->reason, b->reason) &&
	       same_text(field_text(a->json, "expected_failure"),
			 field_text(b->json, "expected_failure")) &&
	       (x == y || json_equal(x, y));
}

bool outcome_wrong(const struct item *it)
{
	return it && it->verdict != VERDICT_PASS && it->verdict != VERDICT_SKIP;
}

size_t outcome_first(const struct match *x, size_t side)
{
	for (size_t s = 0; s < side; s++)
		if (x->items[s] && same_outcome(x->items[s], x->items[side]))
			return s;
	return side;
}

/* The model's own, which the comparison may only read. */
static struct item *own(struct model *m, const struct item *it)
{
	struct run *run = &m->runs[it->run];

	return &run->items[it - run->items];
}

static void number_wrong(struct model *m, const struct match *x, size_t *n)
{
	const struct comparison *c = m->all;

	for (size_t s = 0; s < c->n; s++) {
		size_t first;

		if (!outcome_wrong(x->items[s]))
			continue;
		first = outcome_first(x, s);
		own(m, x->items[s])->entry = first == s ? ++*n :
					     x->items[first]->entry;
	}
}

/* What passed is where what went wrong at the same ring is. */
static void number_rest(struct model *m, const struct match *x, size_t entry)
{
	const struct comparison *c = m->all;

	for (size_t s = c->n; s-- > 0;)
		if (outcome_wrong(x->items[s]))
			entry = x->items[s]->entry;
	for (size_t s = 0; s < c->n; s++)
		if (x->items[s] && !outcome_wrong(x->items[s]))
			own(m, x->items[s])->entry = entry;
}

void outcomes_number(struct model *m)
{
	const struct comparison *c = m->all;
	size_t n = 0;

	for (size_t i = 0; i < c->bench_count + c->probe_count; i++) {
		const struct match *x = &c->benches[i];

		/* Rings at which a probe passed share an entry. */
		if (match_sound(c, x) && (!i || !match_sound(c, x - 1) ||
					  !match_same_probe(x - 1, x)))
			n++;
		number_wrong(m, x, &n);
		number_rest(m, x, n);
	}
}
