/*
 * Text into a file, so that nobody ever sees half of it; see save.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "export/save.h"
#include "result/doc.h"

static int bytes_write(int fd, const char *data, size_t bytes)
{
	while (bytes) {
		ssize_t put = write(fd, data, bytes);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return put ? -errno : -EIO;
		data += put;
		bytes -= (size_t)put;
	}
	return 0;
}

int text_write(int dir_fd, const char *name, const struct text *content,
	       int flags)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CLOEXEC | O_NOCTTY | flags,
			0666);
	int rc;

	if (fd < 0)
		return -errno;
	rc = bytes_write(fd, text_string(content), content->length);
	if (!rc && flags & O_EXCL && fsync(fd))
		rc = -errno;
	if (close(fd) && !rc)
		rc = -errno;
	return rc;
}

static int renamed_write(const struct text *content, const char *path)
{
	char *beside = NULL;
	int rc;

	if (asprintf(&beside, "%s.%ld.new", path, (long)getpid()) < 0)
		return -ENOMEM;
	rc = text_write(AT_FDCWD, beside, content, O_CREAT | O_EXCL);
	if (!rc && rename(beside, path))
		rc = -errno;
	if (rc && rc != -EEXIST)
		unlink(beside);
	free(beside);
	return rc;
}

int text_save(const struct text *content, const char *path, struct error *e)
{
	struct stat st;
	bool stream = !stat(path, &st) && !S_ISREG(st.st_mode) &&
		      !S_ISDIR(st.st_mode);
	char *target = stream ? NULL : realpath(path, NULL);
	int rc;

	if (content->failed)
		rc = -ENOMEM;
	else if (stream)
		rc = text_write(AT_FDCWD, path, content, O_APPEND);
	else
		rc = renamed_write(content, target ? target : path);
	free(target);
	return rc ? error_set(e, rc, "cannot write %s: %s: %s", path,
			      strerror(-rc), doc_write_mend(-rc)) : 0;
}

int json_save(json_t *doc, size_t flags, const char *path, struct error *e)
{
	char *dump = doc ? json_dumps(doc, flags) : NULL;
	struct text content = { 0 };
	int rc;

	text_add(&content, dump);
	text_add(&content, "\n");
	rc = !dump || content.failed ?
	     error_set(e, -ENOMEM, "out of memory for %s", path) :
	     text_save(&content, path, e);
	text_free(&content);
	free(dump);
	json_decref(doc);
	return rc;
}
