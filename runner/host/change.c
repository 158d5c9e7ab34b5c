/*
 * The journal of changes to the host, the lock on it, and how it is worked
 * off; see change.h.
 *
 * A line is kind, path, old and new value and an end mark, by tabs. It is
 * synced before the change is made, so a line that was cut short stands for
 * a change that never was.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/change.h"
#include "host/change_undo.h"
#include "host/sysfile.h"

#define JOURNAL_MAX	(1 << 20)

int changes_directory(char *to, size_t bytes, struct error *e)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	int n;

	if (state && state[0] == '/')
		n = snprintf(to, bytes, "%s/vmgauge/changes", state);
	else if (home && home[0] == '/')
		n = snprintf(to, bytes, "%s/.local/state/vmgauge/changes",
			     home);
	else
		return error_set(e, -ENOENT, "changes to the host need a place "
				 "to be remembered: set XDG_STATE_HOME or HOME");
	return (size_t)n < bytes ? 0 : error_set(e, -ENAMETOOLONG, "the path "
						 "of the state directory is too long");
}

int change_file_open(const char *directory, const char *name, int flags)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = open(path, flags | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : fd;
}

static int directory_make(const char *directory)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s", directory);
	for (char *at = path + 1; ; at++) {
		char c = *at;

		if (c && c != '/')
			continue;
		*at = '\0';
		if (mkdir(path, 0700) && errno != EEXIST)
			return -errno;
		*at = c;
		if (!c)
			return 0;
	}
}

int change_directory_sync(const char *directory)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;

	if (fd < 0)
		return -errno;
	rc = fsync(fd) ? -errno : 0;
	close(fd);
	return rc;
}

int changes_open(struct changes *c, const char *root, const char *directory,
		 struct error *e)
{
	/* Not flock(): a child that lives on must not keep it. */
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int rc;

	*c = (struct changes){ .root = root, .lock_fd = -1, .journal_fd = -1 };
	snprintf(c->directory, sizeof(c->directory), "%s", directory);
	rc = directory_make(directory);
	if (rc)
		return error_set(e, rc, "%s: %s", directory, strerror(-rc));
	c->lock_fd = change_file_open(directory, "lock", O_RDWR | O_CREAT);
	if (c->lock_fd < 0)
		return error_set(e, c->lock_fd, "%s/lock: %s", directory,
				 strerror(-c->lock_fd));
	if (fcntl(c->lock_fd, F_SETLK, &lock)) {
		rc = errno == EACCES || errno == EAGAIN ? -EBUSY : -errno;
		close(c->lock_fd);
		return rc == -EBUSY ?
		       error_set(e, rc, "another vmgauge is changing this host "
				 "(%s/lock)", directory) :
		       error_set(e, rc, "%s/lock: %s", directory, strerror(-rc));
	}
	c->open = true;
	return 0;
}

/* The whole journal as a string of the caller's; NULL: there is none. */
static char *journal_read(const struct changes *c)
{
	int fd = change_file_open(c->directory, "journal", O_RDONLY);
	char *text = NULL;
	ssize_t n;

	if (fd < 0)
		return NULL;
	text = calloc(1, JOURNAL_MAX);
	n = text ? read(fd, text, JOURNAL_MAX - 1) : -1;
	close(fd);
	if (n > 0)
		return text;
	free(text);
	return NULL;
}

static bool line_parse(char *line, struct change *to)
{
	const char *mark;

	to->kind = strsep(&line, "\t");
	to->path = strsep(&line, "\t");
	to->old = strsep(&line, "\t");
	to->now = strsep(&line, "\t");
	mark = line;
	return mark && !strcmp(mark, CHANGE_END_MARK) && to->path[0] == '/';
}

/* Replaces the journal by the lines that are left; none: removes it. */
static int journal_replace(struct changes *c, const char *text)
{
	char path[PATH_MAX], fresh[PATH_MAX];
	int rc = 0, fd;

	if (c->journal_fd >= 0)
		close(c->journal_fd);
	c->journal_fd = -1;
	snprintf(path, sizeof(path), "%s/journal", c->directory);
	snprintf(fresh, sizeof(fresh), "%s/journal.new", c->directory);
	if (!text[0])
		return unlink(path) && errno != ENOENT ? -errno :
		       change_directory_sync(c->directory);
	fd = change_file_open(c->directory, "journal.new", O_WRONLY | O_CREAT | O_TRUNC);
	if (fd < 0)
		return fd;
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text) || fsync(fd))
		rc = -EIO;
	close(fd);
	if (!rc && rename(fresh, path))
		rc = -errno;
	return rc ? rc : change_directory_sync(c->directory);
}

static void tell(change_say *say, void *opaque, const char *text)
{
	if (say)
		say(opaque, text);
}

/* True: the line has to stay. */
static bool line_undo(const struct changes *c, char *line, change_say *say,
		      void *opaque)
{
	struct change change;
	struct error e;
	enum undo undo;

	if (!line_parse(line, &change)) {
		tell(say, opaque, "a line of the journal of changes was cut "
		     "short: the change was never made");
		return false;
	}
	undo = change_undo(c->root, &change, &e);
	if (undo != UNDO_NOTHING)
		tell(say, opaque, e.text);
	return undo == UNDO_FAILED;
}

int changes_restore(struct changes *c, change_say *say, void *opaque)
{
	char *text = c->open ? journal_read(c) : NULL;
	char *left, *line, *end;
	int kept = 0, rc;

	if (!text)
		return 0;
	left = calloc(1, JOURNAL_MAX);
	if (!left) {
		free(text);
		return -ENOMEM;
	}
	/* From the end, each line cut off once it is dealt with. */
	while (text[0]) {
		char copy[PATH_MAX + 1024];

		end = text + strlen(text);
		if (end[-1] == '\n')
			*--end = '\0';
		line = strrchr(text, '\n');
		line = line ? line + 1 : text;
		snprintf(copy, sizeof(copy), "%s", line);
		if (line_undo(c, copy, say, opaque)) {
			size_t n = strlen(line);

			/* In front: the order is that of the changes. */
			memmove(left + n + 1, left, strlen(left) + 1);
			memcpy(left, line, n);
			left[n] = '\n';
			kept++;
		}
		*line = '\0';
	}
	rc = journal_replace(c, left);
	if (rc)
		tell(say, opaque, "the journal of changes cannot be written");
	free(left);
	free(text);
	return rc ? rc : kept;
}

void changes_close(struct changes *c, change_say *say, void *opaque)
{
	if (!c->open)
		return;
	changes_restore(c, say, opaque);
	if (c->journal_fd >= 0)
		close(c->journal_fd);
	close(c->lock_fd);		/* and with it the lock */
	*c = (struct changes){ .lock_fd = -1, .journal_fd = -1 };
}

int changes_recover(const char *root, const char *directory, change_say *say,
		    void *opaque, struct error *e)
{
	struct changes c;
	char path[PATH_MAX];
	int rc;

	snprintf(path, sizeof(path), "%s/journal", directory);
	if (access(path, F_OK))
		return 0;
	rc = changes_open(&c, root, directory, e);
	if (rc)
		return rc == -EBUSY ? 0 : rc;
	changes_close(&c, say, opaque);
	return 0;
}
