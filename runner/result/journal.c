/*
 * One write per line and a sync after it: a crash can tear the last line only,
 * and a torn line is a result that nobody was told was finished.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "result/doc.h"
#include "result/journal.h"
#include "result/journal_parse.h"

static int lock(struct journal *j, struct error *e)
{
	int err;

	if (!flock(j->fd, LOCK_EX | LOCK_NB))
		return 0;
	err = errno == EWOULDBLOCK ? -EBUSY : -errno;
	if (err == -EBUSY)
		return error_set(e, err, "%s: in use by another vmgauge: wait for "
				 "it to end, or use another directory", j->path);
	return error_set(e, err, "cannot lock %s: %s: use a directory on a local "
			 "file system", j->path, strerror(-err));
}

static int write_error(const struct journal *j, int err, struct error *e)
{
	return error_set(e, err, "cannot write %s: %s: %s; what was finished "
			 "before is kept", j->path, strerror(-err),
			 doc_write_mend(-err));
}

/* Back to the last whole line. */
static int cut(struct journal *j, struct error *e)
{
	int err;

	j->ragged = ftruncate(j->fd, j->end_bytes) != 0;
	if (!j->ragged)
		return 0;
	err = -errno;
	return error_set(e, err, "cannot cut the torn last line off %s: %s: "
			 "free space, or allow writing", j->path,
			 strerror(-err));
}

/* A short write (a full disk, a limit) is tried once more for its errno. */
static int write_whole(int fd, const char *text, size_t size_bytes)
{
	while (size_bytes) {
		ssize_t put = write(fd, text, size_bytes);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return put ? -errno : -EIO;
		text += put;
		size_bytes -= (size_t)put;
	}
	return fdatasync(fd) ? -errno : 0;
}

/* The object as a line with its newline; the caller frees it. */
static char *line_new(const json_t *object, size_t *size_bytes)
{
	/* Exact: a resumed run must come to the same document. */
	char *text = json_dumps(object, JSON_COMPACT), *line = NULL;

	if (text) {
		*size_bytes = strlen(text) + 1;
		line = malloc(*size_bytes + 1);
	}
	if (line)
		snprintf(line, *size_bytes + 1, "%s\n", text);
	free(text);
	return line;
}

int journal_append(struct journal *j, const json_t *record, struct error *e)
{
	size_t size_bytes;
	char *line;
	int err;

	if (!json_is_object(record))
		return error_set(e, -EINVAL, "%s: a record must be an object",
				 j->path);
	err = j->ragged ? cut(j, e) : 0;
	if (err)
		return err;
	line = line_new(record, &size_bytes);
	if (!line)
		return error_set(e, -ENOMEM, "%s: out of memory", j->path);
	err = write_whole(j->fd, line, size_bytes);
	free(line);
	if (!err) {
		j->end_bytes += (off_t)size_bytes;
		return 0;
	}
	write_error(j, err, e);
	cut(j, NULL);	/* if this fails, the next append or opening does it */
	return err;
}

static int set_path(struct journal *j, const char *dir, struct error *e)
{
	int n = snprintf(j->path, sizeof(j->path), "%s/" JOURNAL_FILE, dir);

	j->fd = -1;
	j->end_bytes = 0;
	j->torn_bytes = 0;
	j->torn_lines = 0;
	j->ragged = false;
	if (n < 0 || (size_t)n >= sizeof(j->path))
		return error_set(e, -ENAMETOOLONG, "%.60s...: the path is too "
				 "long: use a shorter one", dir);
	return 0;
}

static int write_header(struct journal *j, const char *dir,
			const json_t *header, struct error *e)
{
	json_t *first = json_pack("{s:s}", "journal", JOURNAL_SCHEMA);
	int err;

	if (!first || json_object_update_missing(first, (json_t *)header)) {
		json_decref(first);
		return error_set(e, -ENOMEM, "%s: out of memory", j->path);
	}
	err = journal_append(j, first, e);
	json_decref(first);
	if (!err) {
		err = doc_sync_directory(dir);
		if (err)
			write_error(j, err, e);
	}
	return err;
}

int journal_create(struct journal *j, const char *dir, const json_t *header,
		   struct error *e)
{
	int err = set_path(j, dir, e);

	if (err)
		return err;
	if (!json_is_object(header))
		return error_set(e, -EINVAL, "%s: the header must be an object",
				 j->path);
	j->fd = open(j->path, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC,
		     0666);
	if (j->fd < 0 && errno == EEXIST)
		return error_set(e, -EEXIST, "%s: there is a journal already: go "
				 "on with 'vmgauge run --resume', or use another "
				 "directory", j->path);
	if (j->fd < 0)
		return error_set(e, -errno, "cannot create %s: %s: %s", j->path,
				 strerror(errno), doc_write_mend(errno));
	err = lock(j, e);
	if (!err)
		err = write_header(j, dir, header, e);
	if (err) {
		unlink(j->path);
		journal_close(j);
	}
	return err;
}

void journal_close(struct journal *j)
{
	if (j->fd >= 0)
		close(j->fd);
	j->fd = -1;
}

/* What a crash tore at the end goes; it was never reported as finished. */
static int cut_torn(struct journal *j, size_t size_bytes, struct error *e)
{
	j->torn_bytes = size_bytes - (size_t)j->end_bytes;
	if (!j->torn_bytes)
		return 0;
	j->torn_lines = 1;
	return cut(j, e);
}

int journal_open_resume(struct journal *j, const char *dir, json_t **header,
			json_t **records, struct error *e)
{
	struct journal_text t = { .path = j->path };
	size_t size_bytes;
	char *text = NULL;
	int err = set_path(j, dir, e);

	if (err)
		return err;
	j->fd = open(j->path, O_RDWR | O_APPEND | O_CLOEXEC);
	if (j->fd < 0)
		return error_set(e, -errno, "cannot open %s: %s: name the "
				 "directory of an unfinished run that you may "
				 "write", j->path, strerror(errno));
	err = lock(j, e);
	if (!err)
		err = doc_read_file(j->path, &text, &size_bytes, e);
	if (!err)
		err = journal_parse(&t, text, size_bytes, e);
	if (!err) {
		j->end_bytes = (off_t)t.whole_bytes;
		err = cut_torn(j, size_bytes, e);
	}
	free(text);
	if (err) {
		json_decref(t.header);
		json_decref(t.records);
		journal_close(j);
		return err;
	}
	*header = t.header;
	*records = t.records;
	return 0;
}
