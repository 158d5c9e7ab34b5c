/*
 * A disk in a file by io_uring: a queue's transfers are under way together;
 * see blk.h.
 *
 * An eventfd tells of completions, so that the queue's thread can sleep on it
 * and on its doorbell at the same time.
 */
#include <errno.h>
#include <liburing.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "kvm/virtio/blk.h"

struct uring_channel {
	struct blk_channel channel;	/* first */
	struct io_uring ring;
	int fd, direct_fd;
};

static void uring_flush(struct blk_channel *c)
{
	struct io_uring *ring = &((struct uring_channel *)c)->ring;

	/* What the kernel does not take now stays for the next time. */
	if (io_uring_sq_ready(ring))
		io_uring_submit(ring);
}

/* As many entries as requests, so there is one free as soon as they move. */
static struct io_uring_sqe *sqe_take(struct uring_channel *u)
{
	struct io_uring_sqe *sqe;

	while (!(sqe = io_uring_get_sqe(&u->ring)))
		uring_flush(&u->channel);
	return sqe;
}

static bool uring_submit(struct blk_channel *c, struct blk_io *io)
{
	struct uring_channel *u = (struct uring_channel *)c;
	struct io_uring_sqe *sqe = sqe_take(u);
	int fd = blk_file_for(io, u->fd, u->direct_fd);

	if (io->op == BLK_READ)
		io_uring_prep_readv(sqe, fd, io->part, io->parts, io->offset);
	else if (io->op == BLK_WRITE)
		io_uring_prep_writev(sqe, fd, io->part, io->parts, io->offset);
	else
		io_uring_prep_fsync(sqe, fd, IORING_FSYNC_DATASYNC);
	io_uring_sqe_set_data(sqe, io);
	return false;
}

static struct blk_io *uring_reap(struct blk_channel *c, bool wait)
{
	struct io_uring *ring = &((struct uring_channel *)c)->ring;
	struct io_uring_cqe *cqe;
	struct blk_io *io;

	if (wait ? io_uring_wait_cqe(ring, &cqe) :
		   io_uring_peek_cqe(ring, &cqe))
		return NULL;
	io = io_uring_cqe_get_data(cqe);
	io->result = cqe->res;
	io_uring_cqe_seen(ring, cqe);
	return io;
}

static void uring_close(struct blk_channel *c)
{
	struct uring_channel *u = (struct uring_channel *)c;

	io_uring_queue_exit(&u->ring);
	close(c->fd);
	free(u);
}

struct blk_channel *blk_uring_open(int fd, int direct_fd, struct error *e)
{
	struct uring_channel *u = calloc(1, sizeof(*u));
	int rc;

	if (!u) {
		error_set(e, -ENOMEM, "out of memory for io_uring");
		return NULL;
	}
	rc = io_uring_queue_init(VIRTQ_SIZE_MAX, &u->ring, 0);
	if (rc) {
		error_set(e, rc, "io_uring_setup: %s%s", strerror(-rc),
			  rc == -EPERM ? ": see sysctl kernel.io_uring_disabled"
				       : "");
		free(u);
		return NULL;
	}
	u->fd = fd;
	u->direct_fd = direct_fd;
	u->channel = (struct blk_channel){
		.submit = uring_submit, .flush = uring_flush,
		.reap = uring_reap, .close = uring_close,
		.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
	};
	rc = u->channel.fd < 0 ? -errno :
	     io_uring_register_eventfd(&u->ring, u->channel.fd);
	if (!rc)
		return &u->channel;
	error_set(e, rc, "io_uring's eventfd: %s", strerror(-rc));
	io_uring_queue_exit(&u->ring);
	if (u->channel.fd >= 0)
		close(u->channel.fd);
	free(u);
	return NULL;
}
