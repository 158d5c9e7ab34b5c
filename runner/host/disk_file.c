/*
 * A nameless file that is somebody's disk; see disk_file.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/disk_file.h"
#include "load.h"

#define CHUNK_BYTES	(1u << 20)

static int the_fd = -1;

/* Where a file would be on a disk, if there is one. */
static const char *directory(void)
{
	const char *dir = getenv("TMPDIR");

	if (dir && *dir)
		return dir;
	return access("/var/tmp", W_OK) ? "/tmp" : "/var/tmp";
}

static int fill(int fd, const char *dir, struct error *e)
{
	char *chunk = malloc(CHUNK_BYTES);
	int rc = 0;

	if (!chunk)
		return error_set(e, -ENOMEM, "out of memory for a disk");
	memset(chunk, 0x5a, CHUNK_BYTES);
	for (uint64_t at = 0; at < LOAD_DISK_BYTES && !rc; at += CHUNK_BYTES)
		if (pwrite(fd, chunk, CHUNK_BYTES, (off_t)at) != CHUNK_BYTES)
			rc = error_set(e, -ENOSPC, "%s: no room for a disk of "
				       "%llu MiB: say TMPDIR=DIRECTORY", dir,
				       LOAD_DISK_BYTES >> 20);
	free(chunk);
	if (!rc && fsync(fd))
		rc = error_set(e, -errno, "%s: %s", dir, strerror(errno));
	return rc;
}

static int make(struct error *e)
{
	const char *dir = directory();
	char path[4096];
	int fd, rc;

	snprintf(path, sizeof(path), "%s/vmgauge-disk-XXXXXX", dir);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return error_set(e, -errno, "%s: %s: say TMPDIR=DIRECTORY",
				 path, strerror(errno));
	unlink(path);
	rc = fill(fd, dir, e);
	if (rc) {
		close(fd);
		return rc;
	}
	return fd;
}

int disk_file(char path[DISK_FILE_PATH_BYTES], struct error *e)
{
	if (the_fd < 0) {
		int fd = make(e);

		if (fd < 0)
			return fd;
		the_fd = fd;
	}
	if (path)
		snprintf(path, DISK_FILE_PATH_BYTES, "/proc/self/fd/%d",
			 the_fd);
	return the_fd;
}

int disk_file_direct(struct error *e)
{
	char path[DISK_FILE_PATH_BYTES];
	int rc = disk_file(path, e), fd;

	if (rc < 0)
		return rc;
	fd = open(path, O_RDWR | O_CLOEXEC | O_DIRECT);
	if (fd < 0)
		return error_set(e, -errno, "%s with O_DIRECT: %s: say "
				 "TMPDIR=DIRECTORY", directory(),
				 strerror(errno));
	close(fd);
	return 0;
}
