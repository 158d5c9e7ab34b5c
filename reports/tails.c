/*
 * A median hides what a user waits for. Which operations have tails worth a
 * picture is decided by the longest block against the median, on any target.
 */
#include "reports/tails.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

static double block_at(const json_t *samples, size_t i, size_t k)
{
	return field_double(json_array_get(json_array_get(samples, i), k), "");
}

static bool has_samples(const struct tails *t, const struct match *x,
			size_t side, size_t group)
{
	const struct item *it = x->items[side];
	const json_t *samples = it ? field_at(it->json, "samples") : NULL;
	size_t n = 0;

	if (t->c->sides[side].run->group != group || !it || !it->measured ||
	    !it->in_cycles || it->median <= 0)
		return false;
	for (size_t i = 0; i < json_array_size(samples); i++)
		n += json_array_size(json_array_get(samples, i));
	return n >= TAILS_LEAST;
}

/* The longest block over the median, on the target where it is worst. */
static double stretch(const struct tails *t, const struct match *x,
		      size_t group)
{
	double worst = 0;

	for (size_t s = 0; s < t->c->n; s++) {
		const json_t *samples;
		double most = 0;

		if (!has_samples(t, x, s, group))
			continue;
		samples = field_at(x->items[s]->json, "samples");
		for (size_t i = 0; i < json_array_size(samples); i++)
			for (size_t k = 0; k < json_array_size(
				     json_array_get(samples, i)); k++)
				most = fmax(most, block_at(samples, i, k));
		worst = fmax(worst, most / x->items[s]->median);
	}
	return worst;
}

static void keep_longest(struct tails *t, const struct match *x, double new,
			 double kept[TAILS_BANDS])
{
	size_t at = t->bands < TAILS_BANDS ? t->bands++ : TAILS_BANDS;

	while (at > 0 && kept[at - 1] < new) {
		if (at < TAILS_BANDS) {
			kept[at] = kept[at - 1];
			t->band[at] = t->band[at - 1];
		}
		at--;
	}
	if (at < TAILS_BANDS) {
		kept[at] = new;
		t->band[at] = x;
	}
}

static int ascending(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int tail_read(struct tail *tail, const struct item *it)
{
	const json_t *samples = field_at(it->json, "samples");
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(samples); i++)
		n += json_array_size(json_array_get(samples, i));
	tail->item = it;
	tail->block = calloc(n + 1, sizeof(*tail->block));
	if (!tail->block)
		return -ENOMEM;
	for (size_t i = 0; i < json_array_size(samples); i++)
		for (size_t k = 0; k < json_array_size(json_array_get(samples, i));
		     k++) {
			double x = block_at(samples, i, k);

			if (x > 0)	/* on a logarithmic axis */
				tail->block[tail->n++] = x;
		}
	qsort(tail->block, tail->n, sizeof(*tail->block), ascending);
	return 0;
}

static bool side_used(const struct tails *t, size_t side, size_t group)
{
	for (size_t b = 0; b < t->bands; b++)
		if (has_samples(t, t->band[b], side, group))
			return true;
	return false;
}

int tails_read(struct tails *t, const struct model *m, enum family family,
	       size_t group)
{
	double kept[TAILS_BANDS] = { 0 };
	int ret = 0;

	*t = (struct tails){ .c = m->all };
	for (size_t i = 0; i < t->c->bench_count; i++) {
		const struct match *x = &t->c->benches[i];
		double s = x->any->family == family ? stretch(t, x, group) : 0;

		if (s > 0)
			keep_longest(t, x, s, kept);
	}
	for (size_t s = 0; s < t->c->n && t->lanes < TAILS_LANES; s++)
		if (side_used(t, s, group))
			t->side[t->lanes++] = s;
	for (size_t b = 0; b < t->bands; b++)
		for (size_t l = 0; l < t->lanes && !ret; l++) {
			struct tail *tail = &t->tail[b][l];

			if (has_samples(t, t->band[b], t->side[l], group))
				ret = tail_read(tail, t->band[b]->items[t->side[l]]);
			t->most = tail->n > t->most ? tail->n : t->most;
		}
	return ret;
}

void tails_free(struct tails *t)
{
	for (size_t b = 0; b < TAILS_BANDS; b++)
		for (size_t l = 0; l < TAILS_LANES; l++)
			free(t->tail[b][l].block);
	*t = (struct tails){ 0 };
}
