/*
 * The virtio block device, and what it stands on.
 *
 * A backend is where the sectors are: nowhere (null: a read gives nothing new,
 * a write is forgotten, so that all the time is the device's), in memory, or
 * in a file, through the page cache or past it. Files are read and written by
 * io_uring where the kernel allows it, else by preadv() and pwritev(), one at
 * a time; virtio_blk_note() says which, and why.
 *
 * Errors of a backend are the request's, never the device's: whatever errno
 * it was, the driver sees VIRTIO_BLK_S_IOERR, and of a read that failed all
 * that it asked for is written, as zeroes where there is nothing else. A
 * request without room for a header and a status is the driver's error, and
 * the device wants a reset.
 *
 * Source: VIRTIO 1.2, 5.2 Block Device.
 */
#ifndef VMGAUGE_KVM_VIRTIO_BLK_H
#define VMGAUGE_KVM_VIRTIO_BLK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "error.h"
#include "kvm/virtio/device.h"

enum blk_backend_kind {
	BLK_NULL,
	BLK_MEMORY,
	BLK_FILE,			/* through the page cache */
	BLK_FILE_DIRECT,		/* O_DIRECT */
};

enum blk_op { BLK_READ, BLK_WRITE, BLK_FLUSH };

/* One transfer, or what is left of it; the backend's until it is done. */
struct blk_io {
	enum blk_op op;
	uint64_t offset, bytes;
	unsigned int parts;
	struct iovec part[VIRTQ_SIZE_MAX];
	int64_t result;			/* bytes moved, or -errno */
	/* blk.c's own: the whole of it. */
	uint64_t start, total, done;
	struct virtq_chain chain;
};

/* A backend as one queue's thread uses it. */
struct blk_channel {
	/* True: done already, `result` is set. It may move less than asked. */
	bool (*submit)(struct blk_channel *c, struct blk_io *io);
	/* All that were submitted get under way. NULL: submit() is enough. */
	void (*flush)(struct blk_channel *c);
	/* One that is done, or NULL; `wait`: until there is one. */
	struct blk_io *(*reap)(struct blk_channel *c, bool wait);
	/*
	 * Until one is done or `doorbell`, an eventfd, can be read; true: it
	 * can. The thread may be cancelled here. NULL: none is ever under way.
	 */
	bool (*sleep)(struct blk_channel *c, int doorbell);
	void (*close)(struct blk_channel *c);	/* and frees it */
};

struct blk_config {
	enum blk_backend_kind backend;
	uint64_t bytes;			/* whole sectors */
	const char *path;		/* of a file, which exists */
	unsigned int queues;		/* 0 = 1 */
	bool no_uring;			/* as if the kernel forbade it */
	/*
	 * For tests, on a queue's thread, before the backend has it. -errno:
	 * it fails so; else how many bytes it may move, INT64_MAX for all.
	 */
	int64_t (*spoil)(void *opaque, const struct blk_io *io);
	void *opaque;
};

/* NULL with the reason. virtio_device_destroy() is its end. */
struct virtio_device *virtio_blk_create(const struct blk_config *config,
					struct error *e);

/* How the backend works, one line: "io_uring", "preadv and pwritev: ...". */
const char *virtio_blk_note(const struct virtio_device *d);
/* The memory of a backend that is memory, else NULL. */
uint8_t *virtio_blk_memory(const struct virtio_device *d);
/* Requests that failed, all of them answered. */
uint64_t virtio_blk_errors(const struct virtio_device *d);

/*
 * Backends: blk_memory.c, blk_file.c, blk_uring.c. `fd` is the file,
 * `direct_fd` the same with O_DIRECT, or -1: used where a transfer is aligned
 * for it. Both stay the caller's. NULL: out of memory.
 */
struct blk_channel *blk_null_open(void);
struct blk_channel *blk_memory_open(uint8_t *memory);
struct blk_channel *blk_sync_open(int fd, int direct_fd);
/* NULL with the reason in `e`, -EOPNOTSUPP where the kernel forbids it. */
struct blk_channel *blk_uring_open(int fd, int direct_fd, struct error *e);

int blk_file_for(const struct blk_io *io, int fd, int direct_fd);

#endif
