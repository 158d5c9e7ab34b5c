/*
 * A memory cgroup of one's own; see group.h.
 *
 * No processes may be beside groups that are controlled, so it is made at the
 * top. Its limit is memory.high, which slows down what goes beyond it:
 * memory.max, and all that version 1 has, calls the OOM killer where reclaim
 * finds nothing, as it does on hosts that cannot age what a guest has mapped.
 */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/change_undo.h"
#include "host/group.h"
#include "host/sysfile.h"

#define ROOT		"/sys/fs/cgroup"

struct place {
	char own[PATH_MAX / 2];		/* this process's group */
};

/* Where this process is now, to come back to. */
static char left_from[PATH_MAX];

static bool own_group(char *to, size_t bytes)
{
	char text[4096], *at = text, *line;

	if (sysfile_read("", "/proc/self/cgroup", text, sizeof(text)) < 0)
		return false;
	while ((line = strsep(&at, "\n")))
		if (!strncmp(line, "0::/", 4)) {
			snprintf(to, bytes, "%s", line[4] ? line + 3 : "");
			return true;
		}
	return false;
}

static bool place_find(struct place *p)
{
	char own[PATH_MAX / 4], names[1024];

	if (sysfile_read("", ROOT "/cgroup.subtree_control", names,
			 sizeof(names)) < 0 ||
	    !sysfile_has_word(names, "memory") || !own_group(own, sizeof(own)))
		return false;
	snprintf(p->own, sizeof(p->own), ROOT "%s", own);
	return true;
}

const char *group_impossible(char *why, size_t bytes)
{
	struct place p;

	if (!place_find(&p)) {
		snprintf(why, bytes, "its limit needs cgroup v2 with the memory controller on in "
			 ROOT "/cgroup.subtree_control");
		return why;
	}
	if (!access(ROOT, W_OK))
		return NULL;
	snprintf(why, bytes, "no cgroup can be made in " ROOT ": %s",
		 strerror(errno));
	return why;
}

static int put(const char *group, const char *file, const char *value,
	       struct error *e)
{
	char path[PATH_MAX];
	int rc;

	snprintf(path, sizeof(path), "%s/%s", group, file);
	rc = change_put("", path, value);
	return rc ? error_set(e, rc, "%s: %s", path, strerror(-rc)) : 0;
}

int group_enter(struct changes *changes, uint64_t limit_bytes, struct error *e)
{
	char group[PATH_MAX - 32], value[32];
	struct place p;
	int rc;

	if (!place_find(&p))
		return error_set(e, -ENODEV, "there is no memory cgroup");
	snprintf(group, sizeof(group), ROOT "/vmgauge-%d", getpid());
	rc = change_group(changes, group, e);
	if (rc)
		return rc;
	snprintf(value, sizeof(value), "%llu", (unsigned long long)limit_bytes);
	rc = put(group, "memory.high", value, e);
	if (rc)
		return rc;
	snprintf(left_from, sizeof(left_from), "%s/cgroup.procs", p.own);
	snprintf(value, sizeof(value), "%d", getpid());
	return put(group, "cgroup.procs", value, e);
}

void group_leave(void)
{
	char value[32];

	if (!left_from[0])
		return;
	snprintf(value, sizeof(value), "%d", getpid());
	change_put("", left_from, value);
	left_from[0] = '\0';
}
