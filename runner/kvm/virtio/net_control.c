/*
 * Commands to a network device; see net.h. There is one: how many pairs of
 * queues are used. Whatever else is asked is refused, and changes nothing.
 *
 * Source: VIRTIO 1.2, 5.1.6.5 Control Virtqueue.
 */
#include "kvm/virtio/net_part.h"

/* All that have a driver's rings: frames are for who can take them. */
static bool pairs_live(const struct net *n, unsigned int pairs)
{
	for (unsigned int i = 0; i < 2 * pairs; i++)
		if (!atomic_load(&n->device.queue[i].live))
			return false;
	return true;
}

/*
 * Once the command is used, no frame comes to a pair behind these: who is
 * putting one has done so when its lock was had. All look anew what they are
 * to wait for.
 */
static bool pairs_use(struct net *n, unsigned int pairs)
{
	unsigned int before = atomic_load(&n->used);
	bool done;

	if (pairs < before)
		atomic_store(&n->used, pairs);
	done = !n->port->lanes_use(n->port, pairs);
	atomic_store(&n->used, done ? pairs : before);
	for (unsigned int i = 0; i < n->pairs; i++) {
		virtio_eventfd_ring(n->device.queue[2 * i].kick);
		pthread_mutex_lock(&n->receiver[i].lock);
		pthread_mutex_unlock(&n->receiver[i].lock);
	}
	return done;
}

static bool command_do(struct net *n, const struct virtq_chain *c)
{
	struct virtio_net_command command;

	if (virtq_read(c, 0, &command, sizeof(command)) != sizeof(command) ||
	    command.class != VIRTIO_NET_CTRL_MQ ||
	    command.command != VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET)
		return false;
	return n->device.accepted & VIRTIO_NET_F_MQ && command.value &&
	       command.value <= n->pairs && pairs_live(n, command.value) &&
	       pairs_use(n, command.value);
}

bool net_control_serve(struct virtio_queue *q)
{
	struct virtq_chain c;
	bool any = false;

	while (!q->ring.broken && net_chain_take(q, &c) > 0) {
		uint8_t answer = VIRTIO_NET_OK;

		if (!c.writable_bytes) {
			net_queue_break(q, "a command without room for an "
					"answer");
			break;
		}
		if (!command_do(net_of(q->device), &c))
			answer = VIRTIO_NET_ERR;
		virtq_write(&c, 0, &answer, sizeof(answer));
		virtq_push(&q->ring, c.head, sizeof(answer));
		atomic_fetch_add(&q->served, 1);
		any = true;
	}
	if (any)
		virtio_queue_signal(q);
	return any;
}

void net_control_forget(struct net *n)
{
	pairs_use(n, 1);
}
