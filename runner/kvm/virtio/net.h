/*
 * The virtio network device: a queue that receives, a queue that sends, and a
 * port (net_port.h) where frames come from and go to.
 *
 * Nothing is offloaded, and the header of a frame that is sent says nothing
 * that is used; one that is received is zeroes and says one buffer. A frame
 * that is no frame (shorter than its addresses, longer than the MTU) is the
 * driver's loss, and counted; a buffer without room for a header is its error,
 * and the device wants a reset.
 *
 * Source: VIRTIO 1.2, 5.1 Network Device.
 */
#ifndef VMGAUGE_KVM_VIRTIO_NET_H
#define VMGAUGE_KVM_VIRTIO_NET_H

#include "kvm/virtio/device.h"
#include "kvm/virtio/net_port.h"

/* The port becomes the device's, also on failure: NULL with the reason. */
struct virtio_device *virtio_net_create(struct net_port *port,
					struct error *e);

/* Since it was made; all of them were given back to the driver. */
struct net_counts {
	uint64_t sent, received;
	uint64_t refused;		/* sent, and no frames */
	uint64_t dropped;		/* by the port, either way */
};

void virtio_net_counts(const struct virtio_device *d, struct net_counts *c);

/* The device's own. */
struct net_port *virtio_net_port(const struct virtio_device *d);

#endif
