/*
 * Inside queue*.c: what both forms of a virtqueue stand on. All that a guest
 * wrote about a chain is checked by chain_begin(), chain_add() and
 * table_open() of queue.c; a form adds where its descriptors lie.
 */
#ifndef VMGAUGE_KVM_VIRTIO_QUEUE_PART_H
#define VMGAUGE_KVM_VIRTIO_QUEUE_PART_H

#include "kvm/virtio/queue.h"

/* The guest writes these words while we look: once each, and no tearing. */
#define RING_LOAD(p)		__atomic_load_n(&(p), __ATOMIC_RELAXED)
#define RING_LOAD_ACQUIRE(p)	__atomic_load_n(&(p), __ATOMIC_ACQUIRE)
#define RING_STORE(p, v)	__atomic_store_n(&(p), (v), __ATOMIC_RELAXED)
#define RING_STORE_RELEASE(p, v)	__atomic_store_n(&(p), (v), __ATOMIC_RELEASE)

/* What a form of the ring does of queue.h's functions. */
struct virtq_form {
	void (*start)(struct virtq *q);
	int (*pop)(struct virtq *q, struct virtq_chain *c);
	/* Used: seen at once, or with q->together only by publish(). */
	void (*push)(struct virtq *q, uint16_t head, uint32_t written);
	void (*publish)(struct virtq *q);
	bool (*signal_due)(struct virtq *q);
	bool (*notify_ask)(struct virtq *q);
	void (*notify_stop)(struct virtq *q);
};

extern const struct virtq_form virtq_split, virtq_packed;

/*
 * A descriptor as both forms have it: addr, len, and two words whose meaning
 * and order differ. Read once, wherever it lies.
 */
struct virtq_raw {
	uint64_t addr;
	uint32_t len;
	uint16_t word[2];
};

struct virtq_raw desc_read(const uint8_t *at);

/* -EPROTO, from now on; `rule` is a string that stays. */
int rule_broken(struct virtq *q, const char *rule);

/* A buffer of the chain; `flags` are VIRTQ_*. */
int chain_add(struct virtq *q, struct virtq_chain *c,
	      const struct virtq_raw *d, uint16_t flags);

/* The table that an indirect descriptor names: where, and of how many. */
int table_open(struct virtq *q, const struct virtq_raw *d, uint16_t flags,
	       const uint8_t **table, uint32_t *entries);

#endif
