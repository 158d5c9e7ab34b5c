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

/* This CPU's stores before its later loads, as 2.7.7 asks. */
static inline void barrier_full(void)
{
	__asm__ volatile("mfence" ::: "memory");
}

void virtq_ring_init(struct virtio_ring *r, struct virtio_ring_area *area,
		     uint16_t size, uint64_t features, bool interrupts)
{
	volatile uint8_t *at = (volatile uint8_t *)area;

	for (unsigned int i = 0; i < sizeof(*area); i++)
		at[i] = 0;
	*r = (struct virtio_ring){
		.area = area, .size = size, .interrupts = interrupts,
		.event_index = features & VIRTIO_F_EVENT_IDX,
	};
	avail_of(r)->flags = interrupts ? 0 : VIRTQ_NO_INTERRUPT;
	*used_event(r) = interrupts ? 0 : FAR_AWAY;
}

void virtq_ring_add(struct virtio_ring *r, uint16_t head)
{
	volatile struct virtq_avail *a = avail_of(r);

	a->ring[r->added & (r->size - 1)] = head;
	__asm__ volatile("" ::: "memory");	/* stores stay in order */
	a->idx = ++r->added;
}

bool virtq_ring_kick_due(struct virtio_ring *r)
{
	uint16_t before = r->kicked;

	r->kicked = r->added;
	barrier_full();
	if (r->event_index)
		return virtq_event_due(avail_event(r), r->added, before);
	return !(used_of(r)->flags & VIRTQ_NO_NOTIFY);
}

bool virtq_ring_take(struct virtio_ring *r, struct virtq_used_elem *done)
{
	volatile struct virtq_used *u = used_of(r);
	const volatile struct virtq_used_elem *from;

	if (u->idx == r->taken)
		return false;
	__asm__ volatile("" ::: "memory");	/* loads stay in order */
	from = &u->ring[r->taken & (r->size - 1)];
	done->id = from->id;
	done->len = from->len;
	r->taken++;
	if (!r->interrupts && r->event_index)
		*used_event(r) = r->taken + FAR_AWAY;
	return true;
}

bool virtq_ring_arm(struct virtio_ring *r)
{
	if (r->event_index)
		*used_event(r) = r->taken;
	else
		avail_of(r)->flags = 0;
	barrier_full();
	return used_of(r)->idx != r->taken;
}
