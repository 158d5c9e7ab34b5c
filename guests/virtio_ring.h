/*
 * The driver's side of a virtqueue, split or packed as was negotiated: a
 * request has a slot, and what is answered is a slot.
 *
 * It runs at any CPL and touches no register of the device's: whoever uses it
 * kicks when virtq_ring_kick_due() says so. Source: VIRTIO 1.2, 2.7 and 2.8.
 */
#ifndef VMGAUGE_VIRTIO_RING_H
#define VMGAUGE_VIRTIO_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "virtio.h"

/*
 * In guest memory of its own, aligned to a page; one queue's. Packed: `desc`
 * is the ring, and both other areas are a word each.
 */
struct virtio_ring_area {
	struct virtq_desc desc[VIRTQ_SIZE_MAX];
	uint32_t avail[(6 + 2 * VIRTQ_SIZE_MAX + 3) / 4];
	uint32_t used[(6 + 8 * VIRTQ_SIZE_MAX + 3) / 4];
};

/* A buffer of a request. */
struct virtio_buffer {
	uint64_t gpa;
	uint32_t bytes;
	bool write;			/* by the device */
};

struct virtio_ring {
	struct virtio_ring_area *area;
	uint16_t size;
	uint16_t stride;		/* descriptors of a slot, at most */
	bool packed, event_index;
	bool interrupts;		/* wanted for each completion */
	uint16_t added;			/* split: made available, all in all */
	uint16_t kicked;		/* split: `added` at the last decision */
	uint16_t taken;			/* split: completions seen */
	/* Packed: where both sides are, and what was added since a decision. */
	uint16_t add_at, take_at, news;
	bool add_wrap, take_wrap;
	bool unsaid;			/* packed_ring_take(): see there */
	uint8_t length[VIRTQ_SIZE_MAX];	/* of a slot's request, descriptors */
};

/* A completion: of which slot, and how many bytes the device says it wrote. */
struct virtio_done {
	uint32_t slot;
	uint32_t len;
};

/*
 * Empties the ring; the area is zeroed. There are size / stride slots of that
 * many buffers each, or `size` of an indirect table each.
 */
void virtq_ring_init(struct virtio_ring *r, struct virtio_ring_area *area,
		     uint16_t size, uint16_t stride, uint64_t features,
		     bool interrupts);

/*
 * Makes a request in a slot that is free available: `n` buffers, those that
 * the device reads first. In `table`, of n entries, where it is not NULL.
 */
void virtq_ring_add(struct virtio_ring *r, uint16_t slot,
		    const struct virtio_buffer *b, unsigned int n,
		    struct virtq_desc *table);

/* After any number of virtq_ring_add(): does the device want to be told? */
bool virtq_ring_kick_due(struct virtio_ring *r);

/* The next completion, if there is one. */
bool virtq_ring_take(struct virtio_ring *r, struct virtio_done *done);

/* Asks for an interrupt at the next completion; true: one came meanwhile. */
bool virtq_ring_arm(struct virtio_ring *r);

/* virtio_packed.c: the same of a packed ring; for virtio_ring.c. */
void packed_ring_init(struct virtio_ring *r);
void packed_ring_add(struct virtio_ring *r, uint16_t slot,
		     const struct virtio_buffer *b, unsigned int n,
		     struct virtq_desc *table);
bool packed_ring_kick_due(struct virtio_ring *r);
bool packed_ring_take(struct virtio_ring *r, struct virtio_done *done);
bool packed_ring_arm(struct virtio_ring *r);

/* This CPU's stores before its later loads, as 2.7.7 and 2.8.21 ask. */
static inline void barrier_full(void)
{
	__asm__ volatile("mfence" ::: "memory");
}

/* x86's loads stay in order, and its stores: the compiler's have to. */
static inline void barrier_order(void)
{
	__asm__ volatile("" ::: "memory");
}

#endif
