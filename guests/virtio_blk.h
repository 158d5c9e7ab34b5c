/*
 * The driver of a block device: slots of one request each, whose descriptors
 * are laid out once, so that a request is a header, an index and a kick.
 *
 * It polls, or it waits for interrupts at CPL3 or CPL0 with interrupts on: the
 * handler only counts (irq.h). Source: VIRTIO 1.2, 5.2.
 */
#ifndef VMGAUGE_VIRTIO_BLK_H
#define VMGAUGE_VIRTIO_BLK_H

#include <stdbool.h>
#include <stdint.h>

#include "virtio_mmio.h"

#define BLK_SLOTS_MAX	256

/* In guest memory that the device reaches. */
struct virtio_blk_area {
	struct virtio_ring_area ring;
	struct virtq_desc inner[BLK_SLOTS_MAX][3];	/* indirect tables */
	struct virtio_blk_header header[BLK_SLOTS_MAX];
	uint8_t status[BLK_SLOTS_MAX];
};

struct virtio_blk {
	struct virtio_mmio device;
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
	struct virtio_blk_area *area;
	uint64_t buffers;
	uint32_t bytes;
	uint16_t slots, queue_size;
	uint64_t features;		/* wanted, beside VERSION_1 */
	bool interrupts;
};

/* Reset, negotiation, queue 0, DRIVER_OK. NULL, or why not. */
const char *virtio_blk_open(struct virtio_blk *b,
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
