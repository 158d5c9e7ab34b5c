/*
 * Changes to the host: into the journal first, then made; see change.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <unistd.h>

#include "host/change.h"
#include "host/change_undo.h"
#include "host/sysfile.h"

/* On disk before the change is made. */
static int journal_add(struct changes *c, const struct change *change,
		       struct error *e)
{
	char line[PATH_MAX + 1024];
	int n = snprintf(line, sizeof(line), "%s\t%s\t%s\t%s\t" CHANGE_END_MARK "\n",
			 change->kind, change->path, change->old, change->now);
	bool fresh = c->journal_fd < 0;
	int rc = 0;

	if (!c->open)
		return error_set(e, -EPERM, "%s: the host may not be changed",
				 change->path);
	if ((size_t)n >= sizeof(line) || strpbrk(change->old, "\t\n") ||
	    strpbrk(change->now, "\t\n") || strpbrk(change->path, "\t\n"))
		return error_set(e, -EINVAL, "%s: a value of more than a line "
				 "cannot be restored", change->path);
	if (fresh)
		c->journal_fd = change_file_open(c->directory, "journal",
					  O_WRONLY | O_CREAT | O_APPEND);
	if (c->journal_fd < 0)
		rc = c->journal_fd;
	else if (write(c->journal_fd, line, (size_t)n) != n)
		rc = -ENOSPC;
	else if (fsync(c->journal_fd))
		rc = -errno;
	else if (fresh)
		rc = change_directory_sync(c->directory);
	return rc ? error_set(e, rc, "%s/journal: %s", c->directory,
			      strerror(-rc)) : 0;
}

int change_write(struct changes *c, const char *path, const char *value,
		 struct error *e)
{
	char old[256], now[256];
	struct change change = { "write", path, old, value };
	int rc = sysfile_read(c->root, path, old, sizeof(old));

	if (rc < 0)
		return error_set(e, rc, "%s: %s", path, strerror(-rc));
	if (!strcmp(old, value))
		return 0;
	rc = journal_add(c, &change, e);
	if (rc)
		return rc;
	rc = change_put(c->root, path, value);
	if (rc)
		return error_set(e, rc, "%s: %s cannot be written: %s", path,
				 value, strerror(-rc));
	/* A kernel may take less than it was asked for. */
	change.now = now;
	if (sysfile_read(c->root, path, now, sizeof(now)) >= 0 &&
	    strcmp(now, value))
		return journal_add(c, &change, e);
	return 0;
}

int change_zram(struct changes *c, const char *path, unsigned long long bytes,
		struct error *e)
{
	char file[PATH_MAX], old[64], size[32];
	struct change change = { "zram", path, "0", size };
	int rc;

	snprintf(size, sizeof(size), "%llu", bytes);
	snprintf(file, sizeof(file), "%s/disksize", path);
	rc = sysfile_read(c->root, file, old, sizeof(old));
	if (rc < 0)
		return error_set(e, rc, "%s: %s", file, strerror(-rc));
	if (strcmp(old, "0"))
		return error_set(e, -EBUSY, "%s: in use", path);
	rc = journal_add(c, &change, e);
	if (rc)
		return rc;
	rc = change_put(c->root, file, size);
	return rc ? error_set(e, rc, "%s: %s", file, strerror(-rc)) : 0;
}

int change_swap_on(struct changes *c, const char *device, struct error *e)
{
	struct change change = { "swap", device, "off", "on" };
	char path[PATH_MAX];
	int rc;

	if (change_swapped(c->root, device))
		return error_set(e, -EBUSY, "%s: swapped to already", device);
	rc = journal_add(c, &change, e);
	if (rc)
		return rc;
	snprintf(path, sizeof(path), "%s%s", c->root, device);
	if (swapon(path, SWAP_FLAG_PREFER | 32767))
		return error_set(e, -errno, "swapon %s: %s", device,
				 strerror(errno));
	return 0;
}

int change_group(struct changes *c, const char *path, struct error *e)
{
	struct change change = { "group", path, "none", "made" };
	char at[PATH_MAX];
	int rc;

	snprintf(at, sizeof(at), "%s%s", c->root, path);
	if (!access(at, F_OK))
		return error_set(e, -EEXIST, "%s: there already", path);
	rc = journal_add(c, &change, e);
	if (rc)
		return rc;
	return mkdir(at, 0755) ? error_set(e, -errno, "%s: %s", path,
					   strerror(errno)) : 0;
}
