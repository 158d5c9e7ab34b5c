/*
 * A hub in this process; see net_port.h.
 *
 * A frame is copied twice, into its receiver's port and out of it: no device
 * sees another VM's memory.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "kvm/virtio/net_flow.h"
#include "kvm/virtio/net_port.h"

#define FRAMES		256u		/* that wait in a lane */
#define FLOWS		256u		/* that are told apart */

struct hub_lane {
	pthread_mutex_t lock;		/* what follows */
	unsigned int first, count;
	struct hub_frame {
		size_t bytes;
		uint8_t data[NET_FRAME_MAX];
	} frame[FRAMES];
};

struct hub_port {
	struct net_port port;		/* first */
	struct net_hub *hub;
	atomic_uint used;		/* lanes; those behind stay empty */
	/* By flow: the lane that it was sent by last, + 1. */
	_Atomic uint8_t flow[FLOWS];
	struct hub_lane lane[];
};

struct net_hub {
	bool loops;
	atomic_uint users;		/* ports, and who made it */
	atomic_ulong dropped;
	pthread_rwlock_t lock;		/* ports come and go */
	unsigned int opened;
	struct hub_port *port[NET_PORTS_MAX];
};

struct net_hub *net_hub_create(bool loops, struct error *e)
{
	struct net_hub *hub = calloc(1, sizeof(*hub));

	if (!hub) {
		error_set(e, -ENOMEM, "out of memory for a network");
		return NULL;
	}
	hub->loops = loops;
	hub->users = 1;
	pthread_rwlock_init(&hub->lock, NULL);
	return hub;
}

void net_hub_put(struct net_hub *hub)
{
	if (!hub || atomic_fetch_sub(&hub->users, 1) > 1)
		return;
	pthread_rwlock_destroy(&hub->lock);
	free(hub);
}

uint64_t net_hub_dropped(struct net_hub *hub)
{
	return atomic_load(&hub->dropped);
}

/* Up to so many bytes; how many there were. */
static size_t gather(uint8_t *to, size_t bytes, const struct iovec *part,
		     unsigned int parts)
{
	size_t at = 0;

	for (unsigned int i = 0; i < parts && at < bytes; i++) {
		size_t n = part[i].iov_len;

		if (n > bytes - at)
			n = bytes - at;
		memcpy(to + at, part[i].iov_base, n);
		at += n;
	}
	return at;
}

/* The lane for a flow, locked: one that is in use. */
static struct hub_lane *lane_lock(struct hub_port *to, uint32_t flow,
				  unsigned int *number)
{
	for (;;) {
		unsigned int used = atomic_load(&to->used);
		unsigned int known = atomic_load(&to->flow[flow % FLOWS]);
		unsigned int i = known && known <= used ? known - 1 :
				 flow % used;

		pthread_mutex_lock(&to->lane[i].lock);
		*number = i;
		if (i < atomic_load(&to->used))
			return &to->lane[i];
		pthread_mutex_unlock(&to->lane[i].lock);
	}
}

static void bell_ring(int fd)
{
	const uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) < 0)
		return;			/* full: it is readable */
}

/* A lane that was empty may sleep: the first frame wakes it. */
static int deliver(struct hub_port *to, uint32_t flow, const struct iovec *part,
		   unsigned int parts)
{
	unsigned int number;
	struct hub_lane *l = lane_lock(to, flow, &number);
	struct hub_frame *f;
	bool first;

	if (l->count == FRAMES) {
		pthread_mutex_unlock(&l->lock);
		atomic_fetch_add(&to->hub->dropped, 1);
		return -ENOBUFS;
	}
	f = &l->frame[(l->first + l->count) % FRAMES];
	f->bytes = gather(f->data, sizeof(f->data), part, parts);
	first = !l->count++;
	pthread_mutex_unlock(&l->lock);
	if (first)
		bell_ring(to->port.fd[number]);
	return 0;
}

/* The header is read once: the sender's VM may change the frame meanwhile. */
static int hub_send(struct net_port *p, unsigned int lane,
		    const struct iovec *part, unsigned int parts, size_t bytes)
{
	struct hub_port *from = (struct hub_port *)p;
	struct net_hub *hub = from->hub;
	struct hub_port *to = NULL;
	uint8_t head[NET_FLOW_BYTES];
	uint32_t flow;
	size_t got;
	int rc = 0;

	if (bytes > NET_FRAME_MAX)
		return -EMSGSIZE;
	got = gather(head, sizeof(head), part, parts);
	if (got < sizeof(p->mac))
		return -EINVAL;
	flow = net_flow(head, got);
	if (p->lanes > 1)
		atomic_store(&from->flow[flow % FLOWS], (uint8_t)(lane + 1));
	if (hub->loops)
		return deliver(from, flow, part, parts);
	pthread_rwlock_rdlock(&hub->lock);
	for (unsigned int i = 0; i < NET_PORTS_MAX && !to; i++)
		if (hub->port[i] && !memcmp(hub->port[i]->port.mac, head, 6))
			to = hub->port[i];
	if (to)
		rc = deliver(to, flow, part, parts);
	for (unsigned int i = 0; i < NET_PORTS_MAX && !to; i++)
		if (hub->port[i] && hub->port[i] != from)
			rc = deliver(hub->port[i], flow, part, parts);
	pthread_rwlock_unlock(&hub->lock);
	return rc;
}

static ssize_t hub_waiting(struct net_port *p, unsigned int lane)
{
	struct hub_lane *l = &((struct hub_port *)p)->lane[lane];
	ssize_t rc = -EAGAIN;

	pthread_mutex_lock(&l->lock);
	if (l->count)
		rc = (ssize_t)l->frame[l->first].bytes;
	pthread_mutex_unlock(&l->lock);
	return rc;
}

static ssize_t hub_receive(struct net_port *p, unsigned int lane,
			   const struct iovec *part, unsigned int parts)
{
	struct hub_port *port = (struct hub_port *)p;
	struct hub_lane *l = &port->lane[lane];
	const struct hub_frame *f;
	ssize_t rc = -EAGAIN;
	size_t at = 0;

	pthread_mutex_lock(&l->lock);
	if (!l->count)
		goto out;
	f = &l->frame[l->first];
	for (unsigned int i = 0; i < parts && at < f->bytes; i++) {
		size_t n = f->bytes - at;

		if (n > part[i].iov_len)
			n = part[i].iov_len;
		memcpy(part[i].iov_base, f->data + at, n);
		at += n;
	}
	rc = at == f->bytes ? (ssize_t)at : -EMSGSIZE;
	l->first = (l->first + 1) % FRAMES;
	l->count--;
	if (rc < 0)
		atomic_fetch_add(&port->hub->dropped, 1);
out:
	pthread_mutex_unlock(&l->lock);
	return rc;
}

/* What waits in a lane that is no longer used goes to the first. */
static void lane_empty(struct hub_port *p, struct hub_lane *from)
{
	struct hub_lane *to = &p->lane[0];

	pthread_mutex_lock(&to->lock);
	pthread_mutex_lock(&from->lock);
	for (; from->count; from->count--) {
		const struct hub_frame *f = &from->frame[from->first];

		from->first = (from->first + 1) % FRAMES;
		if (to->count == FRAMES) {
			atomic_fetch_add(&p->hub->dropped, 1);
			continue;
		}
		memcpy(&to->frame[(to->first + to->count++) % FRAMES], f,
		       sizeof(f->bytes) + f->bytes);
	}
	pthread_mutex_unlock(&from->lock);
	pthread_mutex_unlock(&to->lock);
}

static int hub_lanes_use(struct net_port *p, unsigned int lanes)
{
	struct hub_port *port = (struct hub_port *)p;

	if (!lanes || lanes > p->lanes)
		return -EINVAL;
	atomic_store(&port->used, lanes);
	for (unsigned int i = lanes; i < p->lanes; i++)
		lane_empty(port, &port->lane[i]);
	bell_ring(p->fd[0]);
	return 0;
}

static void hub_clear(struct net_port *p, unsigned int lane)
{
	uint64_t n;

	if (read(p->fd[lane], &n, sizeof(n)) < 0)
		return;			/* told already */
}

static void hub_close(struct net_port *p)
{
	struct hub_port *port = (struct hub_port *)p;
	struct net_hub *hub = port->hub;

	pthread_rwlock_wrlock(&hub->lock);
	for (unsigned int i = 0; i < NET_PORTS_MAX; i++)
		if (hub->port[i] == port)
			hub->port[i] = NULL;
	pthread_rwlock_unlock(&hub->lock);
	for (unsigned int i = 0; i < p->lanes; i++) {
		if (p->fd[i] >= 0)
			close(p->fd[i]);
		pthread_mutex_destroy(&port->lane[i].lock);
	}
	free(port);
	net_hub_put(hub);
}

struct net_port *net_hub_port(struct net_hub *hub, unsigned int lanes,
			      struct error *e)
{
	struct hub_port *port;

	if (!lanes || lanes > NET_LANES_MAX) {
		error_set(e, -EINVAL, "a port has 1 to %u lanes, not %u",
			  NET_LANES_MAX, lanes);
		return NULL;
	}
	port = calloc(1, sizeof(*port) + lanes * sizeof(port->lane[0]));
	if (!port || hub->opened == NET_PORTS_MAX) {
		error_set(e, -ENOSPC, "a network has at most %u ports",
			  NET_PORTS_MAX);
		free(port);
		return NULL;
	}
	port->hub = hub;
	port->used = 1;
	atomic_fetch_add(&hub->users, 1);
	port->port = (struct net_port){
		.send = hub_send, .waiting = hub_waiting,
		.receive = hub_receive, .fd_clear = hub_clear,
		.lanes_use = hub_lanes_use, .close = hub_close, .lanes = lanes,
		/* Of local administration. */
		.mac = { 0x02, 'V', 'M', 'G', 0, (uint8_t)hub->opened },
	};
	for (unsigned int i = 0; i < lanes; i++) {
		pthread_mutex_init(&port->lane[i].lock, NULL);
		port->port.fd[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	}
	for (unsigned int i = 0; i < lanes; i++)
		if (port->port.fd[i] < 0) {
			error_set(e, -EMFILE, "no eventfd for a network");
			hub_close(&port->port);
			return NULL;
		}
	pthread_rwlock_wrlock(&hub->lock);
	hub->port[hub->opened++] = port;
	pthread_rwlock_unlock(&hub->lock);
	return &port->port;
}
