/*
 * One document into the store: a host, a document and a point a result, in
 * one transaction.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "compare/compare.h"
#include "compare/set.h"
#include "history/store_put.h"

/* FNV-1a: tells runs apart, and is no defence against anybody. */
static void mix(uint64_t *hash, const void *data, size_t bytes)
{
	const unsigned char *p = data;

	while (bytes--)
		*hash = (*hash ^ *p++) * 0x100000001b3ULL;
}

static void mix_text(uint64_t *hash, const char *text)
{
	mix(hash, text, strlen(text) + 1);
}

static void mix_numbers(uint64_t *hash, const json_t *list)
{
	const json_t *x;
	size_t i;

	json_array_foreach((json_t *)list, i, x) {
		double v = json_number_value(x);

		mix(hash, &v, sizeof(v));
	}
}

/* What a document found, however its file is laid out. */
static int digest(const json_t *doc, uint64_t *hash)
{
	const json_t *result;
	size_t i;

	*hash = 0xcbf29ce484222325ULL;
	mix_text(hash, document_text(doc, "run.started"));
	mix_text(hash, document_text(doc, "vmgauge.image_sha256"));
	json_array_foreach(json_object_get(doc, "results"), i, result) {
		char *key = result_key(result, true);

		if (!key)
			return -ENOMEM;
		mix_text(hash, key);
		free(key);
		mix_text(hash, document_text(result, "verdict"));
		mix_text(hash, document_text(result, "reason"));
		mix_numbers(hash, json_object_get(result, "instances"));
	}
	return 0;
}

/* A run that was resumed takes the place of the part that was there. */
static int part_drop(struct store *s, const json_t *doc, enum added *added,
		     struct error *e)
{
	sqlite3_stmt *q = statement(s, FIND_PART, e);
	sqlite3_int64 id = 0;
	int rc;

	if (!q)
		return -EIO;
	bind_text(q, 1, document_text(doc, "run.id"));
	bind_text(q, 2, document_text(doc, "run.started"));
	sqlite3_bind_int64(q, 3, json_integer_value(
				   document_value(doc, "run.seed")));
	rc = ask(s, q, &id, e);
	if (rc || !id)
		return rc;
	for (enum store_statement which = DROP_POINTS;
	     which <= DROP_DOCUMENT && !rc; which++) {
		q = statement(s, which, e);
		if (!q)
			return -EIO;
		sqlite3_bind_int64(q, 1, id);
		rc = ask(s, q, NULL, e);
	}
	*added = ADDED_REPLACED;
	return rc;
}

static int all_put(struct store *s, const char *source, const json_t *doc,
		   uint64_t hash, enum added *added, struct error *e)
{
	sqlite3_int64 document = 0;
	const json_t *result;
	size_t i;
	sqlite3_stmt *q = statement(s, FIND_DOCUMENT, e);
	int rc;

	if (!q)
		return -EIO;
	bind_text(q, 1, document_text(doc, "run.id"));
	sqlite3_bind_int64(q, 2, (sqlite3_int64)hash);
	rc = ask(s, q, &document, e);
	*added = document ? ADDED_KNOWN : ADDED_NEW;
	if (rc || document)
		return rc;
	rc = part_drop(s, doc, added, e);
	if (!rc)
		rc = document_put(s, source, doc, hash, &document, e);
	json_array_foreach(json_object_get(doc, "results"), i, result)
		if (!rc)
			rc = point_put(s, result, document, source, e);
	return rc;
}

/* Sorting goes by this text. */
static bool instant_check(const char *t)
{
	static const char shape[] = "0000-00-00T00:00:00";

	for (size_t i = 0; shape[i]; i++)
		if (shape[i] == '0' ? t[i] < '0' || t[i] > '9'
				    : t[i] != shape[i])
			return false;
	return true;
}

int store_add(struct store *s, const char *source, const json_t *doc,
	      enum added *added, struct error *e)
{
	uint64_t hash;
	int rc;

	if (!instant_check(document_text(doc, "run.started")))
		return error_set(e, -EBADMSG, "%s: run.started is no time such as "
				 "2026-11-22T19:00:00Z: damaged or edited: use "
				 "another copy", source);
	if (digest(doc, &hash))
		return error_set(e, -ENOMEM, "out of memory");
	rc = store_run(s, "BEGIN IMMEDIATE", e);
	if (rc)
		return rc;
	rc = all_put(s, source, doc, hash, added, e);
	if (!rc)
		rc = store_run(s, "COMMIT", e);
	if (rc)
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}

/* Readers and other writers do not stand in the way: theirs stays behind. */
int store_flush(struct store *s, struct error *e)
{
	int code = sqlite3_wal_checkpoint_v2(s->db, NULL,
					     SQLITE_CHECKPOINT_PASSIVE, NULL,
					     NULL);

	return code && (code & 0xff) != SQLITE_BUSY ? store_fail(s, code, e) : 0;
}
