/*
 * From points to the rows that the gate of `compare` judges.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "history/gate_rows.h"
#include "result/doc.h"

struct build {
	struct history_gate *g;
	struct history *h;
	uint64_t seed;
	sqlite3_stmt *points, *point, *verdict, *missing;
};

static const struct {
	size_t at;
	const char *text;
} queries[] = {
	{ offsetof(struct build, points),
	  "SELECT s.item,s.params,s.target,s.unit,s.higher,p.verdict,"
	  "p.expected,p.reason,p.attested,p.instances,s.id,s.kind FROM point p "
	  "JOIN series s ON s.id=p.series WHERE p.document=?1 "
	  "ORDER BY s.item,s.params,s.target" },
	{ offsetof(struct build, point),
	  "SELECT median,attested,instances FROM point WHERE series=?1 AND "
	  "document=?2 AND median IS NOT NULL" },
	{ offsetof(struct build, verdict),
	  "SELECT p.verdict,p.reason FROM series s JOIN point p ON "
	  "p.series=s.id WHERE s.item=?1 AND s.params=?2 AND s.target=?3 AND "
	  "p.document=?4" },
	{ offsetof(struct build, missing),
	  "SELECT s.item,s.params,s.target FROM point p JOIN series s ON "
	  "s.id=p.series WHERE p.document=?1 AND NOT EXISTS(SELECT 1 FROM "
	  "series o JOIN point q ON q.series=o.id WHERE q.document=?2 AND "
	  "o.item=s.item AND o.params=s.params AND o.target=s.target) "
	  "ORDER BY s.item,s.params" },
};

static json_t *document_json(const struct history_document *d)
{
	return json_pack("{s:{s:s}, s:{s:s, s:{s:s, s:s}, s:{s:s}}}",
			 "run", "id", d->run, "env",
			 "fingerprint", d->host->fingerprint,
			 "cpu", "model", d->host->cpu,
			 "microcode", d->host->microcode,
			 "kernel", "release", d->host->kernel);
}

static int side_make(struct set *s, const char *name,
		     const struct history_document *const *d, size_t count)
{
	*s = (struct set){ .name = name };
	s->doc = calloc(count, sizeof(*s->doc));
	s->path = calloc(count, sizeof(*s->path));
	for (size_t i = 0; s->doc && s->path && i < count; i++) {
		s->doc[i] = document_json(d[i]);
		s->path[i] = strdup(d[i]->source);
		s->count++;
		if (!s->doc[i] || !s->path[i])
			return -ENOMEM;
	}
	return s->doc && s->path ? 0 : -ENOMEM;
}

int gate_sides(struct history_gate *g, struct error *e)
{
	if (side_make(&g->compare.base, "BASE", g->past, g->pasts) ||
	    side_make(&g->compare.fresh, "NEW", &g->newest, 1))
		return error_set(e, -ENOMEM, "out of memory");
	return 0;
}

/* What rows ask of a result: lasts as long as the gate. */
static const json_t *result_keep(struct build *b, int severity,
				 const char *reason)
{
	const char *params = (const char *)sqlite3_column_text(b->points, 1);
	const char *verdict = doc_verdict_name(severity);
	json_t *object = params ? json_loads(params, 0, NULL) : NULL, *result;

	result = json_pack("{s:s, s:s, s:s, s:o, s:s, s:s, s:s, s:s*, "
			   "s:s*}",
		"id", sqlite3_column_text(b->points, 0),
		"kind", sqlite3_column_text(b->points, 11),
		"target", sqlite3_column_text(b->points, 2),
		"params", object ? object : json_object(),
		"unit", sqlite3_column_text(b->points, 3),
		"better", sqlite3_column_int(b->points, 4) ? "higher" : "lower",
		"verdict", verdict ? verdict : "error", "reason", reason,
		"expected_failure", sqlite3_column_int(b->points, 6) ?
		"it was expected when it ran" : NULL);
	if (!result || json_array_append_new(b->g->kept, result))
		return NULL;
	return result;
}

static unsigned int attest_of(sqlite3_stmt *q, int at)
{
	if (sqlite3_column_type(q, at) == SQLITE_NULL)
		return ATTEST_NONE;
	return sqlite3_column_int(q, at) ? ATTEST_YES : ATTEST_NO;
}

/* The instances of a run behind those that are there; a run of none is none. */
static int instances_add(struct row_side *s, sqlite3_stmt *q, int at,
			 unsigned int attest)
{
	size_t n = (size_t)sqlite3_column_bytes(q, at) / sizeof(double);
	double *value;
	size_t *end;

	if (!n || s->count + n > RANK_MOST)
		return 0;
	value = realloc(s->value, (s->count + n) * sizeof(*value));
	if (value)
		s->value = value;
	end = realloc(s->end, (s->runs + 1) * sizeof(*end));
	if (end)
		s->end = end;
	if (!value || !end)
		return -ENOMEM;
	memcpy(value + s->count, sqlite3_column_blob(q, at), n * sizeof(*value));
	for (size_t i = 0; i < n; i++)
		if (!isfinite(value[s->count + i]))
			return -EBADMSG;
	s->count += n;
	s->end[s->runs++] = s->count;
	s->attest |= attest;
	return 0;
}

/* True: the i-th run of the past has a number of this series. */
static bool past_seek(struct build *b, sqlite3_int64 series, size_t i)
{
	sqlite3_reset(b->point);
	sqlite3_bind_int64(b->point, 1, series);
	sqlite3_bind_int64(b->point, 2, b->g->past[i]->id);
	return sqlite3_step(b->point) == SQLITE_ROW;
}

/* The first of the `n` runs that count: behind the last change point. */
static int past_begin(const struct build *b, const double *median, size_t n,
		      size_t *from)
{
	struct split *split;
	size_t count;
	int rc = energy_splits(median, n, ENERGY_ALPHA, b->seed, &split,
			       &count);

	*from = !rc && count ? split[count - 1].at : 0;
	if (n - *from > GATE_RUNS)
		*from = n - GATE_RUNS;
	free(split);
	return rc;
}

static int past_collect(struct build *b, struct compare_row *r)
{
	sqlite3_int64 series = sqlite3_column_int64(b->points, 10);
	double median[GATE_LOOK_BACK];
	size_t run[GATE_LOOK_BACK], n = 0, from;
	int rc;

	for (size_t i = 0; i < b->g->pasts; i++) {
		if (!past_seek(b, series, i))
			continue;
		median[n] = sqlite3_column_double(b->point, 0);
		run[n++] = i;
	}
	rc = past_begin(b, median, n, &from);
	/* the latest first, if there is no room for all of them */
	for (size_t i = n; i-- > from && !rc;)
		if (past_seek(b, series, run[i]))
			rc = instances_add(&r->base, b->point, 2,
					   attest_of(b->point, 1));
	return rc;
}

/* The last run that has the item: -ENOENT if none has. */
static int verdict_before(struct build *b, struct compare_row *r)
{
	sqlite3_reset(b->verdict);	/* or nothing can be bound */
	for (int i = 0; i < 3; i++)
		sqlite3_bind_value(b->verdict, i + 1,
				   sqlite3_column_value(b->points, i));
	for (size_t i = b->g->pasts; i--;) {
		sqlite3_reset(b->verdict);
		sqlite3_bind_int64(b->verdict, 4, b->g->past[i]->id);
		if (sqlite3_step(b->verdict) != SQLITE_ROW)
			continue;
		r->base.severity = sqlite3_column_int(b->verdict, 0);
		r->base.result = result_keep(b, r->base.severity, (const char *)
					     sqlite3_column_text(b->verdict, 1));
		return r->base.result ? 0 : -ENOMEM;
	}
	return -ENOENT;
}

static char *name_of(sqlite3_stmt *q)
{
	struct text t = { 0 };

	text_series(&t, (const char *)sqlite3_column_text(q, 0),
		    (const char *)sqlite3_column_text(q, 1),
		    (const char *)sqlite3_column_text(q, 2));
	if (!t.failed)
		return t.data;
	text_free(&t);
	return NULL;
}

static int numbers_fill(struct build *b, struct compare_row *r)
{
	int rc = instances_add(&r->fresh, b->points, 9,
			       attest_of(b->points, 8));

	if (!rc && r->fresh.count)
		rc = past_collect(b, r);
	r->fresh.median = side_median(&r->fresh);
	r->base.median = side_median(&r->base);
	return rc;
}

static int row_add(struct build *b)
{
	struct compare *c = &b->g->compare;
	struct compare_row *r = &c->row[c->count];
	int rc;

	*r = (struct compare_row){
		.fresh.severity = sqlite3_column_int(b->points, 5),
	};
	r->name = name_of(b->points);
	if (!r->name)
		return -ENOMEM;
	c->count++;
	r->fresh.result = result_keep(b, r->fresh.severity, (const char *)
				      sqlite3_column_text(b->points, 7));
	if (!r->fresh.result)
		return -ENOMEM;
	rc = verdict_before(b, r);
	if (rc == -ENOENT) {
		json_array_append_new(c->only_fresh, json_string(r->name));
		free(r->name);
		c->count--;
		return 0;
	}
	return rc ? rc : numbers_fill(b, r);
}

static int missing_add(struct build *b, struct error *e)
{
	int code;

	sqlite3_bind_int64(b->missing, 1, b->g->past[b->g->pasts - 1]->id);
	sqlite3_bind_int64(b->missing, 2, b->g->newest->id);
	while ((code = sqlite3_step(b->missing)) == SQLITE_ROW) {
		char *name = name_of(b->missing);

		json_array_append_new(b->g->compare.only_base,
				      json_string(name ? name : "?"));
		free(name);
	}
	return code == SQLITE_DONE ? 0 : store_fail(b->h->store, code, e);
}

static int rows_add(struct build *b, struct error *e)
{
	int code = SQLITE_ROW, rc = 0;

	sqlite3_bind_int64(b->points, 1, b->g->newest->id);
	while (!rc && (code = sqlite3_step(b->points)) == SQLITE_ROW)
		rc = row_add(b);
	if (rc == -ENOMEM)
		return error_set(e, rc, "out of memory");
	if (rc)
		return error_set(e, rc, "%s: damaged store: a number that is "
				 "none: restore a copy", b->h->store->path);
	return code == SQLITE_DONE ? missing_add(b, e)
				   : store_fail(b->h->store, code, e);
}

int gate_rows(struct history_gate *g, struct history *h, uint64_t seed,
	      struct error *e)
{
	struct build b = { .g = g, .h = h, .seed = seed };
	int rc = 0;

	g->compare.row = calloc(g->newest->results + 1,
				sizeof(*g->compare.row));
	if (!g->compare.row)
		return error_set(e, -ENOMEM, "out of memory");
	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]) && !rc; i++)
		rc = store_prepare(h->store, queries[i].text, (sqlite3_stmt **)
				   (void *)((char *)&b + queries[i].at), e);
	if (!rc)
		rc = rows_add(&b, e);
	sqlite3_finalize(b.points);
	sqlite3_finalize(b.point);
	sqlite3_finalize(b.verdict);
	sqlite3_finalize(b.missing);
	return rc;
}
