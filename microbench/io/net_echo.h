/*
 * A station at the other end of a TAP: a thread that takes the bench's frames
 * from the host's interface and sends each of them back by it.
 */
#ifndef VMGAUGE_IO_NET_ECHO_H
#define VMGAUGE_IO_NET_ECHO_H

#include <endian.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "error.h"
#include "kvm/virtio/net_port.h"

#define ECHO_TYPE	0x88b5		/* for local experiments; the bench's */
#define ECHO_LOOK_US	20000		/* between looks at whether it is over */

struct echo {
	pthread_t thread;
	int fd;
	bool started;
	atomic_bool over;
};

__host void *echo_main(void *opaque)
{
	static __thread char frame[NET_FRAME_MAX];
	struct echo *echo = opaque;

	while (!atomic_load(&echo->over)) {
		ssize_t n = recv(echo->fd, frame, sizeof(frame), 0);

		/* One that is lost is missed by who sent it. */
		if (n > 0 && send(echo->fd, frame, (size_t)n, 0) < 0)
			continue;
	}
	return NULL;
}

/* At the interface of that name. */
__host int echo_start(struct echo *echo, const char *name, struct error *e)
{
	const struct timeval look = { .tv_usec = ECHO_LOOK_US };
	const struct sockaddr_ll at = {
		.sll_family = AF_PACKET, .sll_protocol = htobe16(ECHO_TYPE),
		.sll_ifindex = (int)if_nametoindex(name),
	};
	int rc;

	echo->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC,
			  htobe16(ECHO_TYPE));
	if (echo->fd < 0)
		return error_set(e, -errno, "a packet socket at %s: %s: needs "
				 "CAP_NET_RAW", name, strerror(errno));
	if (setsockopt(echo->fd, SOL_SOCKET, SO_RCVTIMEO, &look, sizeof(look)) ||
	    bind(echo->fd, (const struct sockaddr *)&at, sizeof(at)))
		rc = errno;
	else
		rc = pthread_create(&echo->thread, NULL, echo_main, echo);
	echo->started = !rc;
	if (!rc)
		return 0;
	close(echo->fd);
	return error_set(e, -rc, "a station at %s: %s", name, strerror(rc));
}

__host void echo_end(struct echo *echo)
{
	if (!echo->started)
		return;
	atomic_store(&echo->over, true);
	pthread_join(echo->thread, NULL);
	close(echo->fd);
	echo->started = false;
}

#endif
