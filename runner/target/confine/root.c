/*
 * The empty root of a confined process; see confine.h. It is made in a mount
 * namespace that nobody else sees and goes with it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "target/confine/confine.h"

#define HERE		"/tmp"		/* on every system */
#define TMP_BYTES	"size=256m,mode=1777"

static int said(const char *what, struct error *e)
{
	return error_set(e, -errno, "the confinement's root: %s: %s", what,
			 strerror(errno));
}

/* A directory of the host's, or a file, at the same place below HERE. */
static int bind_here(const char *path, bool directory, struct error *e)
{
	char to[64];
	int fd;

	snprintf(to, sizeof(to), HERE "%s", path);
	if (directory) {
		if (mkdir(to, 0755))
			return said(path, e);
	} else {
		fd = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		if (fd < 0)
			return said(path, e);
		close(fd);
	}
	if (mount(path, to, NULL, directory ? MS_BIND | MS_REC : MS_BIND, NULL))
		return said(path, e);
	return 0;
}

static int read_only(const char *path, struct error *e)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };

	if (mount_setattr(AT_FDCWD, path, AT_RECURSIVE, &attr, sizeof(attr)))
		return said(path, e);
	return 0;
}

/* A kernel's first root cannot be given up, but covered. */
static int root_change(struct error *e)
{
	if (chdir(HERE))
		return said("chdir", e);
	if (!syscall(SYS_pivot_root, ".", ".")) {
		if (umount2(".", MNT_DETACH))
			return said("umount", e);
	} else if (mount(".", "/", NULL, MS_MOVE, NULL) || chroot(".")) {
		return said("chroot", e);
	}
	return chdir("/") ? said("chdir", e) : 0;
}

int confine_root(struct error *e)
{
	static const char *const devices[] = {
		"/dev/kvm", "/dev/null", "/dev/userfaultfd",
	};
	int rc = 0;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", HERE, "tmpfs", MS_NOSUID | MS_NOEXEC,
		  "size=64k,mode=0755"))
		return said(HERE, e);
	rc = bind_here("/proc", true, e);
	if (!rc)
		rc = bind_here("/sys", true, e);
	if (!rc && (mkdir(HERE "/dev", 0755) || mkdir(HERE "/tmp", 0755)))
		rc = said("mkdir", e);
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]) && !rc; i++)
		if (!access(devices[i], F_OK))
			rc = bind_here(devices[i], false, e);
	if (!rc)
		rc = root_change(e);
	if (!rc)
		rc = read_only("/", e);
	if (!rc && mount("tmpfs", "/tmp", "tmpfs",
			 MS_NOSUID | MS_NODEV | MS_NOEXEC, TMP_BYTES))
		rc = said("/tmp", e);
	return rc;
}
