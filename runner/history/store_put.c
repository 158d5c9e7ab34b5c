/*
 * The rows that a document becomes.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "compare/rank.h"
#include "compare/set.h"
#include "history/store_put.h"
#include "result/doc.h"

static const char *const sql[] = {
	[FIND_DOCUMENT] = "SELECT id FROM document WHERE run=?1 AND digest=?2",
	[FIND_PART] = "SELECT id FROM document WHERE run=?1 AND started=?2 AND "
		"seed=?3 AND NOT complete",
	[DROP_POINTS] = "DELETE FROM point WHERE document=?1",
	[DROP_DOCUMENT] = "DELETE FROM document WHERE id=?1",
	[PUT_HOST] = "INSERT INTO host(fingerprint,known,name,cpu,microcode,"
		"kernel) VALUES(?1,?2,?3,?4,?5,?6) ON CONFLICT(fingerprint) "
		"DO UPDATE SET fingerprint=fingerprint RETURNING id",
	[PUT_DOCUMENT] = "INSERT INTO document(host,run,started,seed,complete,"
		"digest,version,image,times,results,source,added) VALUES("
		"?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,"
		"strftime('%Y-%m-%dT%H:%M:%SZ','now')) RETURNING id",
	[PUT_SERIES] = "INSERT INTO series(item,params,target,unit,higher,"
		"kind) VALUES(?1,?2,?3,?4,?5,?6) ON CONFLICT(item,params,target,unit) "
		"DO UPDATE SET higher=excluded.higher RETURNING id",
	[PUT_POINT] = "INSERT INTO point(series,document,verdict,expected,"
		"attested,median,low,high,instances,reason) "
		"VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)",
};

sqlite3_stmt *statement(struct store *s, enum store_statement which,
			struct error *e)
{
	sqlite3_stmt *q = s->prepared[which];

	if (!q && store_prepare(s, sql[which], &s->prepared[which], e))
		return NULL;
	q = s->prepared[which];
	sqlite3_reset(q);
	sqlite3_clear_bindings(q);
	return q;
}

void bind_text(sqlite3_stmt *q, int at, const char *text)
{
	sqlite3_bind_text(q, at, text, -1, SQLITE_TRANSIENT);
}

int ask(struct store *s, sqlite3_stmt *q, sqlite3_int64 *id, struct error *e)
{
	int code = sqlite3_step(q), rc;

	if (id)
		*id = code == SQLITE_ROW ? sqlite3_column_int64(q, 0) : 0;
	if (code == SQLITE_ROW)
		code = sqlite3_step(q);
	rc = code == SQLITE_DONE ? 0 : store_fail(s, code, e);
	sqlite3_reset(q);
	return rc;
}

static int host_put(struct store *s, const json_t *doc, sqlite3_int64 *id,
		    struct error *e)
{
	const char *fingerprint = document_text(doc, "env.fingerprint");
	sqlite3_stmt *q = statement(s, PUT_HOST, e);
	char *unknown = NULL;
	int rc;

	if (!q)
		return -EIO;
	/* nobody knows whether two such hosts are one: told apart by name */
	if (!*fingerprint && asprintf(&unknown, "unknown %s", document_text(doc,
					"env.host.name")) < 0)
		return error_set(e, -ENOMEM, "out of memory");
	bind_text(q, 1, *fingerprint ? fingerprint : unknown);
	sqlite3_bind_int(q, 2, *fingerprint != '\0');
	bind_text(q, 3, document_text(doc, "env.host.name"));
	bind_text(q, 4, document_text(doc, "env.cpu.model"));
	bind_text(q, 5, document_text(doc, "env.cpu.microcode"));
	bind_text(q, 6, document_text(doc, "env.kernel.release"));
	rc = ask(s, q, id, e);
	free(unknown);
	return rc;
}

int document_put(struct store *s, const char *source, const json_t *doc,
		 uint64_t hash, sqlite3_int64 *id, struct error *e)
{
	const json_t *backend = document_value(doc, "env.backend");
	sqlite3_stmt *q = statement(s, PUT_DOCUMENT, e);
	sqlite3_int64 host = 0;
	int rc;

	if (!q)
		return -EIO;
	rc = host_put(s, doc, &host, e);
	if (rc)
		return rc;
	sqlite3_bind_int64(q, 1, host);
	bind_text(q, 2, document_text(doc, "run.id"));
	bind_text(q, 3, document_text(doc, "run.started"));
	sqlite3_bind_int64(q, 4, json_integer_value(
				   document_value(doc, "run.seed")));
	sqlite3_bind_int(q, 5, json_is_true(
				 document_value(doc, "run.complete")));
	sqlite3_bind_int64(q, 6, (sqlite3_int64)hash);
	bind_text(q, 7, document_text(doc, "vmgauge.version"));
	bind_text(q, 8, document_text(doc, "vmgauge.image_sha256"));
	sqlite3_bind_int(q, 9, !json_is_false(json_object_get(backend,
			 "times_meaningful")) &&
			 !*document_text(backend, "software_host"));
	sqlite3_bind_int64(q, 10, (sqlite3_int64)json_array_size(
				    json_object_get(doc, "results")));
	bind_text(q, 11, source);
	return ask(s, q, id, e);
}

/* Only what passed has a number; the others have a unit of "". */
static int series_put(struct store *s, const json_t *result, bool measured,
		      sqlite3_int64 *id, struct error *e)
{
	char *params = json_dumps(json_object_get(result, "params"),
				  JSON_COMPACT | JSON_SORT_KEYS |
				  JSON_ENSURE_ASCII);
	sqlite3_stmt *q = statement(s, PUT_SERIES, e);
	int rc;

	if (!q || !params) {
		free(params);
		return q ? error_set(e, -ENOMEM, "out of memory") : -EIO;
	}
	bind_text(q, 1, document_text(result, "id"));
	bind_text(q, 2, params);
	bind_text(q, 3, document_text(result, "target"));
	bind_text(q, 4, measured ? document_text(result, "unit") : "");
	sqlite3_bind_int(q, 5, !strcmp(document_text(result, "better"),
				       "higher"));
	bind_text(q, 6, document_text(result, "kind"));
	rc = ask(s, q, id, e);
	free(params);
	return rc;
}

static void numbers_bind(sqlite3_stmt *q, const json_t *result,
			 double *instance)
{
	const json_t *list = json_object_get(result, "instances"), *x;
	const json_t *ci = json_object_get(result, "ci");
	size_t i;

	json_array_foreach((json_t *)list, i, x)
		instance[i] = json_number_value(x);
	sqlite3_bind_double(q, 6, json_number_value(json_object_get(result,
								    "median")));
	if (json_is_object(ci)) {
		sqlite3_bind_double(q, 7, json_number_value(
				    json_object_get(ci, "low")));
		sqlite3_bind_double(q, 8, json_number_value(
				    json_object_get(ci, "high")));
	}
	sqlite3_bind_blob(q, 9, instance, (int)(i * sizeof(*instance)),
			  SQLITE_TRANSIENT);
}

int point_put(struct store *s, const json_t *result, sqlite3_int64 document,
	      const char *source, struct error *e)
{
	const json_t *attested = document_value(result, "attest.attested");
	bool measured = !strcmp(document_text(result, "verdict"), "pass") &&
			json_is_array(json_object_get(result, "instances"));
	double instance[RANK_MOST];
	sqlite3_stmt *q;
	sqlite3_int64 series = 0;
	int rc = series_put(s, result, measured, &series, e);

	if (rc)
		return rc;
	q = statement(s, PUT_POINT, e);
	if (!q)
		return -EIO;
	sqlite3_bind_int64(q, 1, series);
	sqlite3_bind_int64(q, 2, document);
	sqlite3_bind_int(q, 3, doc_verdict_severity(
				 document_text(result, "verdict")));
	sqlite3_bind_int(q, 4, json_is_string(
				 json_object_get(result, "expected_failure")));
	if (attested)
		sqlite3_bind_int(q, 5, json_is_true(attested));
	if (measured)
		numbers_bind(q, result, instance);
	if (*document_text(result, "reason"))
		bind_text(q, 10, document_text(result, "reason"));
	rc = ask(s, q, NULL, e);
	if (sqlite3_errcode(s->db) == SQLITE_CONSTRAINT ||
	    sqlite3_extended_errcode(s->db) == SQLITE_CONSTRAINT_PRIMARYKEY)
		return error_set(e, -EBADMSG, "%s: a result is there twice, with "
				 "the same parameters and target: damaged or "
				 "edited: use another copy", source);
	return rc;
}
