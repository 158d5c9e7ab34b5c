/*
 * One series after the other, so that a store of any size fits into memory.
 */
#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "history/history.h"

struct walk {
	struct history *h;
	const struct selection *want;
	struct point *point;
	size_t count, room, found;
	series_fn each;
	void *opaque;
};

static bool item_wanted(const struct selection *want, const char *item)
{
	for (size_t i = 0; i < want->glob_count; i++) {
		size_t n = strlen(want->globs[i]);

		if (!fnmatch(want->globs[i], item, 0) ||
		    (!strncmp(want->globs[i], item, n) && item[n] == '/'))
			return true;
	}
	return !want->glob_count;
}

static bool host_wanted(const struct selection *want,
			const struct history_host *host)
{
	return !want->host || !strncmp(want->host, host->fingerprint,
				       strlen(want->host));
}

static double number(sqlite3_stmt *q, int at)
{
	double v = sqlite3_column_double(q, at);

	return sqlite3_column_type(q, at) == SQLITE_NULL || !isfinite(v) ? NAN
									 : v;
}

static int point_take(struct walk *w, sqlite3_stmt *q, struct error *e)
{
	const struct history_document *d =
		history_document(w->h, sqlite3_column_int64(q, 0));

	if (!d)
		return error_set(e, -EBADMSG, "%s: damaged store: a point of no "
				 "document: restore a copy", w->h->store->path);
	if (!host_wanted(w->want, d->host))
		return 0;
	if (w->count == w->room) {
		size_t room = w->room * 2 + 1024;
		struct point *more = reallocarray(w->point, room,
						  sizeof(*more));

		if (!more)
			return error_set(e, -ENOMEM, "out of memory");
		w->point = more;
		w->room = room;
	}
	w->point[w->count++] = (struct point){
		.document = d, .severity = sqlite3_column_int(q, 1),
		.expected = sqlite3_column_int(q, 2), .median = number(q, 3),
		.low = number(q, 4), .high = number(q, 5),
	};
	if (isnan(w->point[w->count - 1].median))
		w->count--;
	return 0;
}

static int points_load(struct walk *w, sqlite3_stmt *q, sqlite3_int64 series,
		       struct error *e)
{
	int code, rc = 0;

	w->count = 0;
	sqlite3_reset(q);
	sqlite3_bind_int64(q, 1, series);
	while (!rc && (code = sqlite3_step(q)) == SQLITE_ROW)
		rc = point_take(w, q, e);
	if (!rc && code != SQLITE_DONE)
		rc = store_fail(w->h->store, code, e);
	return rc;
}

static int by_host(const void *a, const void *b)
{
	const struct history_document *x = ((const struct point *)a)->document;
	const struct history_document *y = ((const struct point *)b)->document;

	if (x->host->group != y->host->group)
		return x->host->group < y->host->group ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* The points of one series are those of several hosts: one after the other. */
static int hosts_split(struct walk *w, struct trend *s, struct error *e)
{
	int rc = 0;

	if (w->count)
		qsort(w->point, w->count, sizeof(*w->point), by_host);
	for (size_t from = 0, to; from < w->count && !rc; from = to) {
		size_t group = w->point[from].document->host->group;

		for (to = from; to < w->count &&
		     w->point[to].document->host->group == group; to++)
			;
		s->point = w->point + from;
		s->count = to - from;
		s->group = group;
		s->host = w->point[to - 1].document->host;
		w->found++;
		rc = w->each(w->opaque, s, e);
	}
	return rc;
}

static int series_take(struct walk *w, sqlite3_stmt *all, sqlite3_stmt *points,
		       struct error *e)
{
	struct text name = { 0 };
	struct trend s = {
		.id = sqlite3_column_int64(all, 0),
		.item = (const char *)sqlite3_column_text(all, 1),
		.params = (const char *)sqlite3_column_text(all, 2),
		.target = (const char *)sqlite3_column_text(all, 3),
		.unit = (const char *)sqlite3_column_text(all, 4),
		.higher = sqlite3_column_int(all, 5),
	};
	int rc;

	if (!s.item || !s.params || !s.target || !s.unit)
		return error_set(e, -ENOMEM, "out of memory");
	if (!item_wanted(w->want, s.item))
		return 0;
	rc = points_load(w, points, s.id, e);
	if (rc)
		return rc;
	text_series(&name, s.item, s.params, s.target);
	s.name = text_string(&name);
	rc = name.failed ? error_set(e, -ENOMEM, "out of memory")
			 : hosts_split(w, &s, e);
	text_free(&name);
	return rc;
}

static int nothing(const struct walk *w, struct error *e)
{
	if (!w->h->documents)
		return error_set(e, -ENOENT, "%s: empty: begin with 'vmgauge "
				 "history add RESULT...'", w->h->store->path);
	return error_set(e, -ENOENT, "%s: nothing with numbers is called "
			 "'%.80s'%s%.40s: 'vmgauge history show' has what there "
			 "is", w->h->store->path, w->want->glob_count ?
			 w->want->globs[0] : "*", w->want->host ? " on host " :
			 "", w->want->host ? w->want->host : "");
}

int history_walk(struct history *h, const struct selection *want,
		 series_fn each, void *opaque, struct error *e)
{
	struct walk w = { .h = h, .want = want, .each = each,
			  .opaque = opaque };
	sqlite3_stmt *all = NULL, *points = NULL;
	int code = SQLITE_ROW, rc;

	rc = store_prepare(h->store, "SELECT id,item,params,target,unit,higher "
			   "FROM series ORDER BY item,params,target,unit", &all,
			   e);
	if (!rc)
		rc = store_prepare(h->store, "SELECT document,verdict,expected,"
				   "median,low,high FROM point WHERE series=?1 "
				   "AND median IS NOT NULL", &points, e);
	while (!rc && (code = sqlite3_step(all)) == SQLITE_ROW)
		rc = series_take(&w, all, points, e);
	if (!rc && code != SQLITE_DONE)
		rc = store_fail(h->store, code, e);
	if (!rc && !w.found)
		rc = nothing(&w, e);
	sqlite3_finalize(all);
	sqlite3_finalize(points);
	free(w.point);
	return rc;
}
