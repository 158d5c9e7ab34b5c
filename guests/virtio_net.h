/*
 * The driver of a network device: slots of one frame each, to send and to
 * receive, in one pair of queues or in several, each driven by itself; or of a
 * part of a frame each, where received buffers are merged. It polls, at any
 * CPL. Source: VIRTIO 1.2, 5.1.
 */
#ifndef VMGAUGE_VIRTIO_NET_H
#define VMGAUGE_VIRTIO_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "virtio_bus.h"

#define NET_SLOT_BYTES	10240u		/* header, and the longest frame */
#define NET_SLOTS_MAX	128u

#define NET_COMMAND_QUEUE_SIZE	2u

/* In guest memory that the device reaches, aligned to a page; a pair's. */
struct virtio_net_area {
	_Alignas(4096) struct virtio_ring_area ring[2];
	struct virtio_ring_area command_ring;	/* the first pair's is used */
	struct virtio_net_command command;
	uint8_t answer;
	_Alignas(4096) uint8_t slot[2][NET_SLOTS_MAX][NET_SLOT_BYTES];
};

/* A pair of it. */
struct virtio_net {
	struct virtio_bus device;
	uint16_t pair, pairs_most;	/* its number; how many there are */
	struct virtio_ring ring[2];	/* VIRTIO_NET_RX, VIRTIO_NET_TX */
	struct virtio_ring command;	/* the first pair's, of several */
	struct virtio_net_area *area;
	uint16_t slots;			/* of each queue */
	uint32_t receive_bytes;		/* of a slot, the header's among them */
	uint8_t mac[6];
};

struct virtio_net_setup {
	uint64_t gpa;			/* of the registers */
	struct virtio_net_area *area;	/* one for each pair */
	uint16_t slots, queue_size;	/* of each queue */
	uint32_t receive_bytes;		/* of a slot; 0: NET_SLOT_BYTES */
	uint64_t features;		/* wanted, beside VERSION_1 and MAC */
};

/* Up to DRIVER_OK, with all slots waiting for frames. NULL, or why not. */
const char *virtio_net_open(struct virtio_net *n,
			    const struct virtio_net_setup *setup);

/*
 * The same for the first so many pairs, of which each gets one of `n`; only
 * the first is used until virtio_net_pairs_set().
 */
const char *virtio_net_open_pairs(struct virtio_net *n, uint16_t pairs,
				  const struct virtio_net_setup *setup);

/* A command to the device of several pairs: its answer; -1: none came. */
int virtio_net_command(struct virtio_net *first, uint8_t class,
		       uint8_t command, uint16_t value);
/* So many pairs are used from now on. */
int virtio_net_pairs_set(struct virtio_net *first, uint16_t pairs);

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

/*
 * With VIRTIO_NET_F_MRG_RXBUF: a frame in the slots that it fills, the header
 * in front of the first one's. How many they are; 0: no frame; -1: they are
 * not as the standard has it, and `slot` holds those that there are.
 */
#define NET_PARTS_MAX		64u

struct virtio_net_parts {
	uint16_t slots;
	uint16_t slot[NET_PARTS_MAX];
	uint32_t bytes[NET_PARTS_MAX];	/* the header among the first's */
};

int virtio_net_receive_parts(struct virtio_net *n, struct virtio_net_parts *p);

/* That slot may receive again; virtio_net_kick() tells of all. */
void virtio_net_repost(struct virtio_net *n, uint32_t slot);

#endif
