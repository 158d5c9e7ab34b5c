/*
 * A contained process has no privilege to begin with and no way to get one:
 * no capability, a filter on its system calls, and IDs that are somebody
 * else's outside.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "item_host.h"
#include "suite.h"

#define KEY_SPEC_THREAD_KEYRING	(-1)

/* A field of /proc/self/status; all ones where it cannot be read. */
__host uint64_t status_field(const char *key, int base)
{
	FILE *f = fopen("/proc/self/status", "re");
	size_t n = strlen(key);
	unsigned long long v = ~0ull;
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, key, n) && line[n] == ':')
			sscanf(line + n + 1, base == 16 ? "%llx" : "%llu", &v);
	if (f)
		fclose(f);
	return v;
}

PROBE_PROCESS(no_capability_is_left,
	.rule = "No capability is permitted, effective or can be gained, and none by exec",
	.cite = "Linux, capabilities(7), prctl(2): PR_SET_NO_NEW_PRIVS",
	.control = "with all capabilities (without=caps) it fails")
{
	host_check(h, "CapPrm", 0, status_field("CapPrm", 16));
	host_check(h, "CapEff", 0, status_field("CapEff", 16));
	host_check(h, "CapInh", 0, status_field("CapInh", 16));
	host_check(h, "CapBnd", 0, status_field("CapBnd", 16));
	host_check(h, "NoNewPrivs", 1, status_field("NoNewPrivs", 10));
}

/* Both would succeed for anybody. */
PROBE_PROCESS(filter_refuses_system_calls,
	.rule = "A seccomp filter is in force, and refuses what needs no privilege",
	.cite = "Linux, seccomp(2), unshare(2), keyctl(2)",
	.control = "without a filter (without=seccomp) it fails")
{
	host_check(h, "Seccomp: 2, a filter", 2, status_field("Seccomp", 10));
	errno = 0;
	syscall(SYS_unshare, 0);
	host_check(h, "unshare(0) gives EPERM", EPERM, (uint64_t)errno);
	errno = 0;
	syscall(SYS_keyctl, 0, KEY_SPEC_THREAD_KEYRING, 1);
	host_check(h, "keyctl() gives EPERM", EPERM, (uint64_t)errno);
}

__host void mark_path(char *to, size_t bytes, const char *directory)
{
	snprintf(to, bytes, "%s/mark", directory);
}

/* Namespaces may be nested, so only outside can one see who this is there. */
__host void mark_judge(struct item_host *h)
{
	struct stat st = { .st_uid = 0, .st_gid = 0 };
	char path[160];

	mark_path(path, sizeof(path), h->outside->shared);
	host_check(h, "the file made inside is there", 0,
		   (uint64_t)lstat(path, &st));
	host_check(h, "it is root's", 0, !st.st_uid);
	host_check(h, "its group is root's", 0, !st.st_gid);
	unlink(path);
}

PROBE_PROCESS(root_inside_is_nobody_outside,
	.rule = "A file that is made inside belongs, outside, neither to root nor its group",
	.cite = "Linux, user_namespaces(7)",
	.control = "without a container (container:none, as root) it fails",
	.judge = HOST(mark_judge))
{
	char path[160];
	int fd;

	mark_path(path, sizeof(path), h->outside->shared_inside);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	host_check(h, "a file can be made in the shared directory", 1, fd >= 0);
	if (fd >= 0)
		close(fd);
}
