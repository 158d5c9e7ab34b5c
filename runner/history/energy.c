/*
 * E-divisive: split, ask chance, go on inside the parts; see energy.h.
 */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "history/energy.h"
#include "history/energy_scan.h"
#include "measure/rng.h"

enum { PERMUTATIONS = 999,	/* for a stretch up to LONG */
       PERMUTATIONS_LONG = 199, LONG = 2000,
       PERMUTATIONS_MOST = 20000,
       WINDOW = 40, ROUNDS = 8 };

struct search {
	const double *value;
	double alpha;
	struct rng rng;
	struct scan scan;
	struct split *found;	/* in no order */
	size_t count, room;
};

/*
 * P(a split as good by chance), by permutations of what scan holds. A stretch
 * that is plainly chance is given up as soon as it can no longer be below
 * alpha (Besag and Clifford 1991): the answer is then some p above it.
 */
static double chance(struct search *s, double statistic, double alpha)
{
	size_t most = s->scan.n > LONG ? PERMUTATIONS_LONG : PERMUTATIONS;
	size_t as_good = 0, done = 0, at;

	if (1 / alpha > (double)most)	/* a level that needs more of them */
		most = (size_t)fmin(ceil(4 / alpha), PERMUTATIONS_MOST);
	while (done < most) {
		rng_shuffle(&s->rng, s->scan.order, s->scan.n,
			    sizeof(*s->scan.order));
		done++;
		as_good += scan_best(&s->scan, ENERGY_SEGMENT_LEAST, &at) >=
			   statistic * (1 - 1e-12);
		if ((double)(as_good + 1) > alpha * (double)(most + 1))
			break;
	}
	return (double)(as_good + 1) / (double)(done + 1);
}

/* The best split of [low, high) if it is more than chance. */
static bool stretch_split(struct search *s, size_t low, size_t high,
			  double alpha, struct split *split)
{
	double statistic;
	size_t at;

	if (high - low < 2 * ENERGY_SEGMENT_LEAST)
		return false;
	scan_load(&s->scan, s->value + low, high - low);
	statistic = scan_best(&s->scan, ENERGY_SEGMENT_LEAST, &at);
	/* equal values have distances that only rounding made */
	if (!at || statistic <= 1e-9 * s->scan.total / (double)s->scan.n)
		return false;
	split->at = low + at;
	split->p = chance(s, statistic, alpha);
	return split->p <= alpha;
}

/* The first of the windows in [low, high) that has a split. */
static bool window_split(struct search *s, size_t low, size_t high,
			 struct split *split)
{
	size_t windows = (high - low) / (WINDOW / 2);

	if (high - low <= WINDOW + WINDOW / 2)
		return false;
	for (size_t from = low; from + WINDOW / 2 < high; from += WINDOW / 2) {
		size_t to = from + WINDOW < high ? from + WINDOW : high;

		if (stretch_split(s, from, to, s->alpha / (double)windows,
				  split))
			return true;
	}
	return false;
}

static int found_add(struct search *s, struct split split)
{
	if (s->count == s->room) {
		size_t room = s->room * 2 + 16;
		struct split *more = realloc(s->found, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		s->found = more;
		s->room = room;
	}
	s->found[s->count++] = split;
	return 0;
}

static int by_place(const void *a, const void *b)
{
	const struct split *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

/* Splits of [low, high); no deeper than the logarithm, by the smaller part. */
static int divide(struct search *s, size_t low, size_t high)
{
	while (high - low >= 2 * ENERGY_SEGMENT_LEAST) {
		struct split split;
		int rc;

		if (!stretch_split(s, low, high, s->alpha, &split) &&
		    !window_split(s, low, high, &split))
			return 0;
		rc = found_add(s, split);
		if (rc)
			return rc;
		if (split.at - low < high - split.at) {
			rc = divide(s, low, split.at);
			low = split.at;
		} else {
			rc = divide(s, split.at, high);
			high = split.at;
		}
		if (rc)
			return rc;
	}
	return 0;
}

/* Each split anew between its neighbours: true if something changed. */
static bool refine(struct search *s, size_t n)
{
	bool changed = false;
	size_t kept = 0;

	for (size_t i = 0; i < s->count; i++) {
		size_t low = kept ? s->found[kept - 1].at : 0;
		size_t high = i + 1 < s->count ? s->found[i + 1].at : n;
		struct split split;

		if (!stretch_split(s, low, high, s->alpha, &split)) {
			changed = true;
			continue;
		}
		changed |= split.at != s->found[i].at;
		s->found[kept++] = split;
	}
	s->count = kept;
	return changed;
}

int energy_splits(const double *value, size_t n, double alpha, uint64_t seed,
		  struct split **split, size_t *count)
{
	struct search s = { .value = value, .alpha = alpha };
	int rc;

	*split = NULL;
	*count = 0;
	for (size_t i = 0; i < n; i++)
		if (!isfinite(value[i]))
			return -EINVAL;
	if (!(alpha > 0 && alpha < 1) || n > UINT32_MAX)
		return -EINVAL;
	rng_seed(&s.rng, seed);
	rc = scan_open(&s.scan, n);
	if (!rc)
		rc = divide(&s, 0, n);
	if (!rc && s.count) {
		qsort(s.found, s.count, sizeof(*s.found), by_place);
		for (int i = 0; i < ROUNDS && refine(&s, n); i++)
			;
	}
	scan_close(&s.scan);
	if (rc || !s.count) {
		free(s.found);
		return rc;
	}
	*split = s.found;
	*count = s.count;
	return 0;
}

int energy_best(const double *value, size_t n, size_t *at, double *statistic)
{
	struct scan scan;
	int rc = scan_open(&scan, n);

	*at = 0;
	*statistic = 0;
	if (!rc) {
		scan_load(&scan, value, n);
		*statistic = scan_best(&scan, ENERGY_SEGMENT_LEAST, at);
	}
	scan_close(&scan);
	return rc;
}
