/*
 * The host's network by a TAP; see net_port.h. No offload is asked of it, so
 * that frames are the wire's own and have no header that one could believe.
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

static int tap_send(struct net_port *p, const struct iovec *part,
		    unsigned int parts, size_t bytes)
{
	ssize_t n = writev(p->fd, part, (int)parts);

	if (n < 0)
		return -errno;
	return (size_t)n == bytes ? 0 : -EIO;
}

static ssize_t tap_receive(struct net_port *p, const struct iovec *part,
			   unsigned int parts)
{
	ssize_t n = readv(p->fd, part, (int)parts);

	return n < 0 ? -errno : n;
}

static void tap_clear(struct net_port *p)
{
	(void)p;			/* reading its frames does */
}

static void tap_close(struct net_port *p)
{
	if (p->fd >= 0)
		close(p->fd);		/* the interface goes with it */
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

static int tap_make(struct net_port *p, const char *name, struct error *e)
{
	struct ifreq r = { .ifr_flags = IFF_TAP | IFF_NO_PI };

	p->fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (p->fd < 0)
		return error_set(e, -errno, "/dev/net/tun: %s: load tun, or "
				 "ask for access", strerror(errno));
	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	if (ioctl(p->fd, TUNSETIFF, &r))
		return error_set(e, -errno, "TAP %s: %s: needs CAP_NET_ADMIN",
				 name, strerror(errno));
	return interface_up(name, e);
}

struct net_port *net_tap_open(const char *name, struct error *e)
{
	struct net_port *p = malloc(sizeof(*p));

	if (!p) {
		error_set(e, -ENOMEM, "out of memory for a TAP");
		return NULL;
	}
	*p = (struct net_port){
		.send = tap_send, .receive = tap_receive,
		.fd_clear = tap_clear, .close = tap_close, .fd = -1,
		.mac = { 0x02, 'V', 'M', 'G', 1, 0 },
	};
	if (!tap_make(p, name, e))
		return p;
	tap_close(p);
	return NULL;
}
