/*
 * The driver of a block device: slots of one request each, in one queue or in
 * several, each of which is driven by itself.
 *
 * It polls, or it waits for interrupts at CPL3 or CPL0 with interrupts on: the
 * handler only counts (irq.h). Source: VIRTIO 1.2, 5.2.
 */
#ifndef VMGAUGE_VIRTIO_BLK_H
#define VMGAUGE_VIRTIO_BLK_H

#include <stdbool.h>
#include <stdint.h>

#include "virtio_bus.h"

#define BLK_SLOTS_MAX	256

/* In guest memory that the device reaches, aligned to a page; a queue's. */
struct virtio_blk_area {
	_Alignas(4096) struct virtio_ring_area ring;
	struct virtq_desc inner[BLK_SLOTS_MAX][3];	/* indirect tables */
	struct virtio_blk_header header[BLK_SLOTS_MAX];
	uint8_t status[BLK_SLOTS_MAX];
};

/* A queue of it. */
struct virtio_blk {
	struct virtio_bus device;
	uint16_t index;
	struct virtio_ring ring;
	struct virtio_blk_area *area;
	uint16_t slots;
	bool indirect;
	uint64_t buffers;		/* GPA of slot 0's data */
	uint32_t bytes;			/* of each slot's data */
	uint64_t sectors;		/* of the device */
	uint32_t failed;		/* requests whose status was not OK */
};

struct virtio_blk_setup {
	uint64_t gpa;			/* of the registers */
	struct virtio_blk_area *area;	/* one for each queue */
	uint64_t buffers;		/* queues * slots * bytes */
	uint32_t bytes;
	uint16_t slots, queue_size;	/* of each queue */
	uint64_t features;		/* wanted, beside VERSION_1 */
	bool interrupts;
};

/* Reset, negotiation, queue 0, DRIVER_OK. NULL, or why not. */
const char *virtio_blk_open(struct virtio_blk *b,
			    const struct virtio_blk_setup *setup);

/* The same for the first so many queues, of which each gets one of `b`. */
const char *virtio_blk_open_queues(struct virtio_blk *b, uint16_t queues,
				   const struct virtio_blk_setup *setup);

/*
 * Makes a request available in a slot that is free: `bytes` of its data from
 * or to that sector on; 0 for a flush. virtio_blk_kick() then tells of all.
 */
void virtio_blk_submit(struct virtio_blk *b, uint16_t slot,
		       enum virtio_blk_type type, uint64_t sector,
		       uint32_t bytes);
void virtio_blk_kick(struct virtio_blk *b);

/* The slot of the next completion, or -1; its used length in *len. */
int virtio_blk_take(struct virtio_blk *b, uint32_t *len);

/* A whole request in slot 0, polled; its status, or -1: no answer came. */
int virtio_blk_do(struct virtio_blk *b, enum virtio_blk_type type,
		  uint64_t sector, uint32_t bytes, uint32_t *len);

#endif
