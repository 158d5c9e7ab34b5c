/*
 * The result document: one JSON file per run; result.schema.json describes it.
 *
 * A file is somebody else's until doc_load has checked it. What doc_load
 * returns is safe to read without further type checks: every field that the
 * schema requires is there, has its type, is finite and of a sane size, and
 * every verdict is one of the seven. Fields that are optional or nullable may
 * be absent or null, and nothing is promised about unknown ones.
 *
 * json_t pointers that are returned are new references (json_decref them);
 * those passed in are borrowed.
 */
#ifndef VMGAUGE_RESULT_DOC_H
#define VMGAUGE_RESULT_DOC_H

#include <jansson.h>

#include "error.h"

#define DOC_SCHEMA_NAME		"vmgauge-result"
#define DOC_SCHEMA_VERSION	1
#define DOC_SCHEMA		"vmgauge-result/1"

/* How numbers are written everywhere: ten digits, keys in insertion order. */
#define DOC_JSON_FLAGS		(JSON_COMPACT | JSON_REAL_PRECISION(10))

/* Bounds beyond which a file is refused as absurd. */
#define DOC_MAX_BYTES		(256u << 20)
#define DOC_MAX_RESULTS		100000u
#define DOC_MAX_VALUES		10000000u	/* in one array */
#define DOC_MAX_TEXT_BYTES	(1u << 20)	/* in one string */

/*
 * The seven verdicts in order of severity: pass 0, tell 1, skip 2, fail 3,
 * hang 4, crash 5, error 6; -1 for anything else, NULL included.
 * doc_verdict_name is the inverse; NULL outside 0..6.
 */
int doc_verdict_severity(const char *verdict);
const char *doc_verdict_name(int severity);

/* "pass, tell, skip, fail, hang, crash, error", for messages. */
#define DOC_VERDICTS	"pass, tell, skip, fail, hang, crash, error"

/*
 * A document without results. `run` and `env` are objects in the schema's
 * shape; the document takes references to them, so that the caller may go on
 * editing run. NULL if memory is short or an argument is no object.
 */
json_t *doc_new(const char *version, const char *image_sha256,
		json_t *run, json_t *env);

/* Appends to "results", taking a reference. 0, -EINVAL or -ENOMEM. */
int doc_add_result(json_t *doc, json_t *result);

/* The whole file, at most DOC_MAX_BYTES, and a NUL behind it; free *data. */
int doc_read_file(const char *path, char **data, size_t *size_bytes,
		  struct error *e);

/* Reads and checks; NULL with the reason and the mend in *e. */
json_t *doc_load(const char *path, struct error *e);

/*
 * What doc_load checks after parsing. `name` opens the messages (a path).
 * 0; -EPROTO if it is not our JSON or of a later version; -EBADMSG if a field
 * is missing or of the wrong shape, which the text names ("results[3].ci.low").
 */
int doc_check(const json_t *doc, const char *name, struct error *e);

/* The same for one element of "results". */
int doc_check_result(const json_t *result, const char *name, struct error *e);

/* N of a schema "<family>/N"; 0 if it is none of that family. NULL is none. */
unsigned int doc_schema_version(const char *schema, const char *family);

/*
 * Writes beside `path`, syncs, renames over it and syncs the directory: the
 * file is there whole or not at all. On failure nothing is left behind (nor
 * when killed, where the file system has O_TMPFILE), and an older file under
 * that name is untouched. One line per result, so that
 * documents can be searched and compared by line. The caller ignores SIGXFSZ
 * if a file size limit is to be an error instead of a death. A path that is
 * no regular file (/dev/stdout, a pipe) is written straight.
 */
int doc_save(const json_t *doc, const char *path, struct error *e);

/* What to do about an errno (> 0) from writing: "disk full: free space ...". */
const char *doc_write_mend(int err);

/* Makes a new name in `dir` survive a crash. 0 or -errno. */
int doc_sync_directory(const char *dir);

#endif
