/*
 * The device's side of a virtqueue: what both forms have; see queue.h.
 */
#include <errno.h>
#include <string.h>

#include "kvm/virtio/queue_part.h"

static int layout_check(struct virtq *q, const struct virtq_layout *l,
			bool packed, struct error *e)
{
	uint64_t driver_align = packed ? 4 : 2;

	if (!l->size || l->size > VIRTQ_SIZE_MAX ||
	    (!packed && l->size & (l->size - 1)))
		return error_set(e, -EINVAL, "virtqueue: size %u is no power "
				 "of two up to %u", l->size, VIRTQ_SIZE_MAX);
	if (l->desc_gpa & 15 || l->driver_gpa & (driver_align - 1) ||
	    l->device_gpa & 3)
		return error_set(e, -EINVAL, "virtqueue: an area is not "
				 "aligned");
	q->desc = virtio_memory_at(q->memory, l->desc_gpa,
				   VIRTQ_DESC_BYTES(l->size));
	q->driver = virtio_memory_at(q->memory, l->driver_gpa, packed ?
				     VIRTQ_EVENT_BYTES :
				     VIRTQ_AVAIL_BYTES(l->size));
	q->device = virtio_memory_at(q->memory, l->device_gpa, packed ?
				     VIRTQ_EVENT_BYTES :
				     VIRTQ_USED_BYTES(l->size));
	if (!q->desc || !q->driver || !q->device)
		return error_set(e, -EINVAL, "virtqueue: an area is not in "
				 "guest memory");
	return 0;
}

int virtq_start(struct virtq *q, const struct virtio_memory *memory,
		const struct virtq_layout *l, uint64_t features,
		struct error *e)
{
	bool packed = features & VIRTIO_F_RING_PACKED;
	int rc;

	memset(q, 0, sizeof(*q));
	q->memory = memory;
	q->broken = "it was not started";
	rc = layout_check(q, l, packed, e);
	if (rc)
		return rc;
	q->size = (uint16_t)l->size;
	q->indirect = features & VIRTIO_F_INDIRECT_DESC;
	q->event_index = features & VIRTIO_F_EVENT_IDX;
	q->form = packed ? &virtq_packed : &virtq_split;
	q->form->start(q);
	q->broken = NULL;
	return 0;
}

int rule_broken(struct virtq *q, const char *rule)
{
	q->broken = rule;
	return -EPROTO;
}

/* An indirect table may lie at any address (2.7.5.3). */
typedef uint64_t any64 __attribute__((aligned(1), may_alias));
typedef uint32_t any32 __attribute__((aligned(1), may_alias));
typedef uint16_t any16 __attribute__((aligned(1), may_alias));

struct virtq_raw desc_read(const uint8_t *at)
{
	return (struct virtq_raw){
		.addr = *(const volatile any64 *)at,
		.len = *(const volatile any32 *)(at + 8),
		.word = { *(const volatile any16 *)(at + 12),
			  *(const volatile any16 *)(at + 14) },
	};
}

static void chain_begin(struct virtq_chain *c)
{
	c->descriptors = c->readable = c->writable = 0;
	c->readable_bytes = c->writable_bytes = 0;
}

int chain_add(struct virtq *q, struct virtq_chain *c,
	      const struct virtq_raw *d, uint16_t flags)
{
	bool write = flags & VIRTQ_WRITE;
	unsigned int n = c->readable + c->writable;
	void *hva;

	if (c->descriptors++ == q->size)
		return rule_broken(q, "a chain longer than the queue");
	if (!write && c->writable)
		return rule_broken(q, "a readable descriptor behind a "
				   "writable one");
	if (!d->len)
		return 0;
	if (c->readable_bytes + c->writable_bytes + d->len > UINT32_MAX)
		return rule_broken(q, "a chain of 4 GiB or more");
	hva = virtio_memory_at(q->memory, d->addr, d->len);
	if (!hva)
		return rule_broken(q, "a buffer that is not in guest memory");
	c->segment[n] = (struct iovec){ .iov_base = hva, .iov_len = d->len };
	*(write ? &c->writable : &c->readable) += 1;
	*(write ? &c->writable_bytes : &c->readable_bytes) += d->len;
	return 0;
}

int table_open(struct virtq *q, const struct virtq_raw *d, uint16_t flags,
	       const uint8_t **table, uint32_t *entries)
{
	if (!q->indirect)
		return rule_broken(q, "an indirect table that was not "
				   "negotiated");
	if (flags & VIRTQ_NEXT)
		return rule_broken(q, "an indirect descriptor with a next");
	if (!d->len || d->len % sizeof(struct virtq_desc))
		return rule_broken(q, "an indirect table of no whole "
				   "descriptors");
	*table = virtio_memory_at(q->memory, d->addr, d->len);
	if (!*table)
		return rule_broken(q, "an indirect table that is not in guest "
				   "memory");
	*entries = d->len / (uint32_t)sizeof(struct virtq_desc);
	return 0;
}

int virtq_pop(struct virtq *q, struct virtq_chain *c)
{
	int rc;

	if (q->broken)
		return -EPROTO;
	chain_begin(c);
	rc = q->form->pop(q, c);
	if (rc > 0)
		q->in_flight++;
	return rc;
}

void virtq_push(struct virtq *q, uint16_t head, uint32_t written)
{
	q->in_flight--;
	q->form->push(q, head, written);
}

void virtq_push_all(struct virtq *q, const struct virtq_filled *f,
		    unsigned int n)
{
	q->together = true;
	for (unsigned int i = 0; i < n; i++)
		virtq_push(q, f[i].head, f[i].bytes);
	q->together = false;
	q->form->publish(q);
}

bool virtq_signal_due(struct virtq *q)
{
	/* What is used first, then what the driver asks for. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return q->form->signal_due(q);
}

bool virtq_notify_ask(struct virtq *q)
{
	return q->form->notify_ask(q);
}

void virtq_notify_stop(struct virtq *q)
{
	q->form->notify_stop(q);
}
