/*
 * The driver of a network device: slots of one frame each, to send and to
 * receive. It polls, at any CPL. Source: VIRTIO 1.2, 5.1.
 */
#ifndef VMGAUGE_VIRTIO_NET_H
#define VMGAUGE_VIRTIO_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "virtio_bus.h"

#define NET_SLOT_BYTES	10240u		/* header, and the longest frame */
#define NET_SLOTS_MAX	128u

/* In guest memory that the device reaches, aligned to a page. */
struct virtio_net_area {
	_Alignas(4096) struct virtio_ring_area ring[2];
	_Alignas(4096) uint8_t slot[2][NET_SLOTS_MAX][NET_SLOT_BYTES];
};

struct virtio_net {
	struct virtio_bus device;
	struct virtio_ring ring[2];	/* VIRTIO_NET_RX, VIRTIO_NET_TX */
	struct virtio_net_area *area;
	uint16_t slots;			/* of each queue */
	uint8_t mac[6];
};

struct virtio_net_setup {
	uint64_t gpa;			/* of the registers */
	struct virtio_net_area *area;
	uint16_t slots, queue_size;
	uint64_t features;		/* wanted, beside VERSION_1 and MAC */
};

/* Up to DRIVER_OK, with all slots waiting for frames. NULL, or why not. */
const char *virtio_net_open(struct virtio_net *n,
			    const struct virtio_net_setup *setup);

/* Where a slot's frame is, and its header before that. */
static inline uint8_t *virtio_net_frame(const struct virtio_net *n, int queue,
					uint32_t slot)
{
	return n->area->slot[queue][slot] + sizeof(struct virtio_net_header);
}

/* Sends what is in a free slot; virtio_net_kick() tells of all. */
void virtio_net_send(struct virtio_net *n, uint32_t slot, uint32_t bytes);
void virtio_net_kick(struct virtio_net *n, int queue);

/* A slot that was sent and is free again, or -1. */
int virtio_net_sent(struct virtio_net *n);

/* The slot of a frame that came, and its bytes; or -1. */
int virtio_net_receive(struct virtio_net *n, uint32_t *bytes);
/* That slot may receive again; virtio_net_kick() tells of all. */
void virtio_net_repost(struct virtio_net *n, uint32_t slot);

#endif
