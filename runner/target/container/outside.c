/*
 * What lies outside for a probe of containment to reach for: a file that
 * anybody may read, a listening socket without a path, a segment of shared
 * memory, and a descriptor that was left open. A probe that cannot reach
 * them says something, because without a container it can.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "target/container/container.h"

#define SPARE_FD_MIN	64

static int socket_listen(struct container *c, struct error *e)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	size_t n;

	n = (size_t)snprintf(c->outside.socket, sizeof(c->outside.socket),
			     "%s", c->self);
	memcpy(at.sun_path + 1, c->outside.socket, n);
	c->socket_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->socket_fd < 0 ||
	    bind(c->socket_fd, (struct sockaddr *)&at,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + n)) ||
	    listen(c->socket_fd, 16))
		return error_set(e, -errno, "a socket to be reached for: %s",
				 strerror(errno));
	return 0;
}

static int segment_make(struct container *c, struct error *e)
{
	key_t key = (key_t)(getpid() ^ 0x766d0000);

	for (int i = 0; i < 16 && c->shm_id < 0; i++, key++)
		c->shm_id = shmget(key, 4096, IPC_CREAT | IPC_EXCL | 0666);
	c->outside.shm_key = key - 1;
	if (c->shm_id >= 0)
		return 0;
	return error_set(e, -errno, "shared memory to be reached for: %s",
			 strerror(errno));
}

int outside_open(struct container *c, struct error *e)
{
	struct outside *o = &c->outside;
	int fd, rc;

	o->pid = getpid();
	gethostname(o->hostname, sizeof(o->hostname) - 1);
	snprintf(o->file, sizeof(o->file), "%.*s/outside",
		 (int)sizeof(o->file) - 9, c->dir);
	snprintf(o->shared, sizeof(o->shared), "%.*s/box",
		 (int)sizeof(o->shared) - 5, c->dir);
	snprintf(o->shared_inside, sizeof(o->shared_inside), "%s",
		 c->engine->program ? "/box" : o->shared);
	if (c->without & PART_FILES)
		strcpy(o->shared_inside, "/mnt/box");
	rc = file_write(c, "outside", "outside\n", 8, e);
	if (!rc)
		rc = socket_listen(c, e);
	if (!rc)
		rc = segment_make(c, e);
	if (rc)
		return rc;
	/* Not closed by exec: closing it is for who starts a container. */
	fd = open(o->file, O_RDONLY | O_CLOEXEC);
	c->spare_fd = fd < 0 ? -1 : fcntl(fd, F_DUPFD, SPARE_FD_MIN);
	if (fd >= 0)
		close(fd);
	return c->spare_fd < 0 ? error_set(e, -errno, "%s: %s", o->file,
					   strerror(errno)) : 0;
}

void outside_close(struct container *c)
{
	if (c->socket_fd >= 0)
		close(c->socket_fd);
	if (c->shm_id >= 0)
		shmctl(c->shm_id, IPC_RMID, NULL);
	if (c->spare_fd >= 0)
		close(c->spare_fd);
	c->socket_fd = c->shm_id = c->spare_fd = -1;
}
