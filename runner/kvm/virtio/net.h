/*
 * The virtio network device: pairs of a queue that receives and one that
 * sends, a queue of commands where there are several, and a port (net_port.h)
 * where frames come from and go to.
 *
 * Nothing is offloaded, and the header of a frame that is sent says nothing
 * that is used; one that is received is zeroes and says how many buffers it
 * fills: one, or with VIRTIO_NET_F_MRG_RXBUF as many as it takes. A frame that
 * is no frame (shorter than its addresses, longer than the MTU) is the
 * driver's loss, and counted, as is one that all the buffers of a queue do not
 * hold; a buffer without room for a header or a command without room for its
 * answer is its error, and the device wants a reset.
 *
 * Of several pairs the first is used until a command says how many are. A
 * flow's frames come to the pair that the driver sent of it by last
 * (net_flow.h). Source: VIRTIO 1.2, 5.1 Network Device.
 */
#ifndef VMGAUGE_KVM_VIRTIO_NET_H
#define VMGAUGE_KVM_VIRTIO_NET_H

#include "kvm/virtio/device.h"
#include "kvm/virtio/net_port.h"

/*
 * Of as many pairs as the port has. The port becomes the device's, also on
 * failure: NULL with the reason.
 */
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
