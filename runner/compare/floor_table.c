/*
 * A host's own differences in a file; see floor_table.h.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compare/compare.h"
#include "compare/floor_table.h"
#include "result/doc.h"

#define SD_MOST	20.0	/* e^20: no run differs so from another */

static json_t *spread_json(struct spread s)
{
	return json_pack("{s:f, s:o}", "sd", s.sd, "df", isinf(s.df) ?
			 json_null() : json_real(s.df));
}

static json_t *row_json(const struct compare_row *r, struct spread s)
{
	json_t *row = json_pack("{s:O, s:O, s:O}",
		"id", json_object_get(r->base.result, "id"),
		"target", json_object_get(r->base.result, "target"),
		"params", json_object_get(r->base.result, "params"));
	json_t *numbers = spread_json(s);

	if (!row || !numbers || json_object_update(row, numbers)) {
		json_decref(row);
		row = NULL;
	}
	json_decref(numbers);
	return row;
}

static json_t *rows_learn(const struct compare *c, struct spread *all)
{
	json_t *rows = json_array();
	int rc = rows ? 0 : -ENOMEM;

	for (size_t i = 0; i < c->count; i++) {
		const struct row_side *s = &c->row[i].base;
		const struct gate_side side = { s->value, s->count, s->end,
						s->runs };

		all[i] = floor_runs(&side);
		if (all[i].df > 0)
			rc |= json_array_append_new(rows, row_json(&c->row[i],
								   all[i]));
	}
	if (rc) {
		json_decref(rows);
		return NULL;
	}
	return rows;
}

static json_t *table_make(const struct compare *c, struct error *e)
{
	const json_t *doc = c->base.doc[0];
	struct spread *all = calloc(c->count + 1, sizeof(*all));
	json_t *rows = all ? rows_learn(c, all) : NULL, *table = NULL;

	if (!rows) {
		error_set(e, -ENOMEM, "out of memory");
	} else if (!json_array_size(rows)) {
		json_decref(rows);
		error_set(e, -ENODATA, "%s and the others have no bench that "
			  "passed twice: run the same benches in each",
			  c->base.path[0]);
	} else {
		table = json_pack("{s:s, s:O, s:O, s:i, s:o, s:o}", "schema",
			FLOOR_SCHEMA, "vmgauge", json_object_get(doc,
			"vmgauge"), "fingerprint", document_value(doc,
			"env.fingerprint"), "runs", (int)c->base.count,
			"prior", spread_json(spread_prior(all, c->count)),
			"results", rows);
		if (!table)
			error_set(e, -ENOMEM, "out of memory");
	}
	free(all);
	return table;
}

json_t *floor_learn(const struct set *runs, struct error *e)
{
	struct compare c = { .base = *runs };
	json_t *table = NULL;

	if (runs->count < FLOOR_RUNS_LEAST)
		error_set(e, -EINVAL, "--learn-floor: %zu run cannot tell how "
			  "runs differ: give %d, better 5 or more",
			  runs->count, FLOOR_RUNS_LEAST);
	else if (!set_uniform(runs, e) && !rows_collect(&c, e))
		table = table_make(&c, e);
	rows_free(&c);
	return table;
}

static int spread_read(const json_t *o, struct spread *s)
{
	const json_t *sd = json_object_get(o, "sd");
	const json_t *df = json_object_get(o, "df");

	s->sd = json_number_value(sd);
	s->df = json_is_null(df) ? INFINITY : json_number_value(df);
	return json_is_number(sd) && (json_is_null(df) || json_is_number(df)) &&
	       s->sd >= 0 && s->sd <= SD_MOST && s->df >= 0 ? 0 : -EBADMSG;
}

static int rows_read(struct floor_table *t, const char *path,
		     const json_t *file, struct error *e)
{
	const json_t *rows = json_object_get(file, "results");
	struct spread s;
	size_t i;
	json_t *row;

	if (!json_is_array(rows) ||
	    spread_read(json_object_get(file, "prior"), &t->prior))
		return error_set(e, -EBADMSG, "%s: prior or results: damaged "
				 "or edited: learn the floor again", path);
	json_array_foreach((json_t *)rows, i, row) {
		char *key = result_key(row, true);
		int rc = key ? json_object_set(t->rows, key, row) : -ENOMEM;

		free(key);
		if (rc || spread_read(row, &s))
			return error_set(e, -EBADMSG, "%s: results[%zu]: "
					 "damaged or edited: learn the floor "
					 "again", path, i);
	}
	return 0;
}

/* What parses, but is no table of ours or of this host. */
static int table_check(const json_t *file, const char *path,
		       const json_t *doc, struct error *e)
{
	const char *schema = document_text(file, "schema");

	if (!doc_schema_version(schema, "vmgauge-floor"))
		return error_set(e, -EPROTO, "%s: no floor table: make one "
				 "with vmgauge compare --learn-floor RUN... "
				 "-o FILE", path);
	if (strcmp(schema, FLOOR_SCHEMA))
		return error_set(e, -EPROTO, "%s: a floor table of another "
				 "vmgauge: learn the floor again", path);
	if (strcmp(document_text(file, "fingerprint"),
		   document_text(doc, "env.fingerprint")))
		return error_set(e, -EINVAL, "%s: learned on another host "
				 "than the documents are from: learn the floor "
				 "there", path);
	return 0;
}

int floor_load(struct floor_table *t, const char *path, const json_t *doc,
	       struct error *e)
{
	char *data = NULL;
	size_t bytes = 0;
	json_error_t at;
	json_t *file;
	int rc = doc_read_file(path, &data, &bytes, e);

	*t = (struct floor_table){ .rows = json_object() };
	if (rc)
		return rc;
	file = json_loadb(data, bytes, JSON_REJECT_DUPLICATES, &at);
	free(data);
	if (!file)
		return error_set(e, -EPROTO, "%s:%d:%d: not JSON, or cut off: "
				 "learn the floor again", path, at.line,
				 at.column);
	rc = table_check(file, path, doc, e);
	if (!rc)
		rc = rows_read(t, path, file, e);
	json_decref(file);
	return rc;
}

void floor_close(struct floor_table *t)
{
	json_decref(t->rows);
	t->rows = NULL;
}

struct spread floor_find(const struct floor_table *t, const json_t *result)
{
	struct spread s = { 0, 0 };
	char *key = result_key(result, true);
	const json_t *row = key ? json_object_get(t->rows, key) : NULL;

	free(key);
	if (!row || spread_read(row, &s))
		return (struct spread){ 0, 0 };
	return s;
}
