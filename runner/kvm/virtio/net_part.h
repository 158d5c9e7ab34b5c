/*
 * Inside net*.c: the network device as its parts see it.
 */
#ifndef VMGAUGE_KVM_VIRTIO_NET_PART_H
#define VMGAUGE_KVM_VIRTIO_NET_PART_H

#include "kvm/virtio/net.h"

#define NET_BATCH	64		/* frames between two interrupts */

/* Room for a chain of any length behind all that is held before it. */
#define NET_SEGMENTS	(2 * VIRTQ_SIZE_MAX)

/*
 * A queue that receives: buffers that wait for a frame, in their order, and
 * what they are made of, all in one row.
 */
struct net_receiver {
	pthread_mutex_t lock;		/* of several: while frames are put */
	bool merges, starved;		/* starved: a frame needs more buffers */
	unsigned int buffers, segments;
	uint64_t bytes;			/* of all of them */
	struct net_buffer {
		uint16_t head;
		uint32_t bytes;
		unsigned int segments;
	} buffer[VIRTQ_SIZE_MAX];
	struct iovec segment[NET_SEGMENTS];
	struct virtq_chain chain;	/* the one that was popped last */
};

struct net {
	struct virtio_device device;	/* first */
	struct net_port *port;
	struct virtio_net_config space;
	unsigned int pairs;
	atomic_uint used;		/* pairs that frames come to */
	atomic_ulong sent, received, refused, dropped;
	struct net_receiver receiver[VIRTIO_NET_PAIRS_MAX];
};

static inline struct net *net_of(const struct virtio_device *d)
{
	return (struct net *)d;
}

/* virtio_queue_pop(); a driver's error is the device's trouble. */
int net_chain_take(struct virtio_queue *q, struct virtq_chain *c);
/* The queue is broken by that rule. */
void net_queue_break(struct virtio_queue *q, const char *rule);

/* net_receive.c: of a queue that receives; serve() and what it stands on. */
void net_receive_start(struct virtio_queue *q, struct net_receiver *r);
bool net_receive_serve(struct virtio_queue *q, struct net_receiver *r);

/* net_control.c: of the queue of commands. */
bool net_control_serve(struct virtio_queue *q);
/* As after a reset: one pair. */
void net_control_forget(struct net *n);

#endif
