/*
 * Serves the queues of the virtio network device; see net.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kvm/virtio/net_part.h"

int net_chain_take(struct virtio_queue *q, struct virtq_chain *c)
{
	int rc = virtio_queue_pop(q, c);

	if (rc < 0)
		virtio_device_trouble(q->device, q->ring.broken);
	return rc;
}

void net_queue_break(struct virtio_queue *q, const char *rule)
{
	q->ring.broken = rule;
	virtio_device_trouble(q->device, rule);
}

/* What a queue is for depends on what was agreed on (5.1.2). */
enum net_role { NET_RECEIVES, NET_SENDS, NET_CONTROLS, NET_IDLES };

static enum net_role role_of(const struct virtio_queue *q)
{
	uint64_t features = q->device->accepted;
	unsigned int pairs = features & VIRTIO_NET_F_MQ ?
			     net_of(q->device)->pairs : 1;

	if (q->index < 2 * pairs)
		return q->index % 2 == VIRTIO_NET_RX ? NET_RECEIVES : NET_SENDS;
	return q->index == 2 * pairs && features & VIRTIO_NET_F_CTRL_VQ ?
	       NET_CONTROLS : NET_IDLES;
}

static struct net_receiver *receiver_of(const struct virtio_queue *q)
{
	return &net_of(q->device)->receiver[q->index / 2];
}

static void frame_send(struct net *n, unsigned int lane,
		       const struct virtq_chain *c)
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
	if (n->port->send(n->port, lane, part, parts, bytes))
		atomic_fetch_add(&n->dropped, 1);
	else
		atomic_fetch_add(&n->sent, 1);
}

static bool send_serve(struct virtio_queue *q)
{
	struct net *n = net_of(q->device);
	struct virtq_chain c;
	unsigned int done = 0;

	while (done < NET_BATCH && !q->ring.broken &&
	       net_chain_take(q, &c) > 0) {
		frame_send(n, q->index / 2, &c);
		virtq_push(&q->ring, c.head, 0);
		atomic_fetch_add(&q->served, 1);
		done++;
	}
	if (done)
		virtio_queue_signal(q);
	return done != 0;
}

static bool net_serve(struct virtio_queue *q)
{
	switch (role_of(q)) {
	case NET_RECEIVES:
		return net_receive_serve(q, receiver_of(q));
	case NET_SENDS:
		return send_serve(q);
	case NET_CONTROLS:
		return net_control_serve(q);
	default:
		return false;
	}
}

static int net_queue_start(struct virtio_queue *q, struct error *e)
{
	(void)e;
	if (role_of(q) == NET_RECEIVES)
		net_receive_start(q, receiver_of(q));
	return 0;
}

/* Nothing is under way. The reset of one queue leaves what was commanded. */
static void net_queue_stop(struct virtio_queue *q)
{
	if (role_of(q) == NET_CONTROLS && !atomic_load(&q->resetting))
		net_control_forget(net_of(q->device));
}

/* Without a buffer for a frame, or in a pair that is not used: no frames. */
static int net_queue_fd(const struct virtio_queue *q)
{
	const struct net *n = net_of(q->device);
	unsigned int lane = q->index / 2;

	return role_of(q) == NET_RECEIVES && !receiver_of(q)->starved &&
	       lane < atomic_load(&n->used) ? n->port->fd[lane] : -1;
}

static void net_queue_fd_clear(struct virtio_queue *q)
{
	struct net_port *p = net_of(q->device)->port;

	p->fd_clear(p, q->index / 2);
}

/* Who has what a frame needs waits for one, and for no more buffers. */
static bool net_queue_hungry(const struct virtio_queue *q)
{
	return role_of(q) != NET_RECEIVES || receiver_of(q)->starved;
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
	for (unsigned int i = 0; i < VIRTIO_NET_PAIRS_MAX; i++)
		pthread_mutex_destroy(&n->receiver[i].lock);
	free(n);
}

static const struct virtio_device_ops net_ops = {
	.id = VIRTIO_ID_NET,
	.features = VIRTIO_NET_F_MAC | VIRTIO_NET_F_MTU | VIRTIO_NET_F_STATUS |
		    VIRTIO_NET_F_MRG_RXBUF | VIRTIO_NET_F_CTRL_VQ |
		    VIRTIO_NET_F_MQ,
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
	n->pairs = port->lanes;
	n->used = 1;
	for (unsigned int i = 0; i < VIRTIO_NET_PAIRS_MAX; i++)
		pthread_mutex_init(&n->receiver[i].lock, NULL);
	n->space = (struct virtio_net_config){
		.status = VIRTIO_NET_S_LINK_UP, .mtu = NET_MTU_MAX,
		.max_virtqueue_pairs = (uint16_t)n->pairs,
	};
	memcpy(n->space.mac, port->mac, sizeof(n->space.mac));
	if (!virtio_device_init(&n->device, &net_ops,
				2 * n->pairs + (n->pairs > 1), e)) {
		if (n->pairs == 1)
			n->device.lacks = VIRTIO_NET_F_CTRL_VQ |
					  VIRTIO_NET_F_MQ;
		return &n->device;
	}
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
