/*
 * Where a container's files lie: a directory of its own that only root and
 * the contained payload may enter.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "target/container/container.h"

#define PLACE_MAX	90	/* paths below it fit what shows them */

/* Read and written by who it is inside, and by root. */
static int dir_give(struct container *c, struct error *e)
{
	static const char *const given[] = { "", "/box", "/box/box" };
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", c->dir, given[i]);
		if (chown(path, CONTAINER_UID, CONTAINER_UID))
			return error_set(e, -errno, "%s: chown: %s", path,
					 strerror(errno));
	}
	return 0;
}

/* Somebody else must get there, and execute what lies there. */
static bool place_fits(const struct container *c, const char *place)
{
	struct statvfs fs;
	struct stat st;
	char path[PATH_MAX];
	size_t n = 0;

	if (!place || place[0] != '/' || strlen(place) > PLACE_MAX ||
	    statvfs(place, &fs) || (fs.f_flag & ST_NOEXEC) ||
	    access(place, W_OK | X_OK))
		return false;
	do {
		n += 1 + strcspn(place + n + 1, "/");
		snprintf(path, sizeof(path), "%.*s", (int)n, place);
		if (stat(path, &st) || (c->root && !(st.st_mode & S_IXOTH)))
			return false;
	} while (place[n]);
	return true;
}

/* Nobody but the contained payload may enter, other users of /tmp included. */
int place_make(struct container *c, struct error *e)
{
	const char *const place[] = {
		getenv("TMPDIR"), "/tmp", "/var/tmp", "/dev/shm",
	};
	const size_t places = sizeof(place) / sizeof(place[0]);
	char path[PATH_MAX];
	size_t i = 0;

	while (i < places && !place_fits(c, place[i]))
		i++;
	if (i == places)
		return error_set(e, -EACCES, "no place for a container's files: "
				 "set TMPDIR to one that others may enter and "
				 "execute from");
	snprintf(c->dir, sizeof(c->dir), "%s/vmgauge-container-XXXXXX",
		 place[i]);
	if (!mkdtemp(c->dir)) {
		int rc = error_set(e, -errno, "%s: %s", c->dir,
				   strerror(errno));

		c->dir[0] = '\0';
		return rc;
	}
	if (rootfs_make(c, e))
		return -EIO;
	snprintf(path, sizeof(path), "%s/box/box", c->dir);
	c->box = process_box_open(path, e);
	if (!c->box)
		return -EIO;
	return c->root ? dir_give(c, e) : 0;
}
