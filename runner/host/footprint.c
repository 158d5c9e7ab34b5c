/*
 * Memory of this process as the kernel accounts for it; see footprint.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/footprint.h"
#include "host/sysfile.h"

#define CGROUP_MOUNT	"/sys/fs/cgroup"

/* The number behind a word that begins a line, or -ENOENT. */
static int line_number(const char *text, const char *word, int64_t *value)
{
	size_t n = strlen(word);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, word, n) || (line[n] != ' ' &&
					       line[n] != ':'))
			continue;
		*value = strtoll(line + n + 1, NULL, 10);
		return 0;
	}
	return -ENOENT;
}

int footprint_user(const char *root, int64_t *bytes, struct error *e)
{
	static const char path[] = "/proc/self/smaps_rollup";
	char text[2048];
	int rc = sysfile_read(root, path, text, sizeof(text));

	if (rc >= 0)
		rc = line_number(text, "Rss", bytes);
	if (rc)
		return error_set(e, rc, "%s: %s: this kernel does not tell "
				 "what is resident (Linux 4.14)", path,
				 strerror(-rc));
	*bytes *= 1024;
	return 0;
}

/*
 * The path behind ":memory:" (v1), or behind "0::" (v2); NULL: none. A v1
 * hierarchy of its own comes first: the controller can only be in one.
 */
static char *cgroup_path(char *text, bool *v1)
{
	char *path = strstr(text, ":memory:");

	*v1 = path;
	if (path) {
		path += strlen(":memory:");
	} else {
		path = strncmp(text, "0::", 3) ? strstr(text, "\n0::") : text;
		if (!path)
			return NULL;
		path = strstr(path, "::") + 2;
	}
	path[strcspn(path, "\n")] = '\0';
	return path;
}

static int kernel_read(const char *root, int64_t *bytes)
{
	char groups[4096], text[8192], *path;
	bool v1;
	int rc = sysfile_read(root, "/proc/self/cgroup", groups,
			      sizeof(groups));

	if (rc < 0)
		return rc;
	path = cgroup_path(groups, &v1);
	if (!path)
		return -ENOENT;
	if (v1) {
		rc = sysfile_readf(root, text, sizeof(text), CGROUP_MOUNT
				   "/memory%s/memory.kmem.usage_in_bytes",
				   path);
		*bytes = rc < 0 ? 0 : strtoll(text, NULL, 10);
		return rc < 0 ? rc : 0;
	}
	rc = sysfile_readf(root, text, sizeof(text),
			   CGROUP_MOUNT "%s/memory.stat", path);
	return rc < 0 ? rc : line_number(text, "kernel", bytes);
}

int footprint_kernel(const char *root, int64_t *bytes, struct error *e)
{
	int rc = kernel_read(root, bytes);

	/* The root group is not charged: it tells of nothing, or of others. */
	if (!rc && !*bytes)
		rc = -ENODATA;
	if (!rc)
		return 0;
	return error_set(e, rc, "no memory cgroup counts this process's "
			 "kernel memory (%s): run it in one, as by "
			 "systemd-run --scope", strerror(-rc));
}

bool footprint_kernel_shared(const char *root)
{
	char groups[4096], procs[8192], *path, *end;
	bool v1;

	if (sysfile_read(root, "/proc/self/cgroup", groups,
			 sizeof(groups)) < 0)
		return true;
	path = cgroup_path(groups, &v1);
	if (!path || sysfile_readf(root, procs, sizeof(procs), CGROUP_MOUNT
				   "%s%s/cgroup.procs", v1 ? "/memory" : "",
				   path) < 0)
		return true;
	return strtol(procs, &end, 10) != getpid() ||
	       end[strspn(end, "\n")];
}

/* The text that counts for this process's cgroup: its length, or -errno. */
static int events_read(const char *root, char *text, size_t bytes)
{
	char groups[4096], *path;
	bool v1;
	int rc = sysfile_read(root, "/proc/self/cgroup", groups,
			      sizeof(groups));

	if (rc < 0)
		return rc;
	path = cgroup_path(groups, &v1);
	return !path ? -ENOENT :
	       v1 ? sysfile_readf(root, text, bytes, CGROUP_MOUNT
				  "/memory%s/memory.oom_control", path) :
	       sysfile_readf(root, text, bytes,
			     CGROUP_MOUNT "%s/memory.events", path);
}

long long footprint_oom_kills(const char *root)
{
	char text[16384];
	int64_t kills;

	if (events_read(root, text, sizeof(text)) >= 0 &&
	    !line_number(text, "oom_kill", &kills))
		return kills;
	if (sysfile_read(root, "/proc/vmstat", text, sizeof(text)) >= 0 &&
	    !line_number(text, "oom_kill", &kills))
		return kills;
	return -1;
}
