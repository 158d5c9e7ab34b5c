/*
 * A report is read while it is written: by a browser, by a web server, by a
 * CI job. So no file of it is ever seen half-written, and a full disk leaves
 * the last good report in place.
 */
#include "reports/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIST "files.txt"

static const char *const directories[] = { "plots", "data" };

enum { DIRECTORIES = sizeof(directories) / sizeof(directories[0]) };

/* The list of an older report is a file like any other: trust no name of it. */
bool stage_name_valid(const char *name)
{
	const char *slash = strchr(name, '/'), *last = slash ? slash + 1 : name;
	size_t before = slash ? (size_t)(slash - name) : 0;
	bool known = !slash;

	for (size_t i = 0; i < DIRECTORIES && slash; i++)
		known |= before == strlen(directories[i]) &&
			 !strncmp(name, directories[i], before);
	return known && strlen(last) < 100 && *last && *last != '.' &&
	       last[strspn(last, "abcdefghijklmnopqrstuvwxyz"
			   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")] == '\0';
}

static bool is_staged(const struct stage *s, const char *name)
{
	for (size_t i = 0; i < s->count; i++)
		if (!strcmp(s->names[i], name))
			return true;
	return false;
}

int stage_expect(struct stage *s, const char *name)
{
	if (is_staged(s, name))
		return 0;
	if (!stage_name_valid(name))
		return -EINVAL;
	if (s->count == s->capacity) {
		size_t capacity = s->capacity ? 2 * s->capacity : 64;
		char **names = realloc(s->names, capacity * sizeof(*names));

		if (!names)
			return -ENOMEM;
		s->names = names;
		s->capacity = capacity;
	}
	s->names[s->count] = strdup(name);
	if (!s->names[s->count])
		return -ENOMEM;
	s->count++;
	return 0;
}

static int make_parents(const char *dir)
{
	char *path = strdup(dir);
	int ret = 0;

	if (!path)
		return -ENOMEM;
	for (char *slash = path; *slash && (slash = strchr(slash + 1, '/'));) {
		*slash = '\0';
		if (mkdir(path, 0777) < 0 && errno != EEXIST)
			ret = -errno;
		*slash = '/';
	}
	free(path);
	return ret;
}

static int open_directory(int at, const char *name, bool make)
{
	int fd;

	if (make && mkdirat(at, name, 0777) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Two reports may be written into one directory at the same time. */
static int open_hidden(struct stage *s)
{
	for (unsigned int i = 0; i < 1000; i++) {
		snprintf(s->hidden, sizeof(s->hidden), ".report-%ld-%u",
			 (long)getpid(), i);
		if (mkdirat(s->dir_fd, s->hidden, 0777) == 0) {
			s->fd = open_directory(s->dir_fd, s->hidden, false);
			return s->fd < 0 ? s->fd : 0;
		}
		if (errno != EEXIST)
			break;
	}
	s->hidden[0] = '\0';
	return -errno;
}

int stage_open(struct stage *s, const char *dir, struct error *e)
{
	int ret;

	*s = (struct stage){ .dir = dir, .dir_fd = -1, .fd = -1, .plots_fd = -1 };
	make_parents(dir);
	s->dir_fd = open_directory(AT_FDCWD, dir, true);
	if (s->dir_fd < 0)
		return error_set(e, s->dir_fd, "%s: cannot make or open: %s", dir,
				 strerror(-s->dir_fd));
	ret = open_hidden(s);
	if (ret)
		return error_set(e, ret, "%s: cannot write here: %s", dir,
				 strerror(-ret));
	for (size_t i = 0; i < DIRECTORIES; i++)
		if (mkdirat(s->fd, directories[i], 0777) < 0)
			return error_set(e, -errno, "%s/%s: cannot make: %s", dir,
					 directories[i], strerror(errno));
	s->plots_fd = open_directory(s->fd, "plots", false);
	if (s->plots_fd < 0)
		return error_set(e, s->plots_fd, "%s/plots: cannot make: %s", dir,
				 strerror(-s->plots_fd));
	return 0;
}

static int write_all(int fd, const char *data, size_t length)
{
	while (length > 0) {
		ssize_t n = write(fd, data, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		length -= (size_t)n;
	}
	/* Not synced, file by file: a report can be made again from its results. */
	return 0;
}

int stage_write(struct stage *s, const char *name, const struct text *content,
		struct error *e)
{
	int ret = content->failed ? -ENOMEM : stage_expect(s, name);
	int fd = -1;

	if (!ret) {
		fd = openat(s->fd, name,
			    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
		ret = fd < 0 ? -errno : 0;
	}
	if (!ret)
		ret = write_all(fd, text_string(content), content->length);
	if (fd >= 0 && close(fd) < 0 && !ret)
		ret = -errno;
	if (ret)
		return error_set(e, ret, "%s/%s: cannot write: %s", s->dir, name,
				 strerror(-ret));
	return 0;
}

int stage_read(const struct stage *s, const char *name, struct text *content)
{
	int fd = openat(s->fd, name, O_RDONLY | O_CLOEXEC);
	char buffer[16384];
	ssize_t n;

	if (fd < 0)
		return -errno;
	while ((n = read(fd, buffer, sizeof(buffer))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || content->length > 32u << 20)
			break;
		text_bytes(content, buffer, (size_t)n);
	}
	close(fd);
	if (n != 0)
		return -EIO;
	return content->failed ? -ENOMEM : 0;
}

void stage_discard(struct stage *s, const char *name)
{
	unlinkat(s->fd, name, 0);
}

static void read_older(const struct stage *s, struct text *list)
{
	struct stage final = { .fd = s->dir_fd };

	if (stage_read(&final, LIST, list))
		text_clear(list);
}

/* What the report before this one had, and this one has not. */
static void remove_older(struct stage *s, struct text *list)
{
	char *rest = NULL;

	for (char *name = list->data ? strtok_r(list->data, "\n", &rest) : NULL;
	     name; name = strtok_r(NULL, "\n", &rest))
		if (stage_name_valid(name) && !is_staged(s, name))
			unlinkat(s->dir_fd, name, 0);
}

static int put_in_place(struct stage *s, const char *name, struct error *e)
{
	if (renameat(s->fd, name, s->dir_fd, name) == 0)
		return 0;
	/* Not part of this report: one of an older run would mislead. */
	if (errno == ENOENT &&
	    (unlinkat(s->dir_fd, name, 0) == 0 || errno == ENOENT))
		return 0;
	return error_set(e, -errno, "%s/%s: cannot put in place: %s", s->dir,
			 name, strerror(errno));
}

static int write_list(struct stage *s, struct error *e)
{
	struct text list = { 0 };
	int ret;

	for (size_t i = 0; i < s->count; i++)
		if (faccessat(s->fd, s->names[i], F_OK, 0) == 0)
			text_format(&list, "%s\n", s->names[i]);
	ret = stage_write(s, LIST, &list, e);
	text_free(&list);
	return ret;
}

int stage_commit(struct stage *s, struct error *e)
{
	struct text older = { 0 };
	int ret = write_list(s, e);

	for (size_t i = 0; i < DIRECTORIES && !ret; i++)
		if (mkdirat(s->dir_fd, directories[i], 0777) < 0 &&
		    errno != EEXIST)
			ret = error_set(e, -errno, "%s/%s: cannot make: %s", s->dir,
					directories[i], strerror(errno));
	read_older(s, &older);
	for (size_t i = 0; i < s->count && !ret; i++)
		ret = put_in_place(s, s->names[i], e);
	if (!ret)
		remove_older(s, &older);
	text_free(&older);
	return ret;
}

void stage_close(struct stage *s)
{
	for (size_t i = 0; i < s->count; i++) {
		if (s->fd >= 0)
			unlinkat(s->fd, s->names[i], 0);
		free(s->names[i]);
	}
	free(s->names);
	if (s->fd >= 0) {
		unlinkat(s->fd, "plots/gnuplot.err", 0);
		for (size_t i = 0; i < DIRECTORIES; i++)
			unlinkat(s->fd, directories[i], AT_REMOVEDIR);
	}
	if (s->hidden[0])
		unlinkat(s->dir_fd, s->hidden, AT_REMOVEDIR);
	if (s->plots_fd >= 0)
		close(s->plots_fd);
	if (s->fd >= 0)
		close(s->fd);
	if (s->dir_fd >= 0)
		close(s->dir_fd);
	*s = (struct stage){ .dir_fd = -1, .fd = -1, .plots_fd = -1 };
}
