/*
 * Every line but the last must be whole: a torn last line was never reported
 * as finished, damage before it would lose what was.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "result/doc.h"
#include "result/journal.h"
#include "result/journal_parse.h"

static int check_header(const struct journal_text *t, struct error *e)
{
	const json_t *name = json_object_get(t->header, "journal");
	unsigned int version = doc_schema_version(json_string_value(name),
						  JOURNAL_NAME);
	static const char *const parts[] = { "run", "env", "vmgauge" };

	if (!version)
		return error_set(e, -EPROTO, "%s: not a journal of vmgauge: name "
				 "the directory of an unfinished run", t->path);
	if (version > JOURNAL_VERSION)
		return error_set(e, -EPROTO, "%s: written by a newer vmgauge "
				 "(journal %u; this one reads %d): upgrade",
				 t->path, version, JOURNAL_VERSION);
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (!json_is_object(json_object_get(t->header, parts[i])))
			return error_set(e, -EBADMSG, "%s:1: damaged: no \"%s\" "
					 "in the header: start a new run",
					 t->path, parts[i]);
	return 0;
}

static int check_record(const struct journal_text *t, const json_t *record,
			unsigned int line, struct error *e)
{
	const json_t *instance = json_object_get(record, "instance");
	const json_t *result = json_object_get(record, "result");
	char name[4200];

	if (instance && !json_is_object(instance))
		return error_set(e, -EBADMSG, "%s:%u: damaged: \"instance\" is "
				 "no object: remove this line and resume",
				 t->path, line);
	if (!result)
		return 0;
	snprintf(name, sizeof(name), "%s:%u", t->path, line);
	return doc_check_result(result, name, e);
}

/* The first line is the header, the others are records. */
static int take_object(struct journal_text *t, json_t *object,
		       unsigned int line, struct error *e)
{
	int err;

	if (line == 1) {
		t->header = json_incref(object);
		return check_header(t, e);
	}
	err = check_record(t, object, line, e);
	if (!err && json_array_append(t->records, object))
		err = error_set(e, -ENOMEM, "%s: out of memory", t->path);
	return err;
}

/* No newline at its end, or blocks that never reached the disk. */
static int take_broken(const struct journal_text *t, unsigned int line,
		       bool last, struct error *e)
{
	if (line == 1 && last)
		return error_set(e, -EBADMSG, "%s: empty or torn in its first "
				 "line: nothing was finished: start a new run",
				 t->path);
	if (line == 1)
		return error_set(e, -EPROTO, "%s:1: not a journal of vmgauge, or "
				 "damaged: name another directory", t->path);
	if (!last)
		return error_set(e, -EBADMSG, "%s:%u: damaged line: restore the "
				 "file, or remove this line and resume",
				 t->path, line);
	return 0;
}

int journal_parse(struct journal_text *t, const char *text, size_t size_bytes,
		  struct error *e)
{
	const char *end = text + size_bytes;
	unsigned int line = 0;
	int err = 0;

	t->records = json_array();
	if (!t->records)
		return error_set(e, -ENOMEM, "%s: out of memory", t->path);
	while (!err && (text < end || !line)) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *next = newline ? newline + 1 : end;
		json_t *object = NULL;

		line++;
		if (newline)
			object = json_loadb(text, (size_t)(newline - text),
					    JSON_REJECT_DUPLICATES, NULL);
		if (json_is_object(object)) {
			err = take_object(t, object, line, e);
			t->whole_bytes += (size_t)(next - text);
		} else {
			err = take_broken(t, line, next == end, e);
		}
		json_decref(object);
		text = next;
	}
	return err;
}
