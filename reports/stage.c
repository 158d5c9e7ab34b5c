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

/* In the order of their appearance: the page last, when all it shows is there. */
#define FIGURE(name)							\
	"plots/" name ".gp", "plots/" name ".dat", "plots/" name ".svg",	\
	"plots/" name ".png", "plots/" name "-narrow.svg"

static const char *const names[] = {
	FIGURE("comparison"), FIGURE("exits"), FIGURE("operations"),
	FIGURE("walk"), FIGURE("curve"), FIGURE("decomposition"),
	"report.md", "index.html",
};

enum { NAMES = sizeof(names) / sizeof(names[0]) };

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
	s->plots_fd = open_directory(s->fd, "plots", true);
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
	return fsync(fd) < 0 && errno != EINVAL ? -errno : 0;
}

int stage_write(struct stage *s, const char *name, const struct text *content,
		struct error *e)
{
	int ret = content->failed ? -ENOMEM : 0;
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

int stage_commit(struct stage *s, struct error *e)
{
	int fd = open_directory(s->dir_fd, "plots", true);

	if (fd < 0)
		return error_set(e, fd, "%s/plots: cannot make or open: %s", s->dir,
				 strerror(-fd));
	close(fd);
	for (size_t i = 0; i < NAMES; i++) {
		if (renameat(s->fd, names[i], s->dir_fd, names[i]) == 0)
			continue;
		/* Not part of this report: one of an older run would mislead. */
		if (errno == ENOENT &&
		    (unlinkat(s->dir_fd, names[i], 0) == 0 || errno == ENOENT))
			continue;
		return error_set(e, -errno, "%s/%s: cannot put in place: %s", s->dir,
				 names[i], strerror(errno));
	}
	return 0;
}

void stage_close(struct stage *s)
{
	if (s->fd >= 0) {
		for (size_t i = 0; i < NAMES; i++)
			unlinkat(s->fd, names[i], 0);
		unlinkat(s->fd, "plots/gnuplot.err", 0);
		unlinkat(s->fd, "plots", AT_REMOVEDIR);
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
