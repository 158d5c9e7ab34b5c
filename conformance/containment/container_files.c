/*
 * A contained process has the files that it was given: no descriptor that
 * was open outside, no path of outside, and no way to mount one.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "item_host.h"
#include "suite.h"

#define FDS_MOST	1024
#define CITE_MOUNT	"Linux, mount_namespaces(7)"

PROBE_PROCESS(no_descriptor_comes_along,
	.rule = "Nothing but the standard streams is open at the first instruction",
	.cite = "Linux, execve(2), close_range(2)",
	.control = "with the runner's descriptors left open (without=fds) it fails")
{
	uint64_t open = 0;

	for (int fd = 3; fd < FDS_MOST; fd++)
		open += fcntl(fd, F_GETFD) >= 0;
	host_check(h, "open descriptors beside the standard ones", 0, open);
}

PROBE_PROCESS(files_outside_are_not_there,
	.rule = "A path of outside does not lead there, and the root is read-only",
	.cite = CITE_MOUNT "; Linux, pivot_root(2)",
	.control = "with the host's root as its own (without=files) it fails")
{
	struct statvfs root = { .f_flag = 0 };
	int fd = open(h->outside->file, O_RDONLY | O_CLOEXEC);

	host_check(h, "the runner's file can be opened", 0, fd >= 0);
	if (fd >= 0)
		close(fd);
	statvfs("/", &root);
	host_check(h, "the root is read-only", 1,
		   (root.f_flag & ST_RDONLY) != 0);
}

/* A type of file system that is none: being allowed to ask is enough. */
PROBE_PROCESS(mounts_cannot_be_made,
	.rule = "mount() and umount2() are refused before they look at anything",
	.cite = CITE_MOUNT "; Linux, mount(2), capabilities(7)",
	.control = "without a container (container:none, as root) it fails")
{
	errno = 0;
	mount("none", "/", "vmgauge-none", 0, NULL);
	host_check(h, "mount() gives EPERM", EPERM, (uint64_t)errno);
	errno = 0;
	umount2("/proc/self", 0);	/* where nothing is mounted */
	host_check(h, "umount2() gives EPERM", EPERM, (uint64_t)errno);
}
