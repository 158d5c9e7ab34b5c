/*
 * The device's side of a virtqueue, split or packed, which trusts nothing.
 *
 * This is the one place where addresses, lengths, indices and chains that a
 * guest wrote are checked. Each word of the guest's is read once, into the
 * host's memory, and what was checked is what is used: a guest that changes a
 * descriptor afterwards changes nothing. What a virtq_chain holds lies inside
 * guest memory, in host addresses; the data there stays the guest's, and may
 * change at any time.
 *
 *	while (virtq_pop(q, &chain) > 0)
 *		... virtq_push(q, chain.head, written);
 *	if (virtq_signal_due(q))
 *		... interrupt ...
 *
 * A queue belongs to one thread at a time. Once the guest broke a rule that
 * leaves no request to answer, the queue is broken: virtq_pop() says -EPROTO
 * from then on, `broken` says why, and only a new virtq_start() ends that.
 *
 * Source: VIRTIO 1.2, 2.7 Split Virtqueues, 2.8 Packed Virtqueues.
 */
#ifndef VMGAUGE_KVM_VIRTIO_QUEUE_H
#define VMGAUGE_KVM_VIRTIO_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "error.h"
#include "kvm/virtio/memory.h"
#include "virtio.h"

/* Where a driver put its queue; as it said, unchecked. */
struct virtq_layout {
	uint32_t size;	/* at most the max; split: a power of two */
	uint64_t desc_gpa, driver_gpa, device_gpa;
};

struct virtq_form;

struct virtq {
	const struct virtio_memory *memory;
	const struct virtq_form *form;	/* split or packed */
	uint16_t size;
	bool indirect, event_index;
	uint8_t *desc;			/* all three in guest memory */
	void *driver, *device;
	uint16_t next_avail, next_used;
	uint16_t signalled;		/* split: next_used at last decision */
	unsigned int in_flight;		/* popped and not yet pushed */
	const char *broken;		/* NULL, or which rule was broken */
	/* Packed: laps, descriptors in flight, those used since a decision. */
	bool avail_wrap, used_wrap, asked;
	uint16_t taken, token;
	uint32_t moved;
	bool together;			/* virtq_push_all() is at it */
	uint16_t late_at, late_flags;	/* packed: of its first */
	bool late;
	/*
	 * Split, by descriptor in flight: which head's (+ 1), what follows it.
	 * Packed, by token: its buffer ID, the next free token.
	 */
	uint16_t owner[VIRTQ_SIZE_MAX], follows[VIRTQ_SIZE_MAX];
	uint16_t length[VIRTQ_SIZE_MAX];	/* by head, in descriptors */
};

/* One request: what the device may read, then what it may write. */
struct virtq_chain {
	uint16_t head;			/* for virtq_push() */
	unsigned int descriptors;		/* empty ones, too */
	unsigned int readable, writable;	/* segments of each */
	uint64_t readable_bytes, writable_bytes;
	struct iovec segment[VIRTQ_SIZE_MAX];	/* the readable ones first */
};

/* -EINVAL with the reason for a layout that is not one. */
int virtq_start(struct virtq *q, const struct virtio_memory *memory,
		const struct virtq_layout *layout, uint64_t features,
		struct error *e);

/* 1: a request; 0: none waits; -EPROTO: the queue is broken. */
int virtq_pop(struct virtq *q, struct virtq_chain *c);

/* A request is done: `written` bytes of its writable part were filled. */
void virtq_push(struct virtq *q, uint16_t head, uint32_t written);

/*
 * The same of several requests which the driver sees as used all at once, or
 * none of them yet.
 */
struct virtq_filled {
	uint16_t head;
	uint32_t bytes;
};

void virtq_push_all(struct virtq *q, const struct virtq_filled *f,
		    unsigned int n);

/* After any number of virtq_push(): does the driver want to be told? */
bool virtq_signal_due(struct virtq *q);

/*
 * Asks the driver for a notification of the next request, or for none (a
 * hint: with event index, one may come nevertheless). virtq_notify_ask() is
 * true when a request came meanwhile, of which nothing will be told.
 */
bool virtq_notify_ask(struct virtq *q);
void virtq_notify_stop(struct virtq *q);

/*
 * Copies from the readable part, or to the writable one, at an offset in it;
 * returns what there was of `bytes`.
 */
size_t virtq_read(const struct virtq_chain *c, uint64_t offset, void *to,
		  size_t bytes);
size_t virtq_write(const struct virtq_chain *c, uint64_t offset,
		   const void *from, size_t bytes);

/*
 * The segments of [offset, offset + bytes) of the writable or readable part,
 * into `to`, which holds VIRTQ_SIZE_MAX; how many.
 */
unsigned int virtq_slice(const struct virtq_chain *c, bool writable,
			 uint64_t offset, uint64_t bytes, struct iovec *to);

/* The same of any segments, `n` of them; `to` holds as many. */
unsigned int segments_slice(const struct iovec *from, unsigned int n,
			    uint64_t offset, uint64_t bytes, struct iovec *to);

#endif
