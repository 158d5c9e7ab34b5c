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

#include "kvm/virtio/net_port.h"

#define FRAMES		256u		/* that wait in a port */

struct hub_port {
	struct net_port port;		/* first */
	struct net_hub *hub;
	pthread_mutex_t lock;		/* what follows */
	unsigned int first, count;
	struct hub_frame {
		size_t bytes;
		uint8_t data[NET_FRAME_MAX];
	} frame[FRAMES];
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

static size_t gather(uint8_t *to, const struct iovec *part, unsigned int parts)
{
	size_t at = 0;

	for (unsigned int i = 0; i < parts; at += part[i++].iov_len)
		memcpy(to + at, part[i].iov_base, part[i].iov_len);
	return at;
}

/* A port that was empty may sleep: the first frame wakes it. */
static int deliver(struct hub_port *to, const struct iovec *part,
		   unsigned int parts)
{
	const uint64_t one = 1;
	struct hub_frame *f;
	bool first;

	pthread_mutex_lock(&to->lock);
	if (to->count == FRAMES) {
		pthread_mutex_unlock(&to->lock);
		atomic_fetch_add(&to->hub->dropped, 1);
		return -ENOBUFS;
	}
	f = &to->frame[(to->first + to->count) % FRAMES];
	f->bytes = gather(f->data, part, parts);
	first = !to->count++;
	pthread_mutex_unlock(&to->lock);
	if (first && write(to->port.fd, &one, sizeof(one)) < 0)
		return 0;		/* full: it is readable */
	return 0;
}

/* The address is read once: the sender's VM may change the frame meanwhile. */
static int hub_send(struct net_port *p, const struct iovec *part,
		    unsigned int parts, size_t bytes)
{
	struct hub_port *from = (struct hub_port *)p;
	struct net_hub *hub = from->hub;
	struct hub_port *to = NULL;
	uint8_t mac[6];
	size_t got = 0;
	int rc = 0;

	if (bytes > NET_FRAME_MAX)
		return -EMSGSIZE;
	if (hub->loops)
		return deliver(from, part, parts);
	for (unsigned int i = 0; i < parts && got < 6; i++)
		for (size_t j = 0; j < part[i].iov_len && got < 6; j++)
			mac[got++] = ((const uint8_t *)part[i].iov_base)[j];
	if (got < 6)
		return -EINVAL;
	pthread_rwlock_rdlock(&hub->lock);
	for (unsigned int i = 0; i < NET_PORTS_MAX && !to; i++)
		if (hub->port[i] && !memcmp(hub->port[i]->port.mac, mac, 6))
			to = hub->port[i];
	if (to)
		rc = deliver(to, part, parts);
	for (unsigned int i = 0; i < NET_PORTS_MAX && !to; i++)
		if (hub->port[i] && hub->port[i] != from)
			rc = deliver(hub->port[i], part, parts);
	pthread_rwlock_unlock(&hub->lock);
	return rc;
}

static ssize_t hub_receive(struct net_port *p, const struct iovec *part,
			   unsigned int parts)
{
	struct hub_port *port = (struct hub_port *)p;
	const struct hub_frame *f = &port->frame[port->first];
	ssize_t rc = -EAGAIN;
	size_t at = 0;

	pthread_mutex_lock(&port->lock);
	if (!port->count)
		goto out;
	for (unsigned int i = 0; i < parts && at < f->bytes; i++) {
		size_t n = f->bytes - at;

		if (n > part[i].iov_len)
			n = part[i].iov_len;
		memcpy(part[i].iov_base, f->data + at, n);
		at += n;
	}
	rc = at == f->bytes ? (ssize_t)at : -EMSGSIZE;
	port->first = (port->first + 1) % FRAMES;
	port->count--;
	if (rc < 0)
		atomic_fetch_add(&port->hub->dropped, 1);
out:
	pthread_mutex_unlock(&port->lock);
	return rc;
}

static void hub_clear(struct net_port *p)
{
	uint64_t n;

	if (read(p->fd, &n, sizeof(n)) < 0)
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
	if (p->fd >= 0)
		close(p->fd);
	pthread_mutex_destroy(&port->lock);
	free(port);
	net_hub_put(hub);
}

struct net_port *net_hub_port(struct net_hub *hub, struct error *e)
{
	struct hub_port *port = calloc(1, sizeof(*port));

	if (!port || hub->opened == NET_PORTS_MAX) {
		error_set(e, -ENOSPC, "a network has at most %u ports",
			  NET_PORTS_MAX);
		free(port);
		return NULL;
	}
	port->hub = hub;
	pthread_mutex_init(&port->lock, NULL);
	atomic_fetch_add(&hub->users, 1);
	port->port = (struct net_port){
		.send = hub_send, .receive = hub_receive,
		.fd_clear = hub_clear, .close = hub_close,
		.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
		/* Of local administration. */
		.mac = { 0x02, 'V', 'M', 'G', 0, (uint8_t)hub->opened },
	};
	if (port->port.fd < 0) {
		error_set(e, -errno, "eventfd: %s", strerror(errno));
		hub_close(&port->port);
		return NULL;
	}
	pthread_rwlock_wrlock(&hub->lock);
	hub->port[hub->opened++] = port;
	pthread_rwlock_unlock(&hub->lock);
	return &port->port;
}
