/*
 * The packed form of a virtqueue: one ring of descriptors that both sides
 * write, each a flag ahead of the other; a lap turns the flags' meaning.
 *
 * The device answers in the order of its answers, one descriptor for a chain,
 * and steps over as many as the chain had. So a chain's place may be taken
 * again before it is answered: what is in flight goes by tokens of our own.
 *
 * Source: VIRTIO 1.2, 2.8.
 */
#include <errno.h>

#include "kvm/virtio/queue_part.h"

/* Of descriptors at `owner`, `length` by token: its buffer ID, how many. */
#define NO_TOKEN	0xffff

static void packed_start(struct virtq *q)
{
	q->avail_wrap = q->used_wrap = true;
	for (uint16_t i = 0; i < q->size; i++)
		q->follows[i] = i + 1u < q->size ? (uint16_t)(i + 1) : NO_TOKEN;
	q->token = 0;
}

static uint8_t *desc_at(const struct virtq *q, uint16_t at)
{
	return q->desc + sizeof(struct virtq_packed_desc) * at;
}

static uint16_t *flags_at(const struct virtq *q, uint16_t at)
{
	return (uint16_t *)(desc_at(q, at) +
			    offsetof(struct virtq_packed_desc, flags));
}

static bool available(const struct virtq *q, uint16_t flags)
{
	return !!(flags & VIRTQ_PACKED_AVAIL) == q->avail_wrap &&
	       !!(flags & VIRTQ_PACKED_USED) != q->avail_wrap;
}

/* All of a table's entries, in order: NEXT means nothing there (2.8.7). */
static int table_walk(struct virtq *q, struct virtq_chain *c,
		      const struct virtq_raw *d, uint16_t flags)
{
	const uint8_t *table;
	uint32_t entries;
	int rc = table_open(q, d, flags, &table, &entries);

	for (uint32_t i = 0; !rc && i < entries; i++) {
		struct virtq_raw inner = desc_read(table + sizeof(
					struct virtq_packed_desc) * i);

		if (inner.word[1] & VIRTQ_INDIRECT)
			return rule_broken(q, "an indirect table in an "
					   "indirect one");
		rc = chain_add(q, c, &inner, inner.word[1]);
	}
	return rc;
}

/*
 * The chain that begins at next_avail with these flags; how many descriptors
 * it has (from 1 on), and the ID in its last one. The flags of the first were
 * read to see that it is there, and are not read again.
 */
static int chain_walk(struct virtq *q, struct virtq_chain *c, uint16_t flags,
		      uint16_t *count, uint16_t *id)
{
	uint16_t at = q->next_avail;

	for (;; *count += 1) {
		struct virtq_raw d = desc_read(desc_at(q, at));
		int rc;

		if (*count > 1)
			flags = d.word[1];
		if (q->taken + *count > q->size)
			return rule_broken(q, "a descriptor that is in flight "
					   "already: a loop or an overlap");
		*id = d.word[0];
		if (flags & VIRTQ_INDIRECT) {
			if (*count > 1)
				return rule_broken(q, "an indirect table in a "
						   "chain");
			return table_walk(q, c, &d, flags);
		}
		rc = chain_add(q, c, &d, flags);
		if (rc || !(flags & VIRTQ_NEXT))
			return rc;
		at = at + 1u < q->size ? (uint16_t)(at + 1) : 0;
	}
}

/* Steps an index of the ring on; its wrap counter turns at the end. */
static void index_step(const struct virtq *q, uint16_t *index, bool *wrap,
		       uint16_t count)
{
	uint32_t to = (uint32_t)*index + count;

	if (to >= q->size) {
		to -= q->size;
		*wrap = !*wrap;
	}
	*index = (uint16_t)to;
}

static int packed_pop(struct virtq *q, struct virtq_chain *c)
{
	uint16_t flags = RING_LOAD_ACQUIRE(*flags_at(q, q->next_avail));
	uint16_t count = 1, id = 0;

	if (!available(q, flags))
		return 0;
	if (chain_walk(q, c, flags, &count, &id))
		return -EPROTO;
	/* Fewer chains than descriptors in flight: there is a token. */
	c->head = q->token;
	q->token = q->follows[c->head];
	q->owner[c->head] = id;
	q->length[c->head] = count;
	q->taken = (uint16_t)(q->taken + count);
	index_step(q, &q->next_avail, &q->avail_wrap, count);
	return 1;
}

static void packed_push(struct virtq *q, uint16_t head, uint32_t written)
{
	struct virtq_packed_desc *to = (void *)desc_at(q, q->next_used);
	uint16_t count = q->length[head];
	uint16_t flags = q->used_wrap ? VIRTQ_PACKED_AVAIL |
					VIRTQ_PACKED_USED : 0;

	RING_STORE(to->id, q->owner[head]);
	RING_STORE(to->len, written);
	flags |= written ? VIRTQ_WRITE : 0;
	if (q->together && !q->late) {
		q->late = true;
		q->late_at = q->next_used;
		q->late_flags = flags;
	} else {
		RING_STORE_RELEASE(to->flags, flags);
	}
	index_step(q, &q->next_used, &q->used_wrap, count);
	q->taken = (uint16_t)(q->taken - count);
	q->moved += count;
	q->follows[head] = q->token;
	q->token = head;
}

/* The driver looks no further than its first that is not used. */
static void packed_publish(struct virtq *q)
{
	if (q->late)
		RING_STORE_RELEASE(*flags_at(q, q->late_at), q->late_flags);
	q->late = false;
}

static bool packed_signal_due(struct virtq *q)
{
	uint32_t event = RING_LOAD(*(const uint32_t *)q->driver);
	uint32_t moved = q->moved;

	q->moved = 0;
	switch (event >> 16 & 3) {
	case VIRTQ_EVENT_DISABLE:
		return false;
	case VIRTQ_EVENT_DESC:
		if (q->event_index)
			return virtq_packed_event_due((uint16_t)event,
				VIRTQ_OFF_WRAP(q->next_used, q->used_wrap),
				moved, q->size);
		return true;
	default:
		return true;
	}
}

/* One word: what is asked for and where never come apart. */
static bool packed_notify_ask(struct virtq *q)
{
	uint32_t off = VIRTQ_OFF_WRAP(q->next_avail, q->avail_wrap);
	uint32_t event = q->event_index ? VIRTQ_EVENT_DESC << 16 | off :
					  VIRTQ_EVENT_ENABLE << 16;

	RING_STORE(*(uint32_t *)q->device, event);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	q->asked = true;
	return available(q, RING_LOAD(*flags_at(q, q->next_avail)));
}

static void packed_notify_stop(struct virtq *q)
{
	/* Zeroes, as after a start, ask, too. */
	if (q->asked)
		RING_STORE(*(uint32_t *)q->device, VIRTQ_EVENT_DISABLE << 16);
	q->asked = false;
}

const struct virtq_form virtq_packed = {
	.start = packed_start,
	.pop = packed_pop,
	.push = packed_push,
	.publish = packed_publish,
	.signal_due = packed_signal_due,
	.notify_ask = packed_notify_ask,
	.notify_stop = packed_notify_stop,
};
