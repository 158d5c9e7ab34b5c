/*
 * A disk in a file by io_uring: a queue's transfers are under way together;
 * see blk.h.
 *
 * The queue's thread sleeps in the ring: its doorbell is looked for there, too,
 * so that a completion costs it one system call, as it costs a loop that has
 * no doorbell.
 */
#include <errno.h>
#include <liburing.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "kvm/virtio/blk.h"

struct uring_channel {
	struct blk_channel channel;	/* first */
	struct io_uring ring;
	int fd, direct_fd;
	bool listens, rung;		/* to the doorbell; it was rung */
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

/* The doorbell has no request: it is noted, and that is all. */
static struct blk_io *cqe_take(struct uring_channel *u,
			       struct io_uring_cqe *cqe)
{
	struct blk_io *io = io_uring_cqe_get_data(cqe);

	if (io) {
		io->result = cqe->res;
	} else {
		u->listens = false;
		u->rung = true;
	}
	io_uring_cqe_seen(&u->ring, cqe);
	return io;
}

static struct blk_io *uring_reap(struct blk_channel *c, bool wait)
{
	struct uring_channel *u = (struct uring_channel *)c;
	struct io_uring_cqe *cqe;
	struct blk_io *io = NULL;

	while (!io && !(wait ? io_uring_wait_cqe(&u->ring, &cqe) :
			       io_uring_peek_cqe(&u->ring, &cqe)))
		io = cqe_take(u, cqe);
	return io;
}

static void doorbell_listen(struct uring_channel *u, int doorbell)
{
	struct io_uring_sqe *sqe;

	if (u->listens)
		return;
	sqe = sqe_take(u);
	io_uring_prep_poll_add(sqe, doorbell, POLLIN);
	io_uring_sqe_set_data(sqe, NULL);
	u->listens = true;
}

static bool uring_sleep(struct blk_channel *c, int doorbell)
{
	struct uring_channel *u = (struct uring_channel *)c;
	struct io_uring_cqe *cqe;
	bool rung;
	int old;

	doorbell_listen(u, doorbell);
	if (!u->rung) {
		/* In a system call of its own, it can be killed at any time. */
		pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old);
		io_uring_submit_and_wait(&u->ring, 1);
		pthread_setcanceltype(old, &old);
		if (!io_uring_peek_cqe(&u->ring, &cqe) &&
		    !io_uring_cqe_get_data(cqe))
			cqe_take(u, cqe);
	}
	rung = u->rung;
	u->rung = false;
	return rung;
}

static void uring_close(struct blk_channel *c)
{
	struct uring_channel *u = (struct uring_channel *)c;

	io_uring_queue_exit(&u->ring);
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
		.reap = uring_reap, .sleep = uring_sleep,
		.close = uring_close,
	};
	return &u->channel;
}
