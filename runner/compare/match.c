/*
 * Which result of NEW answers which of BASE: the same item with the same
 * parameters on the same target, and nothing looser.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare/compare.h"
#include "reports/text.h"
#include "result/doc.h"

/* The unit separator cannot be mistaken for a part of a name. */
char *result_key(const json_t *result, bool with_target)
{
	char *params = json_dumps(json_object_get(result, "params"),
				  JSON_COMPACT | JSON_SORT_KEYS);
	const char *target = with_target ? document_text(result, "target") : "";
	const char *id = document_text(result, "id");
	size_t bytes = strlen(target) + strlen(id) +
		       (params ? strlen(params) : 0) + 3;
	char *key = params ? malloc(bytes) : NULL;

	if (key)
		snprintf(key, bytes, "%s\x1f%s\x1f%s", id, params, target);
	free(params);
	return key;
}

/* "exit/cpuid ring=3", and the target where it is not the usual one. */
static char *name_make(const json_t *result, bool with_target)
{
	const char *target = document_text(result, "target"), *key;
	struct text t = { 0 };
	const json_t *v;

	text_visible(&t, document_text(result, "id"));
	json_object_foreach(json_object_get(result, "params"), key, v) {
		char *dump = json_dumps(v, JSON_ENCODE_ANY);

		text_add(&t, " ");
		text_visible(&t, key);
		text_add(&t, "=");
		text_visible(&t, json_is_string(v) ? json_string_value(v)
						   : dump);
		free(dump);
	}
	if (with_target && strcmp(target, "kvm")) {
		text_add(&t, " on ");
		text_visible(&t, target);
	}
	for (char *c = t.data; c && *c; c++)
		*c = *c == '\n' ? ' ' : *c;
	if (t.failed) {
		text_free(&t);
		return NULL;
	}
	return t.data;
}

/* Skips weigh least: one document that could judge is enough. */
static int weight(int severity)
{
	return severity == 2 ? -1 : severity;
}

static int values_add(struct row_side *s, const json_t *result)
{
	const json_t *instances = json_object_get(result, "instances"), *x;
	size_t n = json_array_size(instances), i;
	double *value;
	size_t *end;

	if (!n || strcmp(document_text(result, "verdict"), "pass"))
		return 0;
	value = realloc(s->value, (s->count + n) * sizeof(*value));
	if (!value)
		return -ENOMEM;
	s->value = value;
	end = realloc(s->end, (s->runs + 1) * sizeof(*end));
	if (!end)
		return -ENOMEM;
	s->end = end;
	json_array_foreach((json_t *)instances, i, x)
		s->value[s->count++] = json_number_value(x);
	s->end[s->runs++] = s->count;
	return 0;
}

unsigned int result_attest(const json_t *result)
{
	const json_t *attested = document_value(result, "attest.attested");

	return !attested ? ATTEST_NONE : json_is_true(attested) ? ATTEST_YES
								: ATTEST_NO;
}

static int side_add(struct row_side *s, const json_t *result)
{
	int severity = doc_verdict_severity(document_text(result, "verdict"));

	if (severity == 0)
		s->attest |= result_attest(result);
	if (!s->result || weight(severity) > weight(s->severity)) {
		s->result = result;
		s->severity = severity;
	}
	return values_add(s, result);
}

static int twice(const char *path, const json_t *result, bool with_target,
		 struct error *e)
{
	char *name = name_make(result, true);
	int rc = error_set(e, -EINVAL, "%s holds %.200s twice: %s", path,
			   name ? name : "a result", with_target ?
			   "damaged or edited: use another copy" :
			   "--across targets takes documents of one target "
			   "each");

	free(name);
	return rc;
}

/* Which result of the document has a key; refuses a key that is there twice. */
static json_t *index_make(const json_t *doc, const char *path,
			  bool with_target, struct error *e)
{
	json_t *index = json_object(), *result;
	size_t i;

	json_array_foreach(json_object_get(doc, "results"), i, result) {
		char *key = result_key(result, with_target);
		int rc = 0;

		if (key && json_object_get(index, key))
			rc = twice(path, result, with_target, e);
		else if (!key || json_object_set(index, key, result))
			rc = error_set(e, -ENOMEM, "out of memory");
		free(key);
		if (rc) {
			json_decref(index);
			return NULL;
		}
	}
	return index;
}

/* Rows of one side: key to row number, in the order of the documents. */
static int side_collect(struct compare *c, const struct set *set, bool fresh,
			json_t *rows, struct error *e)
{
	bool with_target = !(c->options.across & ACROSS_TARGETS);
	int rc = 0;

	for (size_t d = 0; d < set->count && !rc; d++) {
		json_t *index = index_make(set->doc[d], set->path[d],
					   with_target, e);
		const char *key;
		json_t *result;

		if (!index)
			return -EINVAL;
		json_object_foreach(index, key, result) {
			json_t *at = json_object_get(rows, key);
			size_t i = at ? (size_t)json_integer_value(at)
				      : c->count++;

			if (!at)
				json_object_set_new(rows, key,
					json_integer((json_int_t)i));
			rc |= side_add(fresh ? &c->row[i].fresh
					     : &c->row[i].base, result);
		}
		json_decref(index);
		if (rc)
			error_set(e, rc, "out of memory");
	}
	return rc;
}

double side_median(const struct row_side *s)
{
	double *copy = s->count ? malloc(s->count * sizeof(*copy)) : NULL;
	double median = NAN;

	if (copy) {
		memcpy(copy, s->value, s->count * sizeof(*copy));
		if (stats_median(copy, s->count, &median))
			median = NAN;
	}
	free(copy);
	return median;
}

static void row_free(struct compare_row *r)
{
	free(r->name);
	free(r->base.value);
	free(r->base.end);
	free(r->fresh.value);
	free(r->fresh.end);
}

/* Keeps the rows of both sides, and the names of the others. */
static int rows_sift(struct compare *c, struct error *e)
{
	size_t kept = 0, all = c->count;
	int rc = 0;

	for (size_t i = 0; i < all; i++) {
		struct compare_row *r = &c->row[i];
		bool both = r->base.result && r->fresh.result;

		r->name = name_make(r->base.result ? r->base.result
						   : r->fresh.result,
				    !(c->options.across & ACROSS_TARGETS));
		if (!r->name)
			rc = error_set(e, -ENOMEM, "out of memory");
		if (both && !rc) {
			r->base.median = side_median(&r->base);
			r->fresh.median = side_median(&r->fresh);
			c->row[kept++] = *r;
			continue;
		}
		json_array_append_new(r->base.result ? c->only_base
						     : c->only_fresh,
				      json_string(r->name ? r->name : ""));
		row_free(r);
	}
	c->count = kept;
	return rc;
}

int rows_collect(struct compare *c, struct error *e)
{
	json_t *rows = json_object();
	size_t most = 1;
	int rc;

	for (size_t i = 0; i < c->base.count; i++)
		most += json_array_size(json_object_get(c->base.doc[i],
							"results"));
	for (size_t i = 0; i < c->fresh.count; i++)
		most += json_array_size(json_object_get(c->fresh.doc[i],
							"results"));
	c->row = calloc(most, sizeof(*c->row));
	if (!c->row || !rows) {
		json_decref(rows);
		return error_set(e, -ENOMEM, "out of memory");
	}
	rc = side_collect(c, &c->base, false, rows, e);
	if (!rc)
		rc = side_collect(c, &c->fresh, true, rows, e);
	json_decref(rows);
	return rc;
}

int rows_match(struct compare *c, struct error *e)
{
	int rc = rows_collect(c, e);

	if (!rc)
		rc = rows_sift(c, e);
	if (!rc && !c->count)
		rc = error_set(e, -ENOENT, "%s and %s have no item with the "
			       "same parameters and target in common: run the "
			       "same items on both%s", c->base.path[0],
			       c->fresh.path[0],
			       c->options.across & ACROSS_TARGETS ? "" :
			       ", or allow --across targets");
	return rc;
}

void rows_free(struct compare *c)
{
	for (size_t i = 0; i < c->count; i++)
		row_free(&c->row[i]);
	free(c->row);
	c->row = NULL;
	c->count = 0;
}
