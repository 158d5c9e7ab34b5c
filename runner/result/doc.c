/*
 * Result documents come from disks, colleagues and the future: say exactly
 * what is wrong with one that cannot be used, and let nothing else through.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "result/doc.h"

static const char *const verdict_names[] = {
	"pass", "tell", "skip", "fail", "hang", "crash", "error",
};

#define N_VERDICTS (int)(sizeof(verdict_names) / sizeof(*verdict_names))

int doc_verdict_severity(const char *verdict)
{
	for (int i = 0; verdict && i < N_VERDICTS; i++)
		if (!strcmp(verdict, verdict_names[i]))
			return i;
	return -1;
}

const char *doc_verdict_name(int severity)
{
	if (severity < 0 || severity >= N_VERDICTS)
		return NULL;
	return verdict_names[severity];
}

json_t *doc_new(const char *version, const char *image_sha256,
		json_t *run, json_t *env)
{
	if (!json_is_object(run) || !json_is_object(env))
		return NULL;
	return json_pack("{s:s, s:{s:s, s:s}, s:O, s:O, s:[]}",
			 "schema", DOC_SCHEMA,
			 "vmgauge", "version", version,
			 "image_sha256", image_sha256,
			 "run", run, "env", env, "results");
}

int doc_add_result(json_t *doc, json_t *result)
{
	json_t *results = json_object_get(doc, "results");

	if (!json_is_array(results) || !json_is_object(result))
		return -EINVAL;
	return json_array_append(results, result) ? -ENOMEM : 0;
}

/* Reads to the end of fd, or one byte past the limit. */
static int read_all(int fd, char **data, size_t *size_bytes)
{
	size_t room = 0, used = 0;
	ssize_t got = 1;
	char *buf = NULL;
	int err;

	while (got) {
		if (room - used < 2) {
			char *more = realloc(buf, room = room * 2 + 65536);

			if (!more)
				goto fail;
			buf = more;
		}
		got = read(fd, buf + used, room - used - 1);
		if (got < 0 && errno != EINTR)
			goto fail;
		used += got > 0 ? (size_t)got : 0;
		if (used > DOC_MAX_BYTES) {
			errno = EFBIG;
			goto fail;
		}
	}
	buf[used] = '\0';
	*data = buf;
	*size_bytes = used;
	return 0;
fail:
	err = errno ? -errno : -EIO;
	free(buf);
	return err;
}

static const char *read_mend(int err)
{
	switch (err) {
	case ENOENT:	return "check the name";
	case EISDIR:	return "name the file inside it";
	case EACCES:	return "ask its owner for permission to read";
	case EFBIG:	return "over 256 MiB, that is no file of vmgauge";
	default:	return "try again, or use another copy";
	}
}

int doc_read_file(const char *path, char **data, size_t *size_bytes,
		  struct error *e)
{
	int err, fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		err = -errno;
	else if (S_ISREG(st.st_mode) && st.st_size > (off_t)DOC_MAX_BYTES)
		err = -EFBIG;
	else
		err = read_all(fd, data, size_bytes);
	if (fd >= 0)
		close(fd);
	if (err)
		error_set(e, err, "cannot read %s: %s: %s", path,
			  strerror(-err), read_mend(-err));
	return err;
}

/* A journal parses as JSON up to its second line: a likely mistake. */
static bool is_journal(const char *data, size_t size_bytes)
{
	json_t *first = json_loadb(data, size_bytes, JSON_DISABLE_EOF_CHECK,
				   NULL);
	bool is = json_object_get(first, "journal") != NULL;

	json_decref(first);
	return is;
}

/* Begun like a document, and not ended like one. */
static bool is_truncated(const char *data, size_t size_bytes)
{
	const char *blanks = " \t\r\n";

	while (size_bytes && strchr(blanks, data[size_bytes - 1]))
		size_bytes--;
	return data[strspn(data, blanks)] == '{' &&
	       data[size_bytes - 1] != '}';
}

static void explain_syntax(const char *path, const char *data,
			   size_t size_bytes, const json_error_t *at,
			   struct error *e)
{
	if (size_bytes == strspn(data, " \t\r\n"))
		error_set(e, -EPROTO, "%s: empty file: run the suite again",
			  path);
	else if (is_journal(data, size_bytes))
		error_set(e, -EPROTO, "%s: the journal of an unfinished run, not "
			  "a result document: finish it by 'vmgauge run --resume'",
			  path);
	else if (is_truncated(data, size_bytes) ||
		 json_error_code(at) == json_error_premature_end_of_input)
		error_set(e, -EPROTO, "%s:%d:%d: truncated: the file ends inside "
			  "the document: copy it again, or run the suite again",
			  path, at->line, at->column);
	else
		error_set(e, -EPROTO, "%s:%d:%d: not JSON (%s): name a result "
			  "document written by vmgauge", path, at->line,
			  at->column, at->text);
}

json_t *doc_load(const char *path, struct error *e)
{
	json_error_t at;
	size_t size_bytes = 0;
	char *data = NULL;
	json_t *doc;

	if (doc_read_file(path, &data, &size_bytes, e) || !data)
		return NULL;
	doc = json_loadb(data, size_bytes, JSON_REJECT_DUPLICATES, &at);
	if (!doc) {
		explain_syntax(path, data, size_bytes, &at, e);
	} else if (doc_check(doc, path, e)) {
		json_decref(doc);
		doc = NULL;
	}
	free(data);
	return doc;
}
