/*
 * The split form of a virtqueue: a table of descriptors, a ring of heads that
 * the driver writes, a ring of what is used that the device writes.
 *
 * Source: VIRTIO 1.2, 2.7.
 */
#include <errno.h>

#include "kvm/virtio/queue_part.h"

static struct virtq_avail *avail(const struct virtq *q)
{
	return (struct virtq_avail *)q->driver;
}

static struct virtq_used *used(const struct virtq *q)
{
	return (struct virtq_used *)q->device;
}

/* A table of descriptors, the queue's own or one that a descriptor names. */
struct table {
	const uint8_t *desc;
	uint32_t entries;
	uint32_t taken;
	bool inner;
};

static int table_enter(struct virtq *q, struct table *t,
		       const struct virtq_raw *d, uint16_t flags)
{
	int rc;

	if (t->inner)
		return rule_broken(q, "an indirect table in an indirect one");
	rc = table_open(q, d, flags, &t->desc, &t->entries);
	t->taken = 0;
	t->inner = true;
	return rc;
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
		struct virtq_raw d;
		uint16_t flags;
		int rc = desc_take(q, &t, c->head, at);

		if (rc)
			return rc;
		d = desc_read(t.desc + sizeof(struct virtq_desc) * at);
		flags = d.word[0];
		if (flags & VIRTQ_INDIRECT) {
			rc = table_enter(q, &t, &d, flags);
			if (rc)
				return rc;
			at = 0;
			continue;
		}
		rc = chain_add(q, c, &d, flags);
		if (rc || !(flags & VIRTQ_NEXT))
			return rc;
		if (!t.inner)
			q->follows[at] = d.word[1];
		at = d.word[1];
	}
}

static void split_start(struct virtq *q)
{
	(void)q;			/* zeroes are right */
}

static int split_pop(struct virtq *q, struct virtq_chain *c)
{
	uint16_t waiting = (uint16_t)(RING_LOAD_ACQUIRE(avail(q)->idx) -
				      q->next_avail);

	if (!waiting)
		return 0;
	if (waiting > q->size)
		return rule_broken(q, "more requests than the queue holds");
	c->head = RING_LOAD(avail(q)->ring[q->next_avail & (q->size - 1)]);
	if (c->head >= q->size)
		return rule_broken(q, "a head outside of the table");
	if (!q->owner[c->head])
		q->length[c->head] = 0;
	if (chain_walk(q, c))
		return -EPROTO;
	q->next_avail++;
	return 1;
}

static void split_publish(struct virtq *q)
{
	RING_STORE_RELEASE(used(q)->idx, q->next_used);
}

static void split_push(struct virtq *q, uint16_t head, uint32_t written)
{
	struct virtq_used_elem *to = &used(q)->ring[q->next_used &
						    (q->size - 1)];
	uint16_t at = head;

	for (uint16_t n = q->length[head]; n; n--) {
		q->owner[at] = 0;
		at = q->follows[at];
	}
	q->length[head] = 0;
	RING_STORE(to->id, head);
	RING_STORE(to->len, written);
	q->next_used++;
	if (!q->together)
		split_publish(q);
}

/* The words behind the rings' last entries. */
static uint16_t *used_event(struct virtq *q)
{
	return &avail(q)->ring[q->size];
}

static uint16_t *avail_event(struct virtq *q)
{
	return (uint16_t *)&used(q)->ring[q->size];
}

static bool split_signal_due(struct virtq *q)
{
	uint16_t before = q->signalled;

	if (!q->event_index)
		return !(RING_LOAD(avail(q)->flags) & VIRTQ_NO_INTERRUPT);
	q->signalled = q->next_used;
	return virtq_event_due(RING_LOAD(*used_event(q)), q->next_used, before);
}

static bool split_notify_ask(struct virtq *q)
{
	if (q->event_index)
		RING_STORE(*avail_event(q), q->next_avail);
	else
		RING_STORE(used(q)->flags, 0);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return RING_LOAD(avail(q)->idx) != q->next_avail;
}

static void split_notify_stop(struct virtq *q)
{
	if (!q->event_index)
		RING_STORE(used(q)->flags, VIRTQ_NO_NOTIFY);
}

const struct virtq_form virtq_split = {
	.start = split_start,
	.pop = split_pop,
	.push = split_push,
	.publish = split_publish,
	.signal_due = split_signal_due,
	.notify_ask = split_notify_ask,
	.notify_stop = split_notify_stop,
};
