/*
 * A document of detect out of a file, for the report.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "detect/detect.h"
#include "result/doc.h"

static bool rows_have_ids(const json_t *rows)
{
	const json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
		if (!json_is_string(json_object_get(row, "id")))
			return false;
	return json_is_array(rows);
}

/* What the page is built on; what hangs from it may be missing. */
static int check(const json_t *doc, const char *path, struct error *e)
{
	const json_t *ways = json_object_get(doc, "ways");
	const json_t *list = json_object_get(doc, "targets"), *target;
	const char *schema = json_string_value(json_object_get(doc, "schema"));
	size_t i;

	if (!schema || strcmp(schema, DETECT_FORMAT))
		return error_set(e, -EPROTO, "%s: schema is '%.40s', not "
				 DETECT_FORMAT ": give what vmgauge detect -o "
				 "wrote", path, schema ? schema : "missing");
	if (!rows_have_ids(ways))
		return error_set(e, -EPROTO, "%s: ways: not a list of objects "
				 "with an id", path);
	if (!json_is_array(list))
		return error_set(e, -EPROTO, "%s: targets: not a list", path);
	json_array_foreach(list, i, target)
		if (!rows_have_ids(json_object_get(target, "ways")) ||
		    json_array_size(json_object_get(target, "ways")) !=
		    json_array_size(ways))
			return error_set(e, -EPROTO, "%s: targets/%zu/ways: not "
					 "one for each of ways", path, i);
	return 0;
}

json_t *detect_load(const char *path, struct error *e)
{
	size_t size_bytes = 0;
	json_error_t at;
	char *data = NULL;
	json_t *doc;

	if (doc_read_file(path, &data, &size_bytes, e) || !data)
		return NULL;
	doc = json_loadb(data, size_bytes, JSON_REJECT_DUPLICATES, &at);
	free(data);
	if (!doc) {
		error_set(e, -EPROTO, "%s:%d: %s: give what vmgauge detect -o "
			  "wrote", path, at.line, at.text);
		return NULL;
	}
	if (!check(doc, path, e))
		return doc;
	json_decref(doc);
	return NULL;
}
