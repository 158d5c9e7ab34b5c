/*
 * Documents from anywhere; see set.h. doc_load vouches for types, this for
 * sense: a gate must not pass on numbers that nobody measured.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "compare/rank.h"
#include "compare/set.h"
#include "result/doc.h"

#define CYCLES_MOST	0x1p64	/* what a TSC can count */
#define RESULT_FILE	"/result.json"

const json_t *document_value(const json_t *doc, const char *keys)
{
	char key[64];

	while (doc && *keys) {
		size_t n = strcspn(keys, ".");

		snprintf(key, sizeof(key), "%.*s", (int)n, keys);
		doc = json_object_get(doc, key);
		keys += n + (keys[n] == '.');
	}
	return doc;
}

const char *document_text(const json_t *doc, const char *keys)
{
	const char *text = json_string_value(document_value(doc, keys));

	return text ? text : "";
}

int document_same(const char *path_a, const json_t *a, const char *path_b,
		  const json_t *b)
{
	struct stat sa, sb;

	if (!stat(path_a, &sa) && !stat(path_b, &sb) &&
	    sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino)
		return 1;
	return !strcmp(document_text(a, "run.id"), document_text(b, "run.id")) &&
	       json_equal(json_object_get(a, "results"),
			  json_object_get(b, "results"));
}

static char *file_of(const char *path)
{
	size_t n = strlen(path);
	struct stat st;
	char *file;

	if (stat(path, &st) || !S_ISDIR(st.st_mode))
		return strdup(path);
	while (n > 1 && path[n - 1] == '/')
		n--;
	file = malloc(n + sizeof(RESULT_FILE));
	if (file)
		sprintf(file, "%.*s" RESULT_FILE, (int)n, path);
	return file;
}

/* An id is foreign text: only what is harmless in a terminal. */
static int absurd(const char *path, const json_t *result, const char *key,
		  double v, const char *why, struct error *e)
{
	char id[80];

	snprintf(id, sizeof(id), "%s", document_text(result, "id"));
	for (char *c = id; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return error_set(e, -EBADMSG, "%s: %s: %s holds %.6g: %s: damaged or "
			 "edited: use another copy, or run the suite again",
			 path, id, key, v, why);
}

/* Raw cycles were counted: there are no fewer than none. */
static int series_check(const char *path, const json_t *result,
			const char *keys, struct error *e)
{
	const json_t *series = document_value(result, keys), *block, *x;
	size_t i, k;

	json_array_foreach((json_t *)series, i, block) {
		json_array_foreach((json_t *)block, k, x) {
			double v = json_number_value(x);

			if (v < 0)
				return absurd(path, result, keys, v,
					      "cycles cannot be negative", e);
			if (v > CYCLES_MOST)
				return absurd(path, result, keys, v,
					      "more than a TSC can count", e);
		}
	}
	return 0;
}

static int result_check(const char *path, const json_t *result,
			struct error *e)
{
	const json_t *instances = json_object_get(result, "instances"), *x;
	const json_t *samples = json_object_get(result, "samples");
	size_t i;
	int rc;

	rc = series_check(path, result, "samples", e);
	if (!rc)
		rc = series_check(path, result, "overhead.samples", e);
	if (rc || !json_is_array(instances))
		return rc;
	if (json_array_size(instances) > RANK_MOST)
		return absurd(path, result, "instances",
			      (double)json_array_size(instances),
			      "more instances than a run has", e);
	if (json_array_size(instances) != json_array_size(samples))
		return absurd(path, result, "instances",
			      (double)json_array_size(instances),
			      "samples has another number of them", e);
	json_array_foreach((json_t *)instances, i, x)
		if (fabs(json_number_value(x)) > CYCLES_MOST)
			return absurd(path, result, "instances",
				      json_number_value(x),
				      "more than a TSC can count", e);
	return 0;
}

static int set_add(struct set *s, const char *path, struct error *e)
{
	const json_t *result;
	json_t *doc;
	char *file;
	size_t i;

	file = file_of(path);
	if (!file)
		return error_set(e, -ENOMEM, "out of memory");
	doc = doc_load(file, e);
	/* in the set from here on: set_close frees them */
	s->path[s->count] = file;
	s->doc[s->count++] = doc;
	if (!doc)
		return -EBADMSG;
	json_array_foreach(json_object_get(doc, "results"), i, result) {
		int rc = result_check(file, result, e);

		if (rc)
			return rc;
	}
	for (i = 0; i + 1 < s->count; i++)
		if (document_same(s->path[i], s->doc[i], file, doc))
			return error_set(e, -EINVAL, "%s and %s are the same "
					 "run: its instances would count "
					 "twice in %s: name it once",
					 s->path[i], file, s->name);
	return 0;
}

int set_open(struct set *s, const char *name, const char *const *paths,
	     size_t count, struct error *e)
{
	int rc = 0;

	*s = (struct set){ .name = name };
	s->doc = calloc(count + 1, sizeof(*s->doc));
	s->path = calloc(count + 1, sizeof(*s->path));
	if (!s->doc || !s->path)
		return error_set(e, -ENOMEM, "out of memory");
	for (size_t i = 0; i < count && !rc; i++)
		rc = set_add(s, paths[i], e);
	return rc;
}

void set_close(struct set *s)
{
	for (size_t i = 0; i < s->count; i++) {
		json_decref(s->doc[i]);
		free(s->path[i]);
	}
	free(s->doc);
	free(s->path);
	*s = (struct set){ 0 };
}
