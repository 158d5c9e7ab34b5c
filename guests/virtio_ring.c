/*
 * The driver's side of a split virtqueue; see virtio_ring.h.
 */
#include "guest.h"
#include "virtio_ring.h"

/*
 * With event index, no interrupt is one that is asked for so many completions
 * ahead, and moved along: one behind might be what the device just passes.
 */
#define FAR_AWAY	0x7fff

static volatile struct virtq_avail *avail_of(const struct virtio_ring *r)
{
	return (volatile struct virtq_avail *)r->area->avail;
}

static volatile struct virtq_used *used_of(const struct virtio_ring *r)
{
	return (volatile struct virtq_used *)r->area->used;
}

/* Words behind the rings' last entries. */
static volatile uint16_t *used_event(const struct virtio_ring *r)
{
	return &avail_of(r)->ring[r->size];
}

static uint16_t avail_event(const struct virtio_ring *r)
{
	const volatile void *at = &used_of(r)->ring[r->size];

	return *(const volatile uint16_t *)at;
}

void virtq_ring_init(struct virtio_ring *r, struct virtio_ring_area *area,
		     uint16_t size, uint16_t stride, uint64_t features,
		     bool interrupts)
{
	volatile uint8_t *at = (volatile uint8_t *)area;

	for (unsigned int i = 0; i < sizeof(*area); i++)
		at[i] = 0;
	*r = (struct virtio_ring){
		.area = area, .size = size, .stride = stride,
		.interrupts = interrupts,
		.packed = features & VIRTIO_F_RING_PACKED,
		.event_index = features & VIRTIO_F_EVENT_IDX,
	};
	if (r->packed) {
		packed_ring_init(r);
		return;
	}
	avail_of(r)->flags = interrupts ? 0 : VIRTQ_NO_INTERRUPT;
	*used_event(r) = interrupts ? 0 : FAR_AWAY;
}

/* Descriptors of a chain whose first is number `base` of its table. */
static void chain_fill(volatile struct virtq_desc *d, uint16_t base,
		       const struct virtio_buffer *b, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		d[i].addr = b[i].gpa;
		d[i].len = b[i].bytes;
		d[i].flags = (uint16_t)((b[i].write ? VIRTQ_WRITE : 0) |
					(i + 1 < n ? VIRTQ_NEXT : 0));
		d[i].next = (uint16_t)(base + i + 1);
	}
}

void virtq_ring_add(struct virtio_ring *r, uint16_t slot,
		    const struct virtio_buffer *b, unsigned int n,
		    struct virtq_desc *table)
{
	volatile struct virtq_avail *a = avail_of(r);
	uint16_t head = (uint16_t)(slot * r->stride);
	volatile struct virtq_desc *d = &r->area->desc[head];

	if (r->packed) {
		packed_ring_add(r, slot, b, n, table);
		return;
	}
	if (table) {
		chain_fill(table, 0, b, n);
		d->addr = (uint64_t)table;
		d->len = n * (uint32_t)sizeof(*table);
		d->flags = VIRTQ_INDIRECT;
	} else {
		chain_fill(d, head, b, n);
	}
	a->ring[r->added & (r->size - 1)] = head;
	barrier_order();
	a->idx = ++r->added;
}

bool virtq_ring_kick_due(struct virtio_ring *r)
{
	uint16_t before = r->kicked;

	r->kicked = r->added;
	barrier_full();
	if (r->packed)
		return packed_ring_kick_due(r);
	if (r->event_index)
		return virtq_event_due(avail_event(r), r->added, before);
	return !(used_of(r)->flags & VIRTQ_NO_NOTIFY);
}

bool virtq_ring_take(struct virtio_ring *r, struct virtio_done *done)
{
	volatile struct virtq_used *u = used_of(r);
	const volatile struct virtq_used_elem *from;

	if (r->packed)
		return packed_ring_take(r, done);
	if (u->idx == r->taken)
		return false;
	barrier_order();
	from = &u->ring[r->taken & (r->size - 1)];
	done->slot = r->stride == 1 ? from->id : from->id / r->stride;
	done->len = from->len;
	r->taken++;
	if (!r->interrupts && r->event_index)
		*used_event(r) = r->taken + FAR_AWAY;
	return true;
}

bool virtq_ring_arm(struct virtio_ring *r)
{
	if (r->packed)
		return packed_ring_arm(r);
	if (r->event_index)
		*used_event(r) = r->taken;
	else
		avail_of(r)->flags = 0;
	barrier_full();
	return used_of(r)->idx != r->taken;
}
