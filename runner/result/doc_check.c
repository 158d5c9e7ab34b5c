/*
 * Holds a document against the tables of doc_fields.c, and names the first
 * field that does not fit: after this no reader needs to doubt a type.
 */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "result/doc.h"
#include "result/doc_shape.h"

/* Where we are, as a chain of stack frames: spelled out only on a failure. */
struct place {
	const struct place *up;
	const char *key;	/* of a member, else NULL and... */
	size_t index;		/* ...of an element */
};

static void place_print(const struct place *p, char *text, size_t room)
{
	size_t used;

	if (!p)
		return;
	place_print(p->up, text, room);
	used = strlen(text);
	if (p->key)
		snprintf(text + used, room - used, "%s%.60s",
			 used ? "." : "", p->key);
	else
		snprintf(text + used, room - used, "[%zu]", p->index);
}

/* The text of a stranger goes to a terminal: no control characters. */
static void defuse(struct error *e)
{
	for (char *c = e ? e->text : NULL; c && *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
}

struct check {
	const char *name;
	struct error *e;
};

static int wrong(const struct check *c, const struct place *p, const char *what)
{
	char where[200] = "";

	place_print(p, where, sizeof(where));
	error_set(c->e, -EBADMSG, "%s: %s%s%s: damaged or edited: use another "
		  "copy, or run the suite again", c->name, where,
		  *where ? " " : "", what);
	defuse(c->e);
	return -EBADMSG;
}

static int check_value(const struct check *c, const struct place *p,
		       const json_t *value, const struct shape *s);

static int check_record(const struct check *c, const struct place *up,
			const json_t *record, const struct shape *fields)
{
	if (!json_is_object(record))
		return wrong(c, up, "must be an object");
	for (const struct shape *s = fields; s && s->key; s++) {
		const json_t *value = json_object_get(record, s->key);
		struct place here = { .up = up, .key = s->key };
		int err = 0;

		if (value)
			err = check_value(c, &here, value, s);
		else if (s->required)
			err = wrong(c, &here, "is missing");
		if (err)
			return err;
	}
	return 0;
}

static int check_map(const struct check *c, const struct place *up,
		     const json_t *map, const struct shape *element)
{
	const json_t *value;
	const char *key;

	if (!json_is_object(map))
		return wrong(c, up, "must be an object");
	json_object_foreach((json_t *)map, key, value) {
		struct place here = { .up = up, .key = key };
		int err = check_value(c, &here, value, element);

		if (err)
			return err;
	}
	return 0;
}

static int check_list(const struct check *c, const struct place *up,
		      const json_t *list, const struct shape *element)
{
	if (!json_is_array(list))
		return wrong(c, up, "must be an array");
	if (json_array_size(list) > DOC_MAX_VALUES)
		return wrong(c, up, "has absurdly many elements");
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct place here = { .up = up, .index = i };
		int err = check_value(c, &here, json_array_get(list, i),
				      element);

		if (err)
			return err;
	}
	return 0;
}

static int check_text(const struct check *c, const struct place *p,
		      const json_t *value, const char *const *words)
{
	const char *text = json_string_value(value);

	if (!text)
		return wrong(c, p, "must be a string");
	if (json_string_length(value) > DOC_MAX_TEXT_BYTES)
		return wrong(c, p, "is absurdly long");
	if (!words)
		return 0;
	for (; *words; words++)
		if (!strcmp(*words, text))
			return 0;
	return wrong(c, p, "is none of the known words");
}

/* 1e30: squares and sums of what passes stay finite. */
static int check_number(const struct check *c, const struct place *p,
			const json_t *value, enum kind kind)
{
	double number = json_number_value(value);

	if (kind == NUMBER ? !json_is_number(value) : !json_is_integer(value))
		return wrong(c, p, kind == NUMBER ? "must be a number" :
						    "must be an integer");
	if (!isfinite(number) || fabs(number) > 1e30)
		return wrong(c, p, "is absurdly large");
	if (kind == COUNT && (number < 0 || number > 0x1p53))
		return wrong(c, p, "must be a count, 0 or more");
	return 0;
}

static int check_value(const struct check *c, const struct place *p,
		       const json_t *value, const struct shape *s)
{
	if (json_is_null(value))
		return s->nullable ? 0 : wrong(c, p, "must not be null");
	switch (s->kind) {
	case TEXT:
		return check_text(c, p, value, s->words);
	case WHOLE:
	case COUNT:
	case NUMBER:
		return check_number(c, p, value, s->kind);
	case FLAG:
		return json_is_boolean(value) ? 0 :
			wrong(c, p, "must be true or false");
	case SCALAR:
		if (json_is_string(value))
			return check_text(c, p, value, NULL);
		return !json_is_object(value) && !json_is_array(value) ? 0 :
			wrong(c, p, "must be a string, number or boolean");
	case RECORD:
		return check_record(c, p, value, s->of);
	case LIST:
		return check_list(c, p, value, s->of);
	case MAP:
		return check_map(c, p, value, s->of);
	}
	return wrong(c, p, "is of no known type");
}

/* Beyond types: an interval is one, and what is summarised is not empty. */
static int check_measured(const struct check *c, const struct place *p,
			  const json_t *result)
{
	const json_t *ci = json_object_get(result, "ci");
	double low = json_number_value(json_object_get(ci, "low"));
	double high = json_number_value(json_object_get(ci, "high"));
	double level = json_number_value(json_object_get(ci, "level"));
	int err = check_record(c, p, result, measured_fields);

	if (err)
		return err;
	if (!json_array_size(json_object_get(result, "instances")))
		return wrong(c, p, "passes with no instances");
	if (json_is_object(ci) && !(low <= high && level > 0 && level <= 1))
		return wrong(c, p, "has an interval that is none");
	return 0;
}

static int check_result(const struct check *c, const struct place *p,
			const json_t *result)
{
	const char *kind, *verdict;
	int err = check_record(c, p, result, result_fields);

	if (err)
		return err;
	kind = json_string_value(json_object_get(result, "kind"));
	verdict = json_string_value(json_object_get(result, "verdict"));
	if (!strcmp(kind, "probe"))
		return check_record(c, p, result, probe_fields);
	err = check_record(c, p, result, bench_fields);
	if (!err && !strcmp(verdict, "pass"))
		err = check_measured(c, p, result);
	return err;
}

unsigned int doc_schema_version(const char *schema, const char *family)
{
	size_t n = strlen(family);
	const char *digits;

	if (!schema || strncmp(schema, family, n) || schema[n] != '/')
		return 0;
	digits = schema + n + 1;
	n = strspn(digits, "0123456789");
	if (!n || n > 9 || digits[n])
		return 0;
	return (unsigned int)strtoul(digits, NULL, 10);
}

static int check_schema(const struct check *c, const json_t *doc)
{
	const char *schema = json_string_value(json_object_get(doc, "schema"));
	unsigned int version = doc_schema_version(schema, DOC_SCHEMA_NAME);
	int err = -EPROTO;

	if (!version)
		error_set(c->e, err, "%s: JSON, but no result document of vmgauge "
			  "(schema %.60s, not " DOC_SCHEMA "): name one that "
			  "'vmgauge run' wrote", c->name,
			  schema ? schema : "missing");
	else if (version > DOC_SCHEMA_VERSION)
		error_set(c->e, err, "%s: written by a newer vmgauge (schema %u; "
			  "this one reads %d): upgrade", c->name, version,
			  DOC_SCHEMA_VERSION);
	else
		return 0;
	defuse(c->e);
	return err;
}

int doc_check(const json_t *doc, const char *name, struct error *e)
{
	const struct check c = { .name = name, .e = e };
	const struct place list = { .key = "results" };
	const json_t *results = json_object_get(doc, "results");
	int err = check_schema(&c, doc);

	if (!err)
		err = check_record(&c, NULL, doc, doc_fields);
	if (!err && json_array_size(results) > DOC_MAX_RESULTS)
		err = wrong(&c, &list, "has absurdly many elements");
	for (size_t i = 0; !err && i < json_array_size(results); i++) {
		struct place here = { .up = &list, .index = i };

		err = check_result(&c, &here, json_array_get(results, i));
	}
	return err;
}

int doc_check_result(const json_t *result, const char *name, struct error *e)
{
	const struct check c = { .name = name, .e = e };

	return check_result(&c, NULL, result);
}
