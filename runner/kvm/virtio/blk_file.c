/*
 * A disk in a file by preadv() and pwritev(): one transfer at a time, for
 * kernels that forbid io_uring; see blk.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "kvm/virtio/blk.h"

#define DIRECT_ALIGN	4096ull		/* enough for every block device */

struct sync_channel {
	struct blk_channel channel;	/* first */
	int fd, direct_fd;
};

/* What is not aligned for O_DIRECT goes by the page cache; both agree. */
int blk_file_for(const struct blk_io *io, int fd, int direct_fd)
{
	uint64_t bits = io->offset | io->bytes;

	if (direct_fd < 0 || io->op == BLK_FLUSH)
		return fd;
	for (unsigned int i = 0; i < io->parts; i++)
		bits |= (uintptr_t)io->part[i].iov_base | io->part[i].iov_len;
	return bits % DIRECT_ALIGN ? fd : direct_fd;
}

static bool sync_submit(struct blk_channel *c, struct blk_io *io)
{
	const struct sync_channel *s = (struct sync_channel *)c;
	int fd = blk_file_for(io, s->fd, s->direct_fd);
	int parts = (int)io->parts;

	if (io->op == BLK_READ)
		io->result = preadv(fd, io->part, parts, (off_t)io->offset);
	else if (io->op == BLK_WRITE)
		io->result = pwritev(fd, io->part, parts, (off_t)io->offset);
	else
		io->result = fdatasync(fd);
	if (io->result < 0)
		io->result = -errno;
	return true;
}

static struct blk_io *reap_none(struct blk_channel *c, bool wait)
{
	(void)c;
	(void)wait;
	return NULL;
}

static void sync_close(struct blk_channel *c)
{
	free(c);
}

struct blk_channel *blk_sync_open(int fd, int direct_fd)
{
	struct sync_channel *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->fd = fd;
	s->direct_fd = direct_fd;
	s->channel = (struct blk_channel){
		.submit = sync_submit, .reap = reap_none, .close = sync_close,
	};
	return &s->channel;
}
