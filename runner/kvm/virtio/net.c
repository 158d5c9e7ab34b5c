/*
 * Serves both queues of the virtio network device; see net.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kvm/virtio/net.h"

#define BATCH		64		/* frames between two interrupts */

struct net {
	struct virtio_device device;	/* first */
	struct net_port *port;
	struct virtio_net_config space;
	atomic_ulong sent, received, refused, dropped;
	/* Of the receiving queue: a buffer that waits for its frame. */
	struct virtq_chain waiting;
	bool holds;
};

static struct net *net_of(const struct virtio_device *d)
{
	return (struct net *)d;
}

static int chain_take(struct virtio_queue *q, struct virtq_chain *c)
{
	int rc = virtio_queue_pop(q, c);

	if (rc < 0)
		virtio_device_trouble(q->device, q->ring.broken);
	return rc;
}

static void frame_send(struct net *n, const struct virtq_chain *c)
{
	const size_t header = sizeof(struct virtio_net_header);
	struct iovec part[VIRTQ_SIZE_MAX];
	unsigned int parts;
	uint64_t bytes;

	if (c->readable_bytes < header + NET_FRAME_MIN ||
	    c->readable_bytes > header + NET_FRAME_MAX) {
		atomic_fetch_add(&n->refused, 1);
		return;
	}
	bytes = c->readable_bytes - header;
	parts = virtq_slice(c, false, header, bytes, part);
	if (n->port->send(n->port, part, parts, bytes))
		atomic_fetch_add(&n->dropped, 1);
	else
		atomic_fetch_add(&n->sent, 1);
}

static bool send_serve(struct virtio_queue *q)
{
	struct net *n = net_of(q->device);
	struct virtq_chain c;
	unsigned int done = 0;

	while (done < BATCH && !q->ring.broken && chain_take(q, &c) > 0) {
		frame_send(n, &c);
		virtq_push(&q->ring, c.head, 0);
		atomic_fetch_add(&q->served, 1);
		done++;
	}
	if (done)
		virtio_queue_signal(q);
	return done != 0;
}

/* A buffer to receive into: with room for the header, if nothing more. */
static bool buffer_hold(struct virtio_queue *q)
{
	struct net *n = net_of(q->device);

	if (n->holds)
		return true;
	if (q->ring.broken || chain_take(q, &n->waiting) <= 0)
		return false;
	if (n->waiting.writable_bytes < sizeof(struct virtio_net_header)) {
		q->ring.broken = "a receive buffer without room for a header";
		virtio_device_trouble(q->device, q->ring.broken);
		return false;
	}
	n->holds = true;
	return true;
}

static bool frame_receive(struct virtio_queue *q)
{
	static const struct virtio_net_header header = { .num_buffers = 1 };
	struct net *n = net_of(q->device);
	const struct virtq_chain *c = &n->waiting;
	struct iovec part[VIRTQ_SIZE_MAX];
	unsigned int parts = virtq_slice(c, true, sizeof(header),
					 c->writable_bytes, part);
	ssize_t bytes = n->port->receive(n->port, part, parts);

	if (bytes < 0) {
		if (bytes != -EAGAIN)
			atomic_fetch_add(&n->dropped, 1);
		return bytes == -EMSGSIZE;
	}
	virtq_write(c, 0, &header, sizeof(header));
	virtq_push(&q->ring, c->head, (uint32_t)(sizeof(header) +
						 (size_t)bytes));
	n->holds = false;
	atomic_fetch_add(&n->received, 1);
	atomic_fetch_add(&q->served, 1);
	return true;
}

static bool receive_serve(struct virtio_queue *q)
{
	unsigned int done = 0;

	while (done < BATCH && buffer_hold(q) && frame_receive(q))
		done++;
	if (done)
		virtio_queue_signal(q);
	return done != 0;
}

static bool net_serve(struct virtio_queue *q)
{
	return q->index == VIRTIO_NET_RX ? receive_serve(q) : send_serve(q);
}

static int net_queue_start(struct virtio_queue *q, struct error *e)
{
	(void)e;
	if (q->index == VIRTIO_NET_RX)
		net_of(q->device)->holds = false;
	return 0;
}

static void net_queue_stop(struct virtio_queue *q)
{
	(void)q;			/* nothing is under way */
}

static int net_queue_fd(const struct virtio_queue *q)
{
	return q->index == VIRTIO_NET_RX ? net_of(q->device)->port->fd : -1;
}

static void net_queue_fd_clear(struct virtio_queue *q)
{
	struct net_port *p = net_of(q->device)->port;

	p->fd_clear(p);
}

/* Who has a buffer in hand waits for a frame, and for no more buffers. */
static bool net_queue_hungry(const struct virtio_queue *q)
{
	return q->index != VIRTIO_NET_RX || !net_of(q->device)->holds;
}

static const void *net_config(const struct virtio_device *d)
{
	return &net_of(d)->space;
}

static void net_destroy(struct virtio_device *d)
{
	struct net *n = net_of(d);

	if (n->port)
		n->port->close(n->port);
	free(n);
}

static const struct virtio_device_ops net_ops = {
	.id = VIRTIO_ID_NET,
	.features = VIRTIO_NET_F_MAC | VIRTIO_NET_F_MTU | VIRTIO_NET_F_STATUS,
	.config_bytes = sizeof(struct virtio_net_config),
	.config = net_config,
	.queue_start = net_queue_start,
	.serve = net_serve,
	.queue_stop = net_queue_stop,
	.queue_fd = net_queue_fd,
	.queue_fd_clear = net_queue_fd_clear,
	.queue_hungry = net_queue_hungry,
	.destroy = net_destroy,
};

struct virtio_device *virtio_net_create(struct net_port *port,
					struct error *e)
{
	struct net *n = calloc(1, sizeof(*n));

	if (!n) {
		error_set(e, -ENOMEM, "out of memory for a network device");
		port->close(port);
		return NULL;
	}
	n->port = port;
	n->space = (struct virtio_net_config){
		.status = VIRTIO_NET_S_LINK_UP, .mtu = NET_MTU_MAX,
	};
	memcpy(n->space.mac, port->mac, sizeof(n->space.mac));
	if (!virtio_device_init(&n->device, &net_ops, 2, e))
		return &n->device;
	virtio_device_destroy(&n->device);
	return NULL;
}

void virtio_net_counts(const struct virtio_device *d, struct net_counts *c)
{
	struct net *n = net_of(d);

	*c = (struct net_counts){
		.sent = atomic_load(&n->sent),
		.received = atomic_load(&n->received),
		.refused = atomic_load(&n->refused),
		.dropped = atomic_load(&n->dropped),
	};
}

struct net_port *virtio_net_port(const struct virtio_device *d)
{
	return net_of(d)->port;
}
