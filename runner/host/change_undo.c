/*
 * The way back for each kind of change; see change_undo.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/swap.h>
#include <unistd.h>

#include "host/change_undo.h"
#include "host/sysfile.h"

int change_put(const char *root, const char *path, const char *value)
{
	int fd = sysfile_open(root, path, O_WRONLY | O_TRUNC), rc = 0;
	size_t n = strlen(value);
	ssize_t put;

	if (fd < 0)
		return fd;
	put = write(fd, value, n);
	if (put < 0)
		rc = -errno;
	else if ((size_t)put != n)
		rc = -EIO;
	if (close(fd) && !rc)
		rc = -errno;
	return rc;
}

static enum undo said(enum undo undo, struct error *e, const char *path,
		      const char *what)
{
	error_set(e, 0, "%s: %s", path, what);
	return undo;
}

static enum undo tried(int rc, struct error *e, const char *path,
		       const char *what)
{
	if (!rc)
		return said(UNDO_DONE, e, path, what);
	error_set(e, rc, "%s could not be restored: %s", path, strerror(-rc));
	return UNDO_FAILED;
}

static enum undo undo_write(const char *root, const struct change *c,
			    struct error *e)
{
	char now[256], what[300];
	int rc = sysfile_read(root, c->path, now, sizeof(now));

	if (rc == -ENOENT)
		return said(UNDO_LEFT, e, c->path, "gone, nothing to restore");
	if (rc < 0)
		return tried(rc, e, c->path, "");
	if (!strcmp(now, c->old))
		return UNDO_NOTHING;
	if (strcmp(now, c->now)) {
		snprintf(what, sizeof(what), "somebody set it to %s since, "
			 "left alone", now);
		return said(UNDO_LEFT, e, c->path, what);
	}
	snprintf(what, sizeof(what), "%s again", c->old);
	return tried(change_put(root, c->path, c->old), e, c->path, what);
}

static enum undo undo_zram(const char *root, const struct change *c,
			   struct error *e)
{
	char path[PATH_MAX], size[64];

	snprintf(path, sizeof(path), "%s/disksize", c->path);
	if (sysfile_read(root, path, size, sizeof(size)) < 0)
		return said(UNDO_LEFT, e, c->path, "gone, nothing to restore");
	if (!strcmp(size, c->old))
		return UNDO_NOTHING;
	if (strcmp(size, c->now))
		return said(UNDO_LEFT, e, c->path, "in use by somebody else");
	snprintf(path, sizeof(path), "%s/reset", c->path);
	return tried(change_put(root, path, "1"), e, c->path, "empty again");
}

_Bool change_swapped(const char *root, const char *device)
{
	char text[4096], *at;
	size_t n = strlen(device);

	if (sysfile_read(root, "/proc/swaps", text, sizeof(text)) < 0)
		return 0;
	for (at = strstr(text, device); at; at = strstr(at + 1, device))
		if (at > text && at[-1] == '\n' && strchr(" \t", at[n]))
			return 1;
	return 0;
}

static enum undo undo_swap(const char *root, const struct change *c,
			   struct error *e)
{
	char path[PATH_MAX];

	if (!change_swapped(root, c->path))
		return UNDO_NOTHING;
	snprintf(path, sizeof(path), "%s%s", root, c->path);
	return tried(swapoff(path) ? -errno : 0, e, c->path,
		     "swapped to no more");
}

/* A process that has ended meanwhile is no failure. */
static void members_move(const char *root, const char *group)
{
	char path[PATH_MAX], procs[PATH_MAX], text[4096], *at, *pid;
	const char *end = strrchr(group, '/');

	snprintf(procs, sizeof(procs), "%.*s/cgroup.procs", (int)(end - group),
		 group);
	snprintf(path, sizeof(path), "%s/cgroup.procs", group);
	if (sysfile_read(root, path, text, sizeof(text)) <= 0)
		return;
	at = text;
	while ((pid = strsep(&at, "\n")))
		change_put(root, procs, pid);
}

static enum undo undo_group(const char *root, const struct change *c,
			    struct error *e)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s%s", root, c->path);
	if (access(path, F_OK))
		return UNDO_NOTHING;
	members_move(root, c->path);
	return tried(rmdir(path) ? -errno : 0, e, c->path, "removed");
}

enum undo change_undo(const char *root, const struct change *change,
		      struct error *e)
{
	static const struct {
		const char *kind;
		enum undo (*fn)(const char *root, const struct change *c,
				struct error *e);
	} way[] = {
		{ "write", undo_write }, { "zram", undo_zram },
		{ "swap", undo_swap }, { "group", undo_group },
	};

	for (size_t i = 0; i < sizeof(way) / sizeof(way[0]); i++)
		if (!strcmp(change->kind, way[i].kind))
			return way[i].fn(root, change, e);
	return said(UNDO_LEFT, e, change->path, "a change of a kind that this "
		    "vmgauge does not know");
}
