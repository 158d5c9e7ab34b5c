/*
 * Frames that come to a network device, into the buffers of one of its queues;
 * see net.h.
 *
 * A buffer is taken from the ring when a frame needs one, or one more. Where
 * they are merged, a frame fills each but its last, and the driver sees all of
 * them as used at once (5.1.6.4.1).
 */
#include <errno.h>
#include <string.h>

#include "kvm/virtio/net_part.h"

#define HEADER_BYTES	sizeof(struct virtio_net_header)

void net_receive_start(struct virtio_queue *q, struct net_receiver *r)
{
	r->merges = q->device->accepted & VIRTIO_NET_F_MRG_RXBUF;
	r->starved = false;
	r->buffers = r->segments = 0;
	r->bytes = 0;
}

/* One more buffer from the ring; false: there is none, or no right one. */
static bool buffer_add(struct virtio_queue *q, struct net_receiver *r)
{
	const struct virtq_chain *c = &r->chain;

	if (q->ring.broken || net_chain_take(q, &r->chain) <= 0)
		return false;
	if (c->writable_bytes < HEADER_BYTES) {
		net_queue_break(q, "a receive buffer without room for a "
				"header");
		return false;
	}
	memcpy(r->segment + r->segments, c->segment + c->readable,
	       c->writable * sizeof(c->segment[0]));
	r->buffer[r->buffers++] = (struct net_buffer){
		.head = c->head, .bytes = (uint32_t)c->writable_bytes,
		.segments = c->writable,
	};
	r->segments += c->writable;
	r->bytes += c->writable_bytes;
	return true;
}

/* No further buffer can be held: all of them are too little for a frame. */
static bool is_full(const struct virtio_queue *q, const struct net_receiver *r)
{
	return r->buffers == q->ring.size ||
	       r->segments > NET_SEGMENTS - VIRTQ_SIZE_MAX;
}

/* Room for so many bytes, or as much as there can be; false: not yet. */
static bool room_make(struct virtio_queue *q, struct net_receiver *r,
		      uint64_t bytes)
{
	while (!r->buffers || (r->merges && r->bytes < bytes)) {
		if (r->buffers && is_full(q, r))
			break;
		r->starved = !buffer_add(q, r);
		if (r->starved)
			return false;
	}
	return true;
}

/* The first `n` buffers are the driver's again. */
static void buffers_drop(struct net_receiver *r, unsigned int n)
{
	unsigned int segments = 0;

	for (unsigned int i = 0; i < n; i++) {
		segments += r->buffer[i].segments;
		r->bytes -= r->buffer[i].bytes;
	}
	r->buffers -= n;
	r->segments -= segments;
	memmove(r->buffer, r->buffer + n, r->buffers * sizeof(r->buffer[0]));
	memmove(r->segment, r->segment + segments,
		r->segments * sizeof(r->segment[0]));
}

/* Into the room, as if it were one buffer. */
static void header_write(const struct net_receiver *r, uint16_t buffers)
{
	const struct virtio_net_header h = { .num_buffers = buffers };
	struct iovec part[sizeof(h)];
	unsigned int n = segments_slice(r->segment, r->segments, 0, sizeof(h),
					part);
	size_t at = 0;

	for (unsigned int i = 0; i < n; at += part[i++].iov_len)
		memcpy(part[i].iov_base, (const uint8_t *)&h + at,
		       part[i].iov_len);
}

/* `bytes` are the header's and the frame's, which are there. */
static void buffers_fill(struct virtio_queue *q, struct net_receiver *r,
			 uint64_t bytes)
{
	struct virtq_filled filled[VIRTQ_SIZE_MAX];
	unsigned int n = 0;

	do {
		uint32_t part = r->buffer[n].bytes;

		filled[n] = (struct virtq_filled){
			.head = r->buffer[n].head,
			.bytes = part < bytes ? part : (uint32_t)bytes,
		};
		bytes -= filled[n++].bytes;
	} while (bytes && n < r->buffers);
	header_write(r, (uint16_t)n);
	virtq_push_all(&q->ring, filled, n);
	buffers_drop(r, n);
}

/* A frame was received or dropped; false: there is none, or no room yet. */
static bool frame_receive(struct virtio_queue *q, struct net_receiver *r)
{
	struct net *n = net_of(q->device);
	struct iovec part[NET_SEGMENTS];
	unsigned int lane = q->index / 2, parts;
	ssize_t bytes = 0;

	if (lane >= atomic_load(&n->used))
		return false;
	if (r->merges) {
		bytes = n->port->waiting(n->port, lane);
		r->starved = false;
		if (bytes < 0)
			return false;
	}
	if (!room_make(q, r, HEADER_BYTES + (uint64_t)bytes))
		return false;
	parts = segments_slice(r->segment, r->segments, HEADER_BYTES, r->bytes,
			       part);
	bytes = n->port->receive(n->port, lane, part, parts);
	if (bytes < 0) {
		if (bytes != -EAGAIN)
			atomic_fetch_add(&n->dropped, 1);
		return bytes == -EMSGSIZE;
	}
	buffers_fill(q, r, HEADER_BYTES + (uint64_t)bytes);
	atomic_fetch_add(&n->received, 1);
	atomic_fetch_add(&q->served, 1);
	return true;
}

bool net_receive_serve(struct virtio_queue *q, struct net_receiver *r)
{
	bool several = net_of(q->device)->pairs > 1;
	unsigned int done = 0;

	if (several)
		pthread_mutex_lock(&r->lock);
	while (done < NET_BATCH && frame_receive(q, r))
		done++;
	if (several)
		pthread_mutex_unlock(&r->lock);
	if (done)
		virtio_queue_signal(q);
	return done != 0;
}
