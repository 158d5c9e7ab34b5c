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

/* Each finding at a match's address has a number there. */
static void address_wrong(struct model *m, const struct match *x)
{
	const struct comparison *c = m->all;
	size_t n = 0;

	for (size_t s = 0; s < c->n; s++) {
		const struct item *it = x->items[s];
		size_t first;

		if (!outcome_wrong(it))
			continue;
		first = outcome_first(x, s);
		own(m, it)->entry = x->anchor;
		own(m, it)->finding = first == s ? ++n : x->items[first]->finding;
	}
}

/* What passed is where what went wrong at the same ring is. */
static void address_rest(struct model *m, const struct match *x,
			 const char *sound)
{
	const struct comparison *c = m->all;

	for (size_t s = 0; s < c->n; s++)
		if (x->items[s] && !outcome_wrong(x->items[s])) {
			own(m, x->items[s])->entry = sound;
			own(m, x->items[s])->finding = 1;
		}
}

void outcomes_address(struct model *m)
{
	const struct comparison *c = m->all;
	const char *sound = NULL;

	for (size_t i = 0; i < c->bench_count + c->probe_count; i++) {
		const struct match *x = &c->benches[i];

		/* Rings at which a probe passed share an entry. */
		if (!match_sound(c, x) || !i || !match_sound(c, x - 1) ||
		    !match_same_probe(x - 1, x))
			sound = x->anchor;
		address_wrong(m, x);
		address_rest(m, x, sound);
	}
}
