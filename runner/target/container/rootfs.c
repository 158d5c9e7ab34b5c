/*
 * A root file system of the fewest files: this program and the libraries
 * that it has loaded, copied to where they are outside.
 *
 * Copies, because a bind mount for each would be part of what a container's
 * start costs, and because nothing of the host's should be there to be seen.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "target/container/container.h"

struct copying {
	struct container *c;
	struct error *e;
	int rc;
};

static int directories_make(char *path)
{
	for (char *p = path + 1; (p = strchr(p, '/')); p++) {
		int rc;

		*p = '\0';
		rc = mkdir(path, 0755);
		*p = '/';
		if (rc && errno != EEXIST)
			return -errno;
	}
	return 0;
}

static int file_copy(const char *from, const char *to, struct error *e)
{
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	int rc = in < 0 || out < 0 ? -errno : 0;
	ssize_t n = 0;

	while (!rc && (n = sendfile(out, in, NULL, 1 << 30)) > 0)
		;
	if (!rc && n < 0)
		rc = -errno;
	if (in >= 0)
		close(in);
	if (out >= 0 && close(out) && !rc)
		rc = -errno;
	return rc ? error_set(e, rc, "copying %s to %s: %s", from, to,
			      strerror(-rc)) : 0;
}

/* Where the dynamic linker inside will look, in this order. */
static void path_add(struct container *c, const char *library)
{
	size_t n = (size_t)(strrchr(library, '/') - library), at;
	char *found = NULL;

	for (char *p = c->path; n && (p = strstr(p, library)); p++)
		if (p[n] == ':' || !p[n])
			found = p;
	at = strlen(c->path);
	if (!found && n && at + n + 2 < sizeof(c->path))
		snprintf(c->path + at, sizeof(c->path) - at, "%s%.*s",
			 at ? ":" : "", (int)n, library);
}

static int object_copy(struct dl_phdr_info *info, size_t bytes, void *opaque)
{
	struct copying *copying = opaque;
	struct container *c = copying->c;
	char to[PATH_MAX];

	(void)bytes;
	if (info->dlpi_name[0] != '/')	/* the program itself, the vDSO */
		return 0;
	snprintf(to, sizeof(to), "%s/rootfs%s", c->dir, info->dlpi_name);
	copying->rc = directories_make(to);
	if (copying->rc)
		error_set(copying->e, copying->rc, "%s: %s", to,
			  strerror(-copying->rc));
	else
		copying->rc = file_copy(info->dlpi_name, to, copying->e);
	path_add(c, info->dlpi_name);
	return copying->rc;
}

int rootfs_make(struct container *c, struct error *e)
{
	static const char *const directory[] = {
		"rootfs", "rootfs/proc", "rootfs/dev", "rootfs/tmp",
		"rootfs/sys", "rootfs/box", "box", "state",
	};
	struct copying copying = { .c = c, .e = e };
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(directory) / sizeof(*directory); i++) {
		snprintf(path, sizeof(path), "%s/%s", c->dir, directory[i]);
		if (mkdir(path, 0755) || chmod(path, 0755))
			return error_set(e, -errno, "%s: %s", path,
					 strerror(errno));
	}
	snprintf(path, sizeof(path), "%s/rootfs" CONTAINER_PROGRAM, c->dir);
	copying.rc = file_copy("/proc/self/exe", path, e);
	if (!copying.rc)
		dl_iterate_phdr(object_copy, &copying);
	return copying.rc;
}

static int entry_remove(const char *path, const struct stat *st, int flag,
			struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	remove(path);
	return 0;
}

void rootfs_remove(struct container *c)
{
	if (c->dir[0])
		nftw(c->dir, entry_remove, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	c->dir[0] = '\0';
}
