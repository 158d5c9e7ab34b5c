/*
 * The host's network by a TAP; see net_port.h. No offload is asked of it, so
 * that frames are the wire's own and have no header that one could believe.
 *
 * Each lane is a queue of the interface: the kernel steers a flow to the queue
 * that it was written to last. One that is not used is detached.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kvm/virtio/net_port.h"

/* A frame that was asked for its size and waits here. */
struct tap_lane {
	ssize_t bytes;			/* 0: none */
	uint8_t frame[NET_FRAME_MAX];
};

struct tap {
	struct net_port port;		/* first */
	unsigned int used;		/* lanes that are attached */
	struct tap_lane lane[];
};

static int tap_send(struct net_port *p, unsigned int lane,
		    const struct iovec *part, unsigned int parts, size_t bytes)
{
	ssize_t n = writev(p->fd[lane], part, (int)parts);

	if (n < 0)
		return -errno;
	return (size_t)n == bytes ? 0 : -EIO;
}

static ssize_t tap_waiting(struct net_port *p, unsigned int lane)
{
	struct tap_lane *l = &((struct tap *)p)->lane[lane];

	if (!l->bytes)
		l->bytes = read(p->fd[lane], l->frame, sizeof(l->frame));
	if (l->bytes > 0)
		return l->bytes;
	l->bytes = 0;
	return -EAGAIN;
}

static ssize_t tap_receive(struct net_port *p, unsigned int lane,
			   const struct iovec *part, unsigned int parts)
{
	struct tap_lane *l = &((struct tap *)p)->lane[lane];
	ssize_t n = l->bytes;
	size_t at = 0;

	l->bytes = 0;
	if (!n) {
		n = readv(p->fd[lane], part, (int)parts);
		return n < 0 ? -errno : n;
	}
	for (unsigned int i = 0; i < parts && at < (size_t)n; i++) {
		size_t some = (size_t)n - at;

		if (some > part[i].iov_len)
			some = part[i].iov_len;
		memcpy(part[i].iov_base, l->frame + at, some);
		at += some;
	}
	return at == (size_t)n ? n : -EMSGSIZE;
}

static void tap_clear(struct net_port *p, unsigned int lane)
{
	(void)p, (void)lane;		/* reading its frames does */
}

static int tap_lanes_use(struct net_port *p, unsigned int lanes)
{
	struct tap *t = (struct tap *)p;
	struct ifreq attach = { .ifr_flags = IFF_ATTACH_QUEUE };
	struct ifreq detach = { .ifr_flags = IFF_DETACH_QUEUE };

	if (!lanes || lanes > p->lanes)
		return -EINVAL;
	for (; t->used < lanes; t->used++)
		if (ioctl(p->fd[t->used], TUNSETQUEUE, &attach))
			return -errno;
	for (; t->used > lanes; t->used--)
		if (ioctl(p->fd[t->used - 1], TUNSETQUEUE, &detach))
			return -errno;
	return 0;
}

static void tap_close(struct net_port *p)
{
	for (unsigned int i = 0; i < p->lanes; i++)
		if (p->fd[i] >= 0)
			close(p->fd[i]);	/* the interface goes with it */
	free(p);
}

/* As `ip link set NAME up`. */
static int interface_up(const char *name, struct error *e)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq r = { .ifr_flags = 0 };
	int rc = 0;

	if (fd < 0)
		return error_set(e, -errno, "socket: %s", strerror(errno));
	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	if (ioctl(fd, SIOCGIFFLAGS, &r))
		rc = -errno;
	r.ifr_flags |= IFF_UP;
	if (!rc && ioctl(fd, SIOCSIFFLAGS, &r))
		rc = -errno;
	close(fd);
	return rc ? error_set(e, rc, "interface %s: %s", name, strerror(-rc)) :
		    0;
}

static int lane_make(struct net_port *p, unsigned int lane, const char *name,
		     struct error *e)
{
	struct ifreq r = {
		.ifr_flags = (short)(IFF_TAP | IFF_NO_PI |
				     (p->lanes > 1 ? IFF_MULTI_QUEUE : 0)),
	};

	p->fd[lane] = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (p->fd[lane] < 0)
		return error_set(e, -errno, "/dev/net/tun: %s: load tun, or "
				 "ask for access", strerror(errno));
	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	if (ioctl(p->fd[lane], TUNSETIFF, &r))
		return error_set(e, -errno, "TAP %s: %s: needs CAP_NET_ADMIN",
				 name, strerror(errno));
	return 0;
}

/* All lanes are attached when they are made; one is used. */
static int tap_make(struct net_port *p, const char *name, struct error *e)
{
	int rc = 0;

	for (unsigned int i = 0; i < p->lanes && !rc; i++)
		rc = lane_make(p, i, name, e);
	if (rc)
		return rc;
	rc = tap_lanes_use(p, 1);
	if (rc)
		return error_set(e, rc, "TAP %s: its queues: %s", name,
				 strerror(-rc));
	return interface_up(name, e);
}

struct net_port *net_tap_open(const char *name, unsigned int lanes,
			      struct error *e)
{
	struct tap *t;

	if (!lanes || lanes > NET_LANES_MAX) {
		error_set(e, -EINVAL, "a TAP has 1 to %u lanes, not %u",
			  NET_LANES_MAX, lanes);
		return NULL;
	}
	t = calloc(1, sizeof(*t) + lanes * sizeof(t->lane[0]));
	if (!t) {
		error_set(e, -ENOMEM, "out of memory for a TAP");
		return NULL;
	}
	t->used = lanes;
	t->port = (struct net_port){
		.send = tap_send, .waiting = tap_waiting,
		.receive = tap_receive, .fd_clear = tap_clear,
		.lanes_use = tap_lanes_use, .close = tap_close,
		.lanes = lanes, .fd = { -1, -1, -1, -1 },
		.mac = { 0x02, 'V', 'M', 'G', 1, 0 },
	};
	if (!tap_make(&t->port, name, e))
		return &t->port;
	tap_close(&t->port);
	return NULL;
}
