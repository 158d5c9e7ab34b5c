/*
 * The driver of devices that need none: a few queues, each with one request
 * at a time. It polls, at any CPL. For the console, entropy and the balloon.
 */
#ifndef VMGAUGE_VIRTIO_PLAIN_H
#define VMGAUGE_VIRTIO_PLAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "virtio_bus.h"

#define PLAIN_QUEUES_MAX	5u
#define PLAIN_QUEUE_SIZE	8u	/* QEMU's entropy has no more */

/* In guest memory that the device reaches, aligned to a page. */
struct virtio_plain_area {
	_Alignas(4096) struct virtio_ring_area ring[PLAIN_QUEUES_MAX];
};

struct virtio_plain {
	struct virtio_bus device;
	struct virtio_ring ring[PLAIN_QUEUES_MAX];
};

/* Up to DRIVER_OK with the first so many queues. NULL, or why not. */
const char *virtio_plain_open(struct virtio_plain *p, uint64_t gpa,
			      enum virtio_id id, unsigned int queues,
			      struct virtio_plain_area *area,
			      uint64_t features);

/* A request of one buffer, made available and told of. */
void virtio_plain_begin(struct virtio_plain *p, unsigned int queue,
			uint64_t gpa, uint32_t bytes, bool write);
/* Until it is used: its used length; -1: it never was. */
int64_t virtio_plain_end(struct virtio_plain *p, unsigned int queue);

#endif
