/*
 * Rings that a driver which means harm fills: the guest's part of devices.c.
 *
 * A batch is a whole queue of chains that are mostly linked as they should be,
 * so that the device reads all of them, with requests that no disk can serve;
 * in one batch of two some descriptors are anything: loops, overlaps, indices
 * and tables that lie nowhere. Both forms of a queue. What is linked right is
 * never a buffer of the device's to write but in the data area, whatever the
 * ring is changed to under it: it would write over this code as it was told.
 */
#ifndef VMGAUGE_CONTAINMENT_HOSTILE_RING_H
#define VMGAUGE_CONTAINMENT_HOSTILE_RING_H

#include "suite.h"
#include "virtio.h"

#define QUEUE_GPA	ABI_SCRATCH_GPA
#define DRIVER_GPA	(QUEUE_GPA + 0x2000)
#define DEVICE_GPA	(QUEUE_GPA + 0x3000)
#define TABLE_GPA	(QUEUE_GPA + 0x4000)
#define HEADERS_GPA	(QUEUE_GPA + 0x8000)
#define DATA_GPA	(QUEUE_GPA + 0x10000)
#define SCRATCH_END	(ABI_SCRATCH_GPA + ABI_SCRATCH_BYTES)
#define QUEUE_SIZE	256u
#define HEADERS		64u
#define TABLES		8u		/* of long requests, each ... */
#define TABLE_SIZE	32u

struct ring_driver {
	uint64_t state;			/* of the generator */
	bool packed;
	uint16_t idx;			/* split: heads offered; packed: laps */
};

__guest uint64_t draw(struct ring_driver *d)
{
	uint64_t *state = &d->state;

	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state * 0x2545f4914f6cdd1dull;
}

/* All types and some that are none; sectors at, before and after the end. */
__guest void headers_fill(struct ring_driver *d)
{
	volatile struct virtio_blk_header *h =
		(volatile struct virtio_blk_header *)HEADERS_GPA;

	for (unsigned int i = 0; i < HEADERS; i++) {
		uint64_t r = draw(d);

		h[i].type = (uint32_t)(r & (r >> 8 & 3 ? 1 : 15));
		h[i].sector = r >> 12 & 7 ? r >> 16 & 0xfff : r;
	}
}

/* The part of a chain at `place` of `count`, of which `reads` are the first. */
__guest void part_make(uint64_t r, unsigned int place, unsigned int reads,
		       unsigned int count, volatile struct virtq_desc *d)
{
	static const uint32_t lengths[] = {
		512, 1, 1024, 513, 0, 4096, 17, 16384,
	};

	if (!place) {
		d->addr = HEADERS_GPA + (r & (HEADERS - 1)) * 16;
		d->len = r >> 8 & 7 ? 16 : 32;
		return;
	}
	/* The last byte of all is the status, and must be there. */
	d->len = place + 1 == count ? 1 + (r >> 30 & 1) * 512 :
		 lengths[r >> 12 & 7];
	if (r >> 16 & 15)
		d->addr = DATA_GPA + (r >> 20 & 0x3ff) * 16;
	else if (place < reads)		/* the rings themselves, to be read */
		d->addr = QUEUE_GPA + (r >> 20 & 0x3ff) * 16;
	else
		d->addr = SCRATCH_END - d->len;
}

/* No descriptor at all: what it says is wrong, or it lies wrong. */
__guest void desc_poison(uint64_t r, volatile struct virtq_desc *d,
			 bool packed)
{
	static const uint64_t places[] = {
		DATA_GPA, SCRATCH_END - 16, ABI_HOLE_GPA, ~0ull - 15,
		QUEUE_GPA, TABLE_GPA, TABLE_GPA + 16, VIRTIO_MMIO_GPA,
	};
	static const uint32_t lengths[] = {
		16, 1, 512, 513, 0, 4096, 0xffffffff, 32,
	};
	static const uint16_t flags[] = {	/* by place */
		7, 7, 7, 7, 5, 5, 5, 7,
	};
	uint16_t f = (uint16_t)(r & flags[r >> 5 & 7]);

	/* As a table the data would name any address, and as a buffer it may. */
	if (!(r >> 5 & 6))
		f &= (uint16_t)~VIRTQ_INDIRECT;
	d->addr = places[r >> 5 & 7];
	d->len = lengths[r >> 10 & 7];
	if (packed) {
		d->next ^= f ^ (d->next & 7);
		return;
	}
	d->flags = f;
	d->next = (uint16_t)(r >> 16 & (r >> 41 & 3 ? 0xff : 0xffff));
}

/* Packed: a lap's descriptors are available by one of both flags. */
__guest uint16_t lap_flag(const struct ring_driver *d)
{
	return d->idx & 1 ? VIRTQ_PACKED_USED : VIRTQ_PACKED_AVAIL;
}

/* A request of `n` descriptors at t[at], where indices are from `base`. */
__guest void chain_make(struct ring_driver *d, volatile struct virtq_desc *t,
			unsigned int base, unsigned int at, unsigned int n,
			uint16_t lap)
{
	unsigned int reads = 1 + (n > 2 ? (unsigned int)(draw(d) % (n - 1)) :
				  0);

	for (unsigned int i = 0; i < n; i++) {
		volatile struct virtq_desc *to = &t[base + at + i];
		uint16_t f = (i + 1 < n ? VIRTQ_NEXT : 0) |
			     (i < reads ? 0 : VIRTQ_WRITE);

		part_make(draw(d), i, reads, n, to);
		to->flags = d->packed ? (uint16_t)(at + i) : f;
		to->next = d->packed ? f | lap : (uint16_t)(at + i + 1);
	}
}

/* Long requests, for descriptors that say where they lie. */
__guest void tables_fill(struct ring_driver *d)
{
	volatile struct virtq_desc *t = (volatile struct virtq_desc *)TABLE_GPA;

	for (unsigned int i = 0; i < TABLES; i++)
		chain_make(d, t, i * TABLE_SIZE, 0, TABLE_SIZE, 0);
}

__guest void indirect_make(struct ring_driver *d, uint64_t r,
			   volatile struct virtq_desc *t, unsigned int at,
			   uint16_t lap)
{
	t[at].addr = TABLE_GPA + r % TABLES * TABLE_SIZE * 16;
	t[at].len = TABLE_SIZE * 16;
	t[at].flags = d->packed ? (uint16_t)at : VIRTQ_INDIRECT;
	t[at].next = d->packed ? VIRTQ_INDIRECT | lap : 0;
}

/*
 * Requests over the whole queue, of 2 to 10 descriptors or of one that names
 * a table. A packed one's first is not available yet: until then the device
 * looks at nothing.
 */
__guest void queue_fill(struct ring_driver *d)
{
	volatile struct virtq_desc *t = (volatile struct virtq_desc *)QUEUE_GPA;
	volatile struct virtq_avail *a = (volatile struct virtq_avail *)
					 DRIVER_GPA;
	uint16_t lap = d->packed ? lap_flag(d) : 0, heads = d->idx;
	unsigned int at = 0, n;

	for (; at < QUEUE_SIZE; at += n) {
		uint64_t r = draw(d);

		n = r & 0x300 ? 1 : 2 + (r & 7);
		if (n > 1 && n + 1 >= QUEUE_SIZE - at)
			n = QUEUE_SIZE - at;
		if (n == 1)
			indirect_make(d, r >> 10, t, at, lap);
		else
			chain_make(d, t, 0, at, n, lap);
		if (!d->packed)
			a->ring[heads++ % QUEUE_SIZE] = (uint16_t)at;
	}
	if (d->packed)
		t[0].next &= (uint16_t)~lap;
	else
		d->idx = heads;
}

/* A batch is laid out; the device may be told of it. */
__guest void batch_make(struct ring_driver *d)
{
	volatile struct virtq_desc *t = (volatile struct virtq_desc *)QUEUE_GPA;
	volatile struct virtq_avail *a = (volatile struct virtq_avail *)
					 DRIVER_GPA;
	uint64_t r = draw(d);

	if (r & 8)
		headers_fill(d);
	if (r & 0x30)
		tables_fill(d);
	queue_fill(d);
	for (unsigned int i = 0; r & 1 && i < 1 + (r >> 4 & 3); i++) {
		uint64_t p = draw(d);

		desc_poison(p, &(p & 16 ? t : (volatile struct virtq_desc *)
				 TABLE_GPA)[p >> 48 & 0xff], d->packed);
	}
	if (d->packed) {
		__atomic_store_n((uint16_t *)&t->next,
				 (uint16_t)(t->next | lap_flag(d)),
				 __ATOMIC_RELEASE);
		d->idx++;
		return;
	}
	if (!(r >> 24 & 31))
		a->ring[r >> 32 & 0xff] = (uint16_t)(r >> 40);
	if (!(r >> 29 & 31))
		d->idx = (uint16_t)(r >> 48);
	__atomic_store_n((uint16_t *)&a->idx, d->idx, __ATOMIC_RELEASE);
}

/*
 * Words that the device may be looking at. An address becomes one of no
 * memory, and flags never ones by which a buffer is written or is a table.
 */
__guest void words_spoil(struct ring_driver *d, unsigned int n)
{
	volatile uint32_t *words = (volatile uint32_t *)QUEUE_GPA;

	while (n--) {
		uint64_t r = draw(d);
		uint32_t at = r >> 32 & 0x13ff;

		if ((at & 3) < 2)
			words[at] = (uint32_t)r | 0xc0000000u;
		else if ((at & 3) == 2)
			words[at] = (uint32_t)r & (r >> 50 & 3 ? 0xfff : ~0u);
		else
			words[at] = (uint32_t)r & ~0x00060006u;
	}
}

/* The device took all that was offered, as far as the rings tell. */
__guest bool batch_taken(const struct ring_driver *d)
{
	const struct virtq_desc *last = (const struct virtq_desc *)QUEUE_GPA +
					QUEUE_SIZE - 1;
	uint16_t flags;

	if (!d->packed)
		return __atomic_load_n(&((struct virtq_used *)DEVICE_GPA)->idx,
				       __ATOMIC_ACQUIRE) == d->idx;
	flags = __atomic_load_n(&last->next, __ATOMIC_ACQUIRE);
	return !(flags & VIRTQ_PACKED_AVAIL) == !(flags & VIRTQ_PACKED_USED);
}

#endif
