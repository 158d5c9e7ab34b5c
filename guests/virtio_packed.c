/*
 * The driver's side of a packed virtqueue; see virtio_ring.h.
 *
 * A slot is a buffer ID. Descriptors are written in order, wherever the ring
 * has come to; the flags of a chain's first come last, and make it available.
 */
#include "guest.h"
#include "virtio_ring.h"

static volatile struct virtq_packed_desc *desc_at(const struct virtio_ring *r,
						  uint16_t at)
{
	return (volatile struct virtq_packed_desc *)r->area->desc + at;
}

/* What this side wants, and what the other one does. */
static volatile uint32_t *event_mine(const struct virtio_ring *r)
{
	return r->area->avail;
}

static uint32_t event_theirs(const struct virtio_ring *r)
{
	return *(const volatile uint32_t *)r->area->used;
}

void packed_ring_init(struct virtio_ring *r)
{
	r->add_wrap = r->take_wrap = true;
	*event_mine(r) = (uint32_t)(r->interrupts ? VIRTQ_EVENT_ENABLE :
				    VIRTQ_EVENT_DISABLE) << 16;
}

static uint16_t lap_flags(bool wrap)
{
	return wrap ? VIRTQ_PACKED_AVAIL : VIRTQ_PACKED_USED;
}

static void step(const struct virtio_ring *r, uint16_t *at, bool *wrap,
		 unsigned int n)
{
	unsigned int to = *at + n;

	if (to >= r->size) {
		to -= r->size;
		*wrap = !*wrap;
	}
	*at = (uint16_t)to;
}

/* Entries of an indirect table have no flags but WRITE (2.8.7). */
static void table_fill(struct virtq_desc *table, const struct virtio_buffer *b,
		       unsigned int n)
{
	volatile struct virtq_packed_desc *d = (volatile void *)table;

	for (unsigned int i = 0; i < n; i++) {
		d[i].addr = b[i].gpa;
		d[i].len = b[i].bytes;
		d[i].id = 0;
		d[i].flags = b[i].write ? VIRTQ_WRITE : 0;
	}
}

void packed_ring_add(struct virtio_ring *r, uint16_t slot,
		     const struct virtio_buffer *b, unsigned int n,
		     struct virtq_desc *table)
{
	const struct virtio_buffer whole = {
		.gpa = (uint64_t)table, .bytes = n * (uint32_t)sizeof(*table),
	};
	volatile struct virtq_packed_desc *first = desc_at(r, r->add_at);
	uint16_t at = r->add_at, first_flags = 0;
	bool wrap = r->add_wrap;
	unsigned int entries = table ? 1 : n;

	if (table) {
		table_fill(table, b, n);
		b = &whole;
	}
	for (unsigned int i = 0; i < entries; i++) {
		volatile struct virtq_packed_desc *d = desc_at(r, at);
		unsigned int flags = lap_flags(wrap);

		flags |= b[i].write ? VIRTQ_WRITE : 0;
		flags |= table ? VIRTQ_INDIRECT : 0;
		flags |= i + 1 < entries ? VIRTQ_NEXT : 0;
		d->addr = b[i].gpa;
		d->len = b[i].bytes;
		d->id = slot;
		if (i)
			d->flags = (uint16_t)flags;
		else
			first_flags = (uint16_t)flags;
		step(r, &at, &wrap, 1);
	}
	barrier_order();
	first->flags = first_flags;
	r->add_at = at;
	r->add_wrap = wrap;
	r->news = (uint16_t)(r->news + entries);
	r->length[slot] = (uint8_t)entries;
}

bool packed_ring_kick_due(struct virtio_ring *r)
{
	uint32_t event = event_theirs(r);
	uint16_t news = r->news;

	r->news = 0;
	if (event >> 16 == VIRTQ_EVENT_DESC)
		return virtq_packed_event_due((uint16_t)event,
			VIRTQ_OFF_WRAP(r->add_at, r->add_wrap), news, r->size);
	return event >> 16 != VIRTQ_EVENT_DISABLE;
}

static bool is_used(const struct virtio_ring *r)
{
	uint16_t flags = desc_at(r, r->take_at)->flags;

	return !!(flags & VIRTQ_PACKED_AVAIL) == r->take_wrap &&
	       !!(flags & VIRTQ_PACKED_USED) == r->take_wrap;
}

/*
 * A length without VIRTQ_DESC_F_WRITE is none (2.8.5). QEMU leaves that out
 * always, and Linux's driver believes the length all the same; so does this
 * one, and remembers it for who asks.
 */
bool packed_ring_take(struct virtio_ring *r, struct virtio_done *done)
{
	const volatile struct virtq_packed_desc *d = desc_at(r, r->take_at);

	if (!is_used(r))
		return false;
	barrier_order();
	done->slot = d->id;
	done->len = d->len;
	r->unsaid |= done->len && !(d->flags & VIRTQ_WRITE);
	step(r, &r->take_at, &r->take_wrap, done->slot < r->size ?
	     r->length[done->slot] : 1);
	return true;
}

bool packed_ring_arm(struct virtio_ring *r)
{
	*event_mine(r) = r->event_index ? VIRTQ_EVENT_DESC << 16 |
			 VIRTQ_OFF_WRAP(r->take_at, r->take_wrap) :
			 VIRTQ_EVENT_ENABLE << 16;
	barrier_full();
	return is_used(r);
}
