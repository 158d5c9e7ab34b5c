/*
 * Which frames belong together, whichever way they go: those between the same
 * two stations, and of IP between the same two addresses and ports.
 *
 * A number of 32 bits stands for a flow. Two flows may have the same one, and
 * share their queue then; one flow never has two, unless its packets come in
 * fragments, of which only the first knows its ports: those go by addresses.
 */
#ifndef VMGAUGE_KVM_VIRTIO_NET_FLOW_H
#define VMGAUGE_KVM_VIRTIO_NET_FLOW_H

#include <stddef.h>
#include <stdint.h>

#define NET_FLOW_BYTES	80u	/* of a frame's beginning, all that is read */

uint32_t net_flow(const uint8_t *frame, size_t bytes);

#endif
