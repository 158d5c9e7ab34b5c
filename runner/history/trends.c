/*
 * A report is of some hosts: of all that a store has, their series are taken,
 * and everything copied, so that the store is closed before a page is written.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "history/history.h"
#include "history/trends.h"

enum { SEED = 1 };		/* that of `vmgauge history` */

struct taking {
	struct trends *to;
	json_t *const *docs;
	size_t n;
};

static bool host_wanted(const struct taking *k, const char *fingerprint)
{
	for (size_t i = 0; i < k->n; i++) {
		const char *of = json_string_value(json_object_get(json_object_get(
			k->docs[i], "env"), "fingerprint"));

		if (of && fingerprint && !strcmp(of, fingerprint))
			return true;
	}
	return false;
}

static int copy(char **to, const char *from)
{
	*to = from ? strdup(from) : NULL;
	return from && !*to ? -ENOMEM : 0;
}

static int points_copy(struct trend_series *to, const struct trend *from)
{
	int rc = 0;

	to->point = calloc(from->count, sizeof(*to->point));
	if (!to->point)
		return -ENOMEM;
	for (size_t i = 0; i < from->count && !rc; i++) {
		const struct point *p = &from->point[i];
		struct trend_point *q = &to->point[to->points++];

		q->median = p->median;
		q->low = p->low;
		q->high = p->high;
		rc = copy(&q->run, p->document->run);
		if (!rc)
			rc = copy(&q->started, p->document->started);
	}
	return rc;
}

static int stretches_copy(struct trend_series *to, const struct trend *from)
{
	struct stretch *stretch = NULL;
	size_t count = 0;
	int rc = series_cut(from, SEED, &stretch, &count);

	if (!rc)
		to->stretch = calloc(count, sizeof(*to->stretch));
	if (!rc && !to->stretch)
		rc = -ENOMEM;
	for (size_t i = 0; i < count && !rc; i++)
		to->stretch[to->stretches++] = (struct trend_stretch){
			.from = stretch[i].from, .to = stretch[i].to,
			.median = stretch[i].median, .ratio = stretch[i].ratio,
			.p = stretch[i].p,
			.worse = i && stretch_worse(from, &stretch[i]) };
	free(stretch);
	return rc;
}

static int series_take(void *opaque, const struct trend *s, struct error *e)
{
	struct taking *k = opaque;
	struct trend_series *to;
	int rc;

	if (s->count < 2 || !s->host->known ||
	    !host_wanted(k, s->host->fingerprint))
		return 0;
	to = trends_add(k->to);
	rc = to ? copy(&to->name, s->name) : -ENOMEM;
	if (!rc)
		rc = copy(&to->unit, s->unit);
	if (!rc)
		rc = copy(&to->host, s->host->fingerprint);
	if (!rc)
		rc = points_copy(to, s);
	if (!rc)
		rc = stretches_copy(to, s);
	return rc ? error_set(e, rc, "out of memory") : 0;
}

int history_trends(struct trends *t, const char *path, json_t *const docs[],
		   size_t n, struct error *e)
{
	struct taking k = { .to = t, .docs = docs, .n = n };
	const struct selection all = { .globs = NULL };
	struct history h = { .store = NULL };
	struct store s = { .db = NULL };
	int rc;

	*t = (struct trends){ .series = NULL };
	rc = store_open(&s, path, false, STORE_WAIT_S, e);
	if (!rc) {
		rc = history_open(&h, &s, 0, e);
		if (!rc)
			rc = history_walk(&h, &all, series_take, &k, e);
		for (size_t i = 0; i < h.documents; i++)
			t->runs += h.document[i].host->known &&
				   host_wanted(&k, h.document[i].host->fingerprint);
		history_close(&h);
	}
	store_close(&s);
	if (!rc)
		trends_sort(t);
	return rc;
}
