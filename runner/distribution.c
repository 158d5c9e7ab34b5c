/*
 * What a median leaves out: tails, the mean, and whether there is one hump.
 *
 * All are over the blocks of all instances, each less its own instance's
 * empty operation. A block is a batch, so that these are tails of batches;
 * single operations are only timed where a round trip is taken apart.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "instance.h"
#include "measure/humps.h"
#include "measure/stats.h"

#define MEAN_DIFFERS	0.05

static double empty_median(const json_t *record)
{
	const json_t *empty = json_object_get(record, "empty"), *x;
	double v[ABI_BLOCKS_MAX], median = 0;
	size_t i, n = 0;

	json_array_foreach((json_t *)empty, i, x)
		if (n < ABI_BLOCKS_MAX)
			v[n++] = json_number_value(x);
	return stats_median(v, n, &median) ? 0 : median;
}

/* All blocks, ascending; NULL when there are none, or no memory. */
static double *blocks_of(const struct series *s, size_t *n)
{
	const struct bench *b = s->item->bench;
	double per_op = b->per_op ? b->per_op : 1, *v;
	size_t i, k, most = 0;
	json_t *record, *x;

	json_array_foreach(s->instances, i, record)
		most += json_array_size(json_object_get(record, "samples"));
	v = calloc(most + 1, sizeof(*v));
	*n = 0;
	json_array_foreach(s->instances, i, record) {
		double empty = b->control ? 0 : empty_median(record);

		json_array_foreach(json_object_get(record, "samples"), k, x)
			if (v)
				v[(*n)++] = (json_number_value(x) - empty) /
					    per_op;
	}
	if (v && stats_sort(v, *n)) {
		free(v);
		return NULL;
	}
	return v;
}

static json_t *tails_json(const double *v, size_t n)
{
	static const struct {
		const char *name;
		double p;
	} tail[] = {
		{ "p90", 0.9 }, { "p95", 0.95 }, { "p99", 0.99 },
		{ "p99.9", 0.999 },
	};
	json_t *tails = json_object();
	double value;

	for (size_t i = 0; i < sizeof(tail) / sizeof(tail[0]); i++)
		if (!stats_tail(v, n, tail[i].p, &value))
			json_object_set_new(tails, tail[i].name,
					    json_real(value));
	return tails;
}

void distribution_put(json_t *result, const struct series *s, double median)
{
	json_t *flags = json_object_get(result, "flags"), *humps = NULL;
	struct hump hump[2];
	double mean = 0, *v;
	size_t n;

	v = blocks_of(s, &n);
	if (!v)
		return;
	for (size_t i = 0; i < n; i++)
		mean += v[i] / (double)n;
	json_object_set_new(result, "mean", json_real(mean));
	if (median > 0 && fabs(mean / median - 1) > MEAN_DIFFERS)
		json_array_append_new(flags, json_string("mean_differs"));
	if (humps_find(v, n, hump)) {
		humps = json_pack("[{s:f, s:f}, {s:f, s:f}]",
				  "value", hump[0].value, "share",
				  hump[0].share, "value", hump[1].value,
				  "share", hump[1].share);
		json_array_append_new(flags, json_string("two_humps"));
	}
	json_object_set_new(result, "humps", humps ? humps : json_null());
	json_object_set_new(result, "tails", tails_json(v, n));
	free(v);
}
