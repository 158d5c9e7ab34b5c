/*
 * A series: its name, and where it changed.
 */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "history/history.h"
#include "measure/stats.h"

static void param_put(struct text *t, const char *key, const json_t *v)
{
	char *dump = json_is_string(v) ? NULL : json_dumps(v, JSON_ENCODE_ANY);

	text_add(t, " ");
	text_visible(t, key);
	text_add(t, "=");
	text_visible(t, dump ? dump : json_string_value(v));
	free(dump);
}

void text_series(struct text *t, const char *item, const char *params,
		 const char *target)
{
	json_t *object = json_loads(params, 0, NULL), *v;
	size_t from = t->length;
	const char *key;

	text_visible(t, item);
	json_object_foreach(object, key, v)
		param_put(t, key, v);
	if (strcmp(target, "kvm")) {
		text_add(t, " on ");
		text_visible(t, target);
	}
	json_decref(object);
	/* text_visible keeps line ends: a name is one line */
	for (size_t i = from; t->data && i < t->length; i++)
		t->data[i] = t->data[i] == '\n' ? ' ' : t->data[i];
}

static int stretch_measure(const struct trend *s, struct stretch *x,
			   const struct stretch *before)
{
	size_t n = x->to - x->from;
	double *value = calloc(n + 1, sizeof(*value));

	if (!value)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		value[i] = s->point[x->from + i].median;
	if (stats_median(value, n, &x->median))
		x->median = NAN;
	x->ratio = before && before->median > 0 && x->median > 0 ?
		   x->median / before->median : NAN;
	free(value);
	return 0;
}

int series_cut(const struct trend *s, uint64_t seed, struct stretch **stretch,
	       size_t *count)
{
	double *value = calloc(s->count + 1, sizeof(*value));
	struct split *split = NULL;
	size_t splits = 0;
	int rc = -ENOMEM;

	*stretch = NULL;
	if (!value)
		goto out;
	for (size_t i = 0; i < s->count; i++)
		value[i] = s->point[i].median;
	rc = energy_splits(value, s->count, ENERGY_ALPHA, seed, &split,
			   &splits);
	if (!rc)
		*stretch = calloc(splits + 1, sizeof(**stretch));
	if (!rc && !*stretch)
		rc = -ENOMEM;
	for (size_t i = 0; i <= splits && !rc; i++) {
		struct stretch *x = *stretch + i;

		x->from = i ? split[i - 1].at : 0;
		x->to = i < splits ? split[i].at : s->count;
		x->p = i ? split[i - 1].p : NAN;
		rc = stretch_measure(s, x, i ? x - 1 : NULL);
	}
	*count = splits + 1;
	if (rc) {
		free(*stretch);
		*stretch = NULL;
	}
out:
	free(split);
	free(value);
	return rc;
}

bool stretch_worse(const struct trend *s, const struct stretch *x)
{
	return isfinite(x->ratio) && x->ratio != 1 &&
	       (x->ratio < 1) == s->higher;
}

void text_host_difference(struct text *t, const struct history_host *a,
			  const struct history_host *b)
{
	const struct {
		const char *what, *a, *b;
	} parts[] = {
		{ "env.cpu.model", a->cpu, b->cpu },
		{ "env.cpu.microcode", a->microcode, b->microcode },
		{ "env.kernel.release", a->kernel, b->kernel },
		{ "env.fingerprint", a->fingerprint, b->fingerprint },
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (!strcmp(parts[i].a, parts[i].b))
			continue;
		text_format(t, "%s ", parts[i].what);
		text_visible(t, *parts[i].a ? parts[i].a : "unknown");
		text_add(t, " to ");
		text_visible(t, *parts[i].b ? parts[i].b : "unknown");
		return;
	}
}

/* A host by its name: the same machine, taken for another from there on. */
void text_host_changes(struct text *t, const struct history *h)
{
	for (size_t i = 1; i < h->documents; i++) {
		const struct history_document *d = h->in_order[i], *before;
		size_t k = i;

		do
			before = h->in_order[--k];
		while (k && strcmp(before->host->name, d->host->name));
		if (before->host->group == d->host->group ||
		    strcmp(before->host->name, d->host->name))
			continue;
		text_add(t, "note: the fingerprint of host ");
		text_visible(t, d->host->name);
		text_add(t, " changed with ");
		text_visible(t, d->run);
		text_add(t, ": ");
		text_host_difference(t, before->host, d->host);
		text_add(t, ": every series begins anew there\n");
	}
}
