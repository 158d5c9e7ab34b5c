/*
 * The driver's side of a split virtqueue, as small as a driver can be: the
 * descriptors of each request are laid out beforehand, in a slot of its own,
 * and a request is made available by its slot's head.
 *
 * It runs at any CPL and touches no register of the device's: whoever uses it
 * kicks when virtq_kick_due() says so. Source: VIRTIO 1.2, 2.7.
 */
#ifndef VMGAUGE_VIRTIO_RING_H
#define VMGAUGE_VIRTIO_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "virtio.h"

/* In guest memory of its own, aligned to a page; one queue's. */
struct virtio_ring_area {
	struct virtq_desc desc[VIRTQ_SIZE_MAX];
	uint16_t avail[3 + VIRTQ_SIZE_MAX];
	uint32_t used[(6 + 8 * VIRTQ_SIZE_MAX + 3) / 4];
};

struct virtio_ring {
	struct virtio_ring_area *area;
	uint16_t size;
	bool event_index;
	bool interrupts;		/* wanted for each completion */
	uint16_t added;			/* made available, all in all */
	uint16_t kicked;		/* `added` at the last decision */
	uint16_t taken;			/* completions seen, all in all */
};

/* Empties the ring; the area is zeroed. */
void virtq_ring_init(struct virtio_ring *r, struct virtio_ring_area *area,
		     uint16_t size, uint64_t features, bool interrupts);

/* Makes the chain that begins at descriptor `head` available. */
void virtq_ring_add(struct virtio_ring *r, uint16_t head);

/* After any number of virtq_ring_add(): does the device want to be told? */
bool virtq_ring_kick_due(struct virtio_ring *r);

/* The next completion, if there is one. */
bool virtq_ring_take(struct virtio_ring *r, struct virtq_used_elem *done);

/* Asks for an interrupt at the next completion; true: one came meanwhile. */
bool virtq_ring_arm(struct virtio_ring *r);

#endif
