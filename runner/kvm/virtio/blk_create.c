/*
 * Makes a virtio block device and what it stands on; see blk.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kvm/virtio/blk_part.h"

#define SEGMENTS_MAX	(VIRTQ_SIZE_MAX - 2)	/* beside header and status */

const void *blk_config_space(const struct virtio_device *d)
{
	return &blk_of(d)->space;
}

void blk_destroy(struct virtio_device *d)
{
	struct blk *b = blk_of(d);

	if (b->memory)
		munmap(b->memory, b->config.bytes);
	if (b->fd >= 0)
		close(b->fd);
	if (b->direct_fd >= 0)
		close(b->direct_fd);
	free(b);
}

static int memory_create(struct blk *b, struct error *e)
{
	void *at = mmap(NULL, b->config.bytes, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		return error_set(e, -errno, "a disk in memory: %s",
				 strerror(errno));
	b->memory = at;
	snprintf(b->note, sizeof(b->note), "memory");
	return 0;
}

/* Whether io_uring is to be had is tried here, and once. */
static void uring_try(struct blk *b)
{
	struct blk_channel *c = NULL;
	struct error e = { "switched off" };

	if (!b->config.no_uring)
		c = blk_uring_open(b->fd, b->direct_fd, &e);
	b->no_uring = !c;
	if (c)
		snprintf(b->note, sizeof(b->note), "io_uring");
	else
		snprintf(b->note, sizeof(b->note), "preadv and pwritev: %.150s",
			 e.text);
	if (c)
		c->close(c);
}

static int file_open(struct blk *b, struct error *e)
{
	const char *path = b->config.path;

	b->fd = open(path, O_RDWR | O_CLOEXEC);
	if (b->fd < 0)
		return error_set(e, -errno, "%s: %s", path, strerror(errno));
	if (b->config.backend == BLK_FILE_DIRECT) {
		b->direct_fd = open(path, O_RDWR | O_CLOEXEC | O_DIRECT);
		if (b->direct_fd < 0)
			return error_set(e, -errno, "%s with O_DIRECT: %s",
					 path, strerror(errno));
	}
	uring_try(b);
	return 0;
}

static int backend_create(struct blk *b, struct error *e)
{
	if (!b->config.bytes || b->config.bytes % VIRTIO_BLK_SECTOR)
		return error_set(e, -EINVAL, "a disk of %llu bytes has no "
				 "whole sectors",
				 (unsigned long long)b->config.bytes);
	switch (b->config.backend) {
	case BLK_MEMORY:
		return memory_create(b, e);
	case BLK_FILE:
	case BLK_FILE_DIRECT:
		return file_open(b, e);
	default:
		snprintf(b->note, sizeof(b->note), "nothing");
		return 0;
	}
}

struct virtio_device *virtio_blk_create(const struct blk_config *config,
					struct error *e)
{
	unsigned int queues = config->queues ? config->queues : 1;
	struct blk *b = calloc(1, sizeof(*b));
	int rc;

	if (!b) {
		error_set(e, -ENOMEM, "out of memory for a block device");
		return NULL;
	}
	b->config = *config;
	b->fd = b->direct_fd = -1;
	b->space = (struct virtio_blk_config){
		.capacity = config->bytes / VIRTIO_BLK_SECTOR,
		.seg_max = SEGMENTS_MAX, .blk_size = VIRTIO_BLK_SECTOR,
		.num_queues = (uint16_t)queues,
	};
	rc = virtio_device_init(&b->device, &blk_ops, queues, e);
	if (!rc)
		rc = backend_create(b, e);
	if (!rc)
		return &b->device;
	virtio_device_destroy(&b->device);
	return NULL;
}

const char *virtio_blk_note(const struct virtio_device *d)
{
	return blk_of(d)->note;
}

uint8_t *virtio_blk_memory(const struct virtio_device *d)
{
	return blk_of(d)->memory;
}

uint64_t virtio_blk_errors(const struct virtio_device *d)
{
	return atomic_load(&blk_of(d)->errors);
}
