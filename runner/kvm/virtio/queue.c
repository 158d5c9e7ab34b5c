/*
 * The device's side of a split virtqueue; see queue.h.
 */
#include <errno.h>
#include <string.h>

#include "kvm/virtio/queue.h"

/* The guest writes these words while we look: once each, and no tearing. */
#define LOAD(p)		__atomic_load_n(&(p), __ATOMIC_RELAXED)
#define LOAD_ACQUIRE(p)	__atomic_load_n(&(p), __ATOMIC_ACQUIRE)
#define STORE(p, v)	__atomic_store_n(&(p), (v), __ATOMIC_RELAXED)
#define STORE_RELEASE(p, v)	__atomic_store_n(&(p), (v), __ATOMIC_RELEASE)

int virtq_start(struct virtq *q, const struct virtio_memory *memory,
		const struct virtq_layout *l, uint64_t features,
		struct error *e)
{
	memset(q, 0, sizeof(*q));
	q->memory = memory;
	q->broken = "it was not started";
	if (!l->size || l->size > VIRTQ_SIZE_MAX || l->size & (l->size - 1))
		return error_set(e, -EINVAL, "virtqueue: size %u is no power "
				 "of two up to %u", l->size, VIRTQ_SIZE_MAX);
	if (l->desc_gpa & 15 || l->driver_gpa & 1 || l->device_gpa & 3)
		return error_set(e, -EINVAL, "virtqueue: an area is not "
				 "aligned");
	q->desc = virtio_memory_at(memory, l->desc_gpa,
				   VIRTQ_DESC_BYTES(l->size));
	q->avail = virtio_memory_at(memory, l->driver_gpa,
				    VIRTQ_AVAIL_BYTES(l->size));
	q->used = virtio_memory_at(memory, l->device_gpa,
				   VIRTQ_USED_BYTES(l->size));
	if (!q->desc || !q->avail || !q->used)
		return error_set(e, -EINVAL, "virtqueue: an area is not in "
				 "guest memory");
	q->size = (uint16_t)l->size;
	q->indirect = features & VIRTIO_F_INDIRECT_DESC;
	q->event_index = features & VIRTIO_F_EVENT_IDX;
	q->broken = NULL;
	return 0;
}

static int rule_broken(struct virtq *q, const char *rule)
{
	q->broken = rule;
	return -EPROTO;
}

/* An indirect table may lie at any address (2.7.5.3). */
typedef uint64_t any64 __attribute__((aligned(1), may_alias));
typedef uint32_t any32 __attribute__((aligned(1), may_alias));
typedef uint16_t any16 __attribute__((aligned(1), may_alias));

static struct virtq_desc desc_read(const uint8_t *at)
{
	return (struct virtq_desc){
		.addr = *(const volatile any64 *)at,
		.len = *(const volatile any32 *)(at + 8),
		.flags = *(const volatile any16 *)(at + 12),
		.next = *(const volatile any16 *)(at + 14),
	};
}

static int segment_add(struct virtq *q, struct virtq_chain *c,
		       const struct virtq_desc *d)
{
	bool write = d->flags & VIRTQ_WRITE;
	unsigned int n = c->readable + c->writable;
	void *hva;

	if (!write && c->writable)
		return rule_broken(q, "a readable descriptor behind a "
				   "writable one");
	if (!d->len)
		return 0;
	if (n == q->size)
		return rule_broken(q, "a chain longer than the queue");
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

/* A table of descriptors, the queue's own or one that a descriptor names. */
struct table {
	const uint8_t *desc;
	uint32_t entries;
	uint32_t taken;
	bool inner;
};

static int table_enter(struct virtq *q, struct table *t,
		       const struct virtq_desc *d)
{
	if (!q->indirect)
		return rule_broken(q, "an indirect table that was not "
				   "negotiated");
	if (t->inner)
		return rule_broken(q, "an indirect table in an indirect one");
	if (d->flags & VIRTQ_NEXT)
		return rule_broken(q, "an indirect descriptor with a next");
	if (!d->len || d->len % sizeof(*d))
		return rule_broken(q, "an indirect table of no whole "
				   "descriptors");
	t->desc = virtio_memory_at(q->memory, d->addr, d->len);
	if (!t->desc)
		return rule_broken(q, "an indirect table that is not in guest "
				   "memory");
	t->entries = d->len / (uint32_t)sizeof(*d);
	t->taken = 0;
	t->inner = true;
	return 0;
}

/* Each descriptor at most once: in this chain, and in all in flight. */
static int desc_take(struct virtq *q, struct table *t, uint16_t head,
		     uint16_t at)
{
	if (at >= t->entries)
		return rule_broken(q, "an index outside of its table");
	if (t->inner)
		return t->taken++ < t->entries ? 0 :
		       rule_broken(q, "an indirect table that loops");
	if (q->owner[at])
		return rule_broken(q, "a descriptor that is in flight "
				   "already: a loop or an overlap");
	q->owner[at] = (uint16_t)(head + 1);
	q->length[head]++;
	return 0;
}

static int chain_walk(struct virtq *q, struct virtq_chain *c)
{
	struct table t = { .desc = q->desc, .entries = q->size };
	uint16_t at = c->head;

	for (;;) {
		struct virtq_desc d;
		int rc = desc_take(q, &t, c->head, at);

		if (rc)
			return rc;
		d = desc_read(t.desc + sizeof(d) * at);
		if (d.flags & VIRTQ_INDIRECT) {
			rc = table_enter(q, &t, &d);
			if (rc)
				return rc;
			at = 0;
			continue;
		}
		rc = segment_add(q, c, &d);
		if (rc || !(d.flags & VIRTQ_NEXT))
			return rc;
		if (!t.inner)
			q->follows[at] = d.next;
		at = d.next;
	}
}

int virtq_pop(struct virtq *q, struct virtq_chain *c)
{
	uint16_t waiting;

	if (q->broken)
		return -EPROTO;
	waiting = (uint16_t)(LOAD_ACQUIRE(q->avail->idx) - q->next_avail);
	if (!waiting)
		return 0;
	if (waiting > q->size)
		return rule_broken(q, "more requests than the queue holds");
	c->head = LOAD(q->avail->ring[q->next_avail & (q->size - 1)]);
	c->readable = c->writable = 0;
	c->readable_bytes = c->writable_bytes = 0;
	if (c->head >= q->size)
		return rule_broken(q, "a head outside of the table");
	if (!q->owner[c->head])
		q->length[c->head] = 0;
	if (chain_walk(q, c))
		return -EPROTO;
	q->next_avail++;
	q->in_flight++;
	return 1;
}

void virtq_push(struct virtq *q, uint16_t head, uint32_t written)
{
	struct virtq_used_elem *to = &q->used->ring[q->next_used &
						    (q->size - 1)];
	uint16_t at = head;

	for (uint16_t n = q->length[head]; n; n--) {
		q->owner[at] = 0;
		at = q->follows[at];
	}
	q->length[head] = 0;
	q->in_flight--;
	STORE(to->id, head);
	STORE(to->len, written);
	STORE_RELEASE(q->used->idx, ++q->next_used);
}

/* The words behind the rings' last entries. */
static uint16_t *used_event(struct virtq *q)
{
	return &q->avail->ring[q->size];
}

static uint16_t *avail_event(struct virtq *q)
{
	return (uint16_t *)&q->used->ring[q->size];
}

bool virtq_signal_due(struct virtq *q)
{
	uint16_t before = q->signalled;

	/* The index first, then what the driver asks for. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!q->event_index)
		return !(LOAD(q->avail->flags) & VIRTQ_NO_INTERRUPT);
	q->signalled = q->next_used;
	return virtq_event_due(LOAD(*used_event(q)), q->next_used, before);
}

bool virtq_notify_ask(struct virtq *q)
{
	if (q->event_index)
		STORE(*avail_event(q), q->next_avail);
	else
		STORE(q->used->flags, 0);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return LOAD(q->avail->idx) != q->next_avail;
}

void virtq_notify_stop(struct virtq *q)
{
	if (!q->event_index)
		STORE(q->used->flags, VIRTQ_NO_NOTIFY);
}

unsigned int virtq_slice(const struct virtq_chain *c, bool writable,
			 uint64_t offset, uint64_t bytes, struct iovec *to)
{
	const struct iovec *from = c->segment + (writable ? c->readable : 0);
	unsigned int n = writable ? c->writable : c->readable, got = 0;

	for (unsigned int i = 0; i < n && bytes; i++) {
		uint64_t part = from[i].iov_len;

		if (offset >= part) {
			offset -= part;
			continue;
		}
		part -= offset;
		if (part > bytes)
			part = bytes;
		to[got++] = (struct iovec){
			.iov_base = (uint8_t *)from[i].iov_base + offset,
			.iov_len = part,
		};
		bytes -= part;
		offset = 0;
	}
	return got;
}

size_t virtq_read(const struct virtq_chain *c, uint64_t offset, void *to,
		  size_t bytes)
{
	struct iovec part[VIRTQ_SIZE_MAX];
	unsigned int n = virtq_slice(c, false, offset, bytes, part);
	size_t done = 0;

	for (unsigned int i = 0; i < n; done += part[i++].iov_len)
		memcpy((uint8_t *)to + done, part[i].iov_base,
		       part[i].iov_len);
	return done;
}

size_t virtq_write(const struct virtq_chain *c, uint64_t offset,
		   const void *from, size_t bytes)
{
	struct iovec part[VIRTQ_SIZE_MAX];
	unsigned int n = virtq_slice(c, true, offset, bytes, part);
	size_t done = 0;

	for (unsigned int i = 0; i < n; done += part[i++].iov_len)
		memcpy(part[i].iov_base, (const uint8_t *)from + done,
		       part[i].iov_len);
	return done;
}
