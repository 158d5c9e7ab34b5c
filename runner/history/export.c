/*
 * Every point of the chosen series, for programs: CSV (RFC 4180) and JSON, one
 * object a line.
 */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "export/escape.h"
#include "history/history.h"
#include "result/doc.h"

struct table {
	struct text *t;
	uint64_t seed;
};

static int csv_series(void *opaque, const struct trend *s, struct error *e)
{
	struct text *t = ((const struct table *)opaque)->t;

	for (size_t i = 0; i < s->count; i++) {
		const struct point *p = &s->point[i];
		const struct history_document *d = p->document;
		const char *cell[] = { s->item, s->params, s->target, s->unit,
				       d->host->fingerprint, d->started,
				       d->run, d->version, d->image };

		for (size_t k = 0; k < sizeof(cell) / sizeof(cell[0]); k++) {
			text_csv(t, cell[k]);
			text_add(t, ",");
		}
		text_real(t, p->median);
		text_add(t, ",");
		text_real(t, p->low);
		text_add(t, ",");
		text_real(t, p->high);
		text_add(t, "\r\n");
	}
	return t->failed ? error_set(e, -ENOMEM, "out of memory") : 0;
}

int history_csv(struct history *h, const struct selection *want,
		struct text *t, struct error *e)
{
	struct table table = { .t = t };

	text_add(t, "item,params,target,unit,fingerprint,started,run,vmgauge,"
		 "image,median,low,high\r\n");
	return history_walk(h, want, csv_series, &table, e);
}

static json_t *number(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static json_t *points_json(const struct trend *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->count; i++) {
		const struct point *p = &s->point[i];

		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, "
			"s:o, s:o, s:o}", "run", p->document->run,
			"started", p->document->started,
			"vmgauge", p->document->version,
			"image_sha256", p->document->image,
			"median", number(p->median), "low", number(p->low),
			"high", number(p->high)));
	}
	return list;
}

static json_t *changes_json(const struct trend *s, uint64_t seed)
{
	struct stretch *stretch;
	json_t *list = json_array();
	size_t count;

	if (series_cut(s, seed, &stretch, &count)) {
		json_decref(list);
		return NULL;
	}
	for (size_t i = 1; i < count; i++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:f, "
			"s:o, s:o, s:o, s:b}",
			"run", s->point[stretch[i].from].document->run,
			"started", s->point[stretch[i].from].document->started,
			"point", (json_int_t)stretch[i].from,
			"p", stretch[i].p,
			"before", number(stretch[i - 1].median),
			"after", number(stretch[i].median),
			"ratio", number(stretch[i].ratio),
			"worse", stretch_worse(s, &stretch[i])));
	free(stretch);
	return list;
}

static int json_series(void *opaque, const struct trend *s, struct error *e)
{
	const struct table *table = opaque;
	json_t *params = json_loads(s->params, 0, NULL), *object;
	json_t *changes = changes_json(s, table->seed);
	char *line = NULL;

	object = changes ? json_pack("{s:s, s:o, s:s, s:s, s:s, s:s, s:o, s:o}",
		"item", s->item, "params", params ? params : json_object(),
		"target", s->target, "unit", s->unit,
		"better", s->higher ? "higher" : "lower",
		"fingerprint", s->host->fingerprint,
		"changes", changes, "points", points_json(s)) : NULL;
	if (object)
		line = json_dumps(object, DOC_JSON_FLAGS);
	json_decref(object);
	if (!line)
		return error_set(e, -ENOMEM, "out of memory");
	text_add(table->t, line);
	text_add(table->t, "\n");
	free(line);
	return table->t->failed ? error_set(e, -ENOMEM, "out of memory") : 0;
}

int history_json(struct history *h, const struct selection *want,
		 uint64_t seed, struct text *t, struct error *e)
{
	struct table table = { .t = t, .seed = seed };

	return history_walk(h, want, json_series, &table, e);
}
