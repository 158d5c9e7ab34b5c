/*
 * Reaching tracefs without leaving a mount behind; see tracefs.h.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "host/tracefs.h"

int tracefs_write(int dir_fd, const char *path, int flags, const char *text)
{
	int fd = openat(dir_fd, path, O_WRONLY | O_CLOEXEC | flags);
	int rc = 0;

	if (fd < 0)
		return -errno;
	if (*text && write(fd, text, strlen(text)) < 0)
		rc = -errno;
	if (close(fd) && !rc)
		rc = -errno;
	return rc;
}

/* A mount that no path leads to: it ends with its descriptor. */
static int tracefs_mount(void)
{
	int fs = fsopen("tracefs", FSOPEN_CLOEXEC);
	int fd;

	if (fs < 0)
		return -errno;
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		fd = -errno;
	else if ((fd = fsmount(fs, FSMOUNT_CLOEXEC, 0)) < 0)
		fd = -errno;
	close(fs);
	return fd;
}

int tracefs_open(struct error *e)
{
	static const char *const places[] = {
		"/sys/kernel/tracing", "/sys/kernel/debug/tracing",
	};
	int rc = tracefs_mount();

	if (rc >= 0)
		return rc;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		int fd = open(places[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fd < 0)
			continue;
		if (!faccessat(fd, "instances", X_OK, 0))
			return fd;
		close(fd);
	}
	if (rc == -EPERM || rc == -EACCES)
		return error_set(e, rc, "no tracepoints: tracefs needs CAP_SYS_ADMIN (run as root)");
	if (rc == -ENODEV)
		return error_set(e, rc, "no tracepoints: this kernel has no tracefs (CONFIG_FTRACE)");
	return error_set(e, rc, "no tracepoints: tracefs does not mount: %s",
			 strerror(-rc));
}

void tracefs_clean(int tracefs_fd)
{
	int fd = openat(tracefs_fd, "instances",
			O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;
	int pid;

	if (!dir && fd >= 0)
		close(fd);
	while (dir && (d = readdir(dir))) {
		if (sscanf(d->d_name, "vmgauge-%d-", &pid) != 1 || pid <= 0)
			continue;
		/* Failure means that someone still holds it: not stale. */
		if (kill(pid, 0) && errno == ESRCH)
			unlinkat(dirfd(dir), d->d_name, AT_REMOVEDIR);
	}
	if (dir)
		closedir(dir);
}
