/*
 * Where a virtio network device's frames come from and go to.
 *
 * A hub joins devices of VMs in this process, each at a port of its own; with
 * one port that loops, all that a device sends comes back to it. A TAP is the
 * host's network. Frames are Ethernet's, without preamble and check sequence;
 * one that finds its receiver full is dropped and counted, as on a wire.
 *
 * A port has as many lanes as its device has pairs of queues. What comes is in
 * the lane that its flow (net_flow.h) was sent by last, of those in use.
 */
#ifndef VMGAUGE_KVM_VIRTIO_NET_PORT_H
#define VMGAUGE_KVM_VIRTIO_NET_PORT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "error.h"
#include "virtio.h"

#define NET_MTU_MAX	9000u
#define NET_FRAME_MIN	14u
#define NET_FRAME_MAX	(NET_FRAME_MIN + NET_MTU_MAX)
#define NET_PORTS_MAX	16u
#define NET_LANES_MAX	VIRTIO_NET_PAIRS_MAX

/*
 * One device's way out and in: of each lane, send() on one thread, and on
 * another one waiting(), receive() and fd_clear().
 */
struct net_port {
	/* 0, or -errno: it was dropped. */
	int (*send)(struct net_port *p, unsigned int lane,
		    const struct iovec *part, unsigned int parts, size_t bytes);
	/* Bytes of the next frame, which stays; -EAGAIN: none. */
	ssize_t (*waiting)(struct net_port *p, unsigned int lane);
	/* Bytes of the next frame; -EAGAIN: none; -EMSGSIZE: dropped. */
	ssize_t (*receive)(struct net_port *p, unsigned int lane,
			   const struct iovec *part, unsigned int parts);
	/* `fd` told what it had to. */
	void (*fd_clear)(struct net_port *p, unsigned int lane);
	/*
	 * So many lanes are used from now on, by others than send(); those
	 * behind have no frames any more. On any thread. 0 or -errno.
	 */
	int (*lanes_use)(struct net_port *p, unsigned int lanes);
	void (*close)(struct net_port *p);	/* and frees it */
	unsigned int lanes;
	int fd[NET_LANES_MAX];			/* readable: there is a frame */
	uint8_t mac[6];
};

struct net_hub;

/* A hub lives until it was put down and all of its ports are closed. */
struct net_hub *net_hub_create(bool loops, struct error *e);
void net_hub_put(struct net_hub *hub);
/* NULL with the reason. Ports are numbered as they are opened. */
struct net_port *net_hub_port(struct net_hub *hub, unsigned int lanes,
			      struct error *e);
/* Frames that found a full port. */
uint64_t net_hub_dropped(struct net_hub *hub);

/*
 * A TAP of that name, made and up, with this address for the guest. -EPERM and
 * -ENOENT say what the host does not allow or have.
 */
struct net_port *net_tap_open(const char *name, unsigned int lanes,
			      struct error *e);

#endif
