/*
 * A result document appears whole or not at all: temporary file in the same
 * directory, sync, rename, sync of the directory. The temporary file has no
 * name before the rename, so that whoever is killed while writing leaves none.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "result/doc.h"

const char *doc_write_mend(int err)
{
	switch (err) {
	case ENOSPC:	return "disk full: free space or use -o elsewhere";
	case EDQUOT:	return "quota used up: free space or use -o elsewhere";
	case EFBIG:	return "over the file size limit: raise 'ulimit -f'";
	case EROFS:	return "use -o on a file system that can be written";
	case EACCES:
	case EPERM:	return "use -o where you may write";
	case ENOENT:	return "create the directory first, or use -o elsewhere";
	case EISDIR:	return "name a file inside it";
	default:	return "use -o elsewhere";
	}
}

struct sink {
	FILE *out;
	int err;	/* errno of the first failed write */
};

static int sink_write(const char *text, size_t n, void *data)
{
	struct sink *s = data;

	if (s->err)
		return -1;
	if (fwrite(text, 1, n, s->out) == n)
		return 0;
	s->err = errno ? errno : EIO;
	return -1;
}

static int sink_text(struct sink *s, const char *text)
{
	return sink_write(text, strlen(text), s);
}

static int sink_json(struct sink *s, const json_t *value)
{
	return json_dump_callback(value, sink_write, s,
				  DOC_JSON_FLAGS | JSON_ENCODE_ANY);
}

/* One element a line. */
static int sink_results(struct sink *s, const json_t *results)
{
	const json_t *result;
	size_t i;
	int err = sink_text(s, "[");

	json_array_foreach((json_t *)results, i, result)
		err = err || sink_text(s, i ? ",\n" : "\n") ||
		      sink_json(s, result);
	return err || sink_text(s, "\n]");
}

/* One member a line, and "results" spread further. 0 or -errno. */
static int sink_doc(struct sink *s, const json_t *doc)
{
	const char *key, *before = "{\n";
	const json_t *value;
	int err = 0;

	json_object_foreach((json_t *)doc, key, value) {
		json_t *name = json_string(key);

		err = err || sink_text(s, before) || sink_json(s, name) ||
		      sink_text(s, ":") ||
		      (strcmp(key, "results") ? sink_json(s, value) :
						sink_results(s, value));
		json_decref(name);
		before = ",\n";
	}
	err = err || sink_text(s, "\n}\n");
	if (!err)
		return 0;
	return s->err ? -s->err : -EINVAL;
}

/* Takes fd over. */
static int write_and_close(int fd, const json_t *doc, bool sync)
{
	struct sink s = { .out = fdopen(fd, "w") };
	int err;

	if (!s.out) {
		err = -errno;
		close(fd);
		return err;
	}
	err = sink_doc(&s, doc);
	if (!err && fflush(s.out))
		err = -errno;
	if (!err && sync && fsync(fd))
		err = -errno;
	if (fclose(s.out) && !err)
		err = -errno;
	return err;
}

int doc_sync_directory(const char *dir)
{
	int err = 0, fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	/* EINVAL: a file system that cannot sync directories */
	if (fsync(fd) && errno != EINVAL)
		err = -errno;
	close(fd);
	return err;
}

/* The directory part, as a string of its own; NULL if memory is short. */
static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return strdup(".");
	return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

static char *temporary_in(const char *dir)
{
	size_t size = strlen(dir) + 40;
	char *temp = malloc(size);

	if (temp)
		snprintf(temp, size, "%s/.vmgauge.%d.tmp", dir, getpid());
	return temp;
}

/* -EOPNOTSUPP where a file cannot be without a name, or not come by one. */
static int write_unnamed(const json_t *doc, const char *dir, const char *name)
{
	int fd = open(dir, O_WRONLY | O_TMPFILE | O_CLOEXEC, 0666), copy, err;
	char opened[40];

	if (fd < 0)
		return -EOPNOTSUPP;
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	err = copy < 0 ? -errno : write_and_close(copy, doc, true);
	snprintf(opened, sizeof(opened), "/proc/self/fd/%d", fd);
	if (!err && linkat(AT_FDCWD, opened, AT_FDCWD, name, AT_SYMLINK_FOLLOW))
		err = -EOPNOTSUPP;
	close(fd);
	return err;
}

static int write_named(const json_t *doc, const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

	return fd < 0 ? -errno : write_and_close(fd, doc, true);
}

static int save_atomically(const json_t *doc, const char *path)
{
	char *dir = directory_of(path);
	char *temp = dir ? temporary_in(dir) : NULL;
	int err = -ENOMEM;

	if (!temp)
		goto out;
	unlink(temp);	/* of a dead process that had our number */
	err = write_unnamed(doc, dir, temp);
	if (err == -EOPNOTSUPP)
		err = write_named(doc, temp);
	if (!err && rename(temp, path))
		err = -errno;
	if (err)
		unlink(temp);
	else
		err = doc_sync_directory(dir);
out:
	free(temp);
	free(dir);
	return err;
}

/* A pipe, a terminal or one of our own descriptors cannot be renamed over. */
static bool is_stream(const char *path)
{
	struct stat st;

	if (!strncmp(path, "/dev/std", 8) || !strncmp(path, "/dev/fd/", 8) ||
	    !strncmp(path, "/proc/", 6))
		return true;
	return !stat(path, &st) && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

static int save_stream(const json_t *doc, const char *path)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY);

	return fd < 0 ? -errno : write_and_close(fd, doc, false);
}

int doc_save(const json_t *doc, const char *path, struct error *e)
{
	int err;

	if (is_stream(path)) {
		err = save_stream(doc, path);
	} else {
		char *target = realpath(path, NULL);

		/* through a symbolic link, not in place of it */
		err = save_atomically(doc, target ? target : path);
		free(target);
	}
	if (err)
		error_set(e, err, "cannot write %s: %s: %s", path,
			  strerror(-err), doc_write_mend(-err));
	return err;
}
