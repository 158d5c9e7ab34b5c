/*
 * The guest's half of network benches over several pairs of queues, or into
 * merged buffers; all of it at CPL3. One vCPU drives all pairs.
 *
 * Each pair has a flow of its own, whose frames must come back to it, one
 * after the other. Where a row is about more than time, each byte of a frame
 * is one that no other frame has there.
 */
#ifndef VMGAUGE_IO_NET_LANES_H
#define VMGAUGE_IO_NET_LANES_H

#include "virtio_net.h"

#define LANE_SLOTS	64u
#define LANE_DEPTH	8u		/* of each pair */
#define LANE_LEAST	64u		/* bytes of a frame */
#define LANE_MOST	9014u
#define LANE_ROOM	2048u		/* of a buffer that is merged */

struct lane_frame {
	uint8_t to[6], from[6];
	uint16_t type;			/* for local experiments: 0x88b5 */
	uint32_t bytes;
	uint64_t number;
} __attribute__((packed));

#define LANE_HEAD	((uint32_t)sizeof(struct lane_frame))

struct lanes_load {
	uint16_t pairs;
	uint32_t bytes;			/* of a frame; 0: any */
	uint32_t frames;		/* of a run, of all pairs */
	uint64_t features;
	bool checked;			/* each byte of them */
};

static struct {
	struct lanes_load load;
	struct virtio_net net[VIRTIO_NET_PAIRS_MAX];
	uint64_t sent[VIRTIO_NET_PAIRS_MAX], gone[VIRTIO_NET_PAIRS_MAX];
	uint64_t came[VIRTIO_NET_PAIRS_MAX];
	uint64_t dice;
	const char *why;		/* it cannot be */
} lanes;

__guest uint8_t lane_byte(uint32_t lane, uint64_t number, uint32_t at)
{
	return (uint8_t)(number * 7 + lane * 61 + at * 3 + (at >> 8) * 5);
}

__guest uint32_t lane_bytes_next(void)
{
	if (lanes.load.bytes)
		return lanes.load.bytes;
	lanes.dice = lanes.dice * 6364136223846793005ull +
		     1442695040888963407ull;
	/* One of eight is as long as any can be. */
	return lanes.dice >> 61 ? LANE_LEAST + (lanes.dice >> 33) % 1451 :
	       LANE_LEAST + (lanes.dice >> 33) % (LANE_MOST - LANE_LEAST + 1);
}

/* The next frame of that pair's flow; the caller kicks. */
__guest void lane_send(uint32_t lane)
{
	struct virtio_net *n = &lanes.net[lane];
	uint32_t slot = (uint32_t)(lanes.sent[lane] % LANE_SLOTS);
	volatile uint8_t *at = virtio_net_frame(n, VIRTIO_NET_TX, slot);
	volatile struct lane_frame *f = (volatile struct lane_frame *)at;
	uint32_t bytes = lane_bytes_next();

	do {
		while (virtio_net_sent(n) >= 0)
			lanes.gone[lane]++;
	} while (lanes.sent[lane] - lanes.gone[lane] == LANE_SLOTS);
	for (uint32_t i = 0; i < 6; i++)
		f->to[i] = f->from[i] = n->mac[i];
	f->to[5] = (uint8_t)lane;
	f->type = 0xb588;
	f->bytes = bytes;
	f->number = lanes.sent[lane]++;
	for (uint32_t i = LANE_HEAD; lanes.load.checked && i < bytes; i++)
		at[i] = lane_byte(lane, f->number, i);
	virtio_net_send(n, slot, bytes);
}

__guest void lane_wrong(void)
{
	guest_panic("a frame came that is not the next one of its flow");
}

/* A part of a frame, from byte `at` of it on. */
__guest void part_check(uint32_t lane, const volatile uint8_t *from,
			uint32_t at, uint32_t bytes)
{
	uint64_t number = lanes.came[lane];
	uint32_t wrong = 0;

	for (uint32_t i = at < LANE_HEAD ? LANE_HEAD - at : 0; i < bytes; i++)
		wrong += from[i] != lane_byte(lane, number, at + i);
	if (wrong)
		guest_panic("a frame came that is not what was sent");
}

/* All of a frame is in these; its buffers may receive again. */
__guest void parts_take(uint32_t lane, const struct virtio_net_parts *p)
{
	const uint32_t header = sizeof(struct virtio_net_header);
	struct virtio_net *n = &lanes.net[lane];
	const volatile struct lane_frame *f =
		(const volatile struct lane_frame *)
		virtio_net_frame(n, VIRTIO_NET_RX, p->slot[0]);
	uint32_t want = f->bytes, at = 0;

	if (f->number != lanes.came[lane] || f->to[5] != lane)
		lane_wrong();
	for (uint32_t i = 0; i < p->slots; i++) {
		uint32_t skip = i ? 0 : header, bytes = p->bytes[i] - skip;

		if (lanes.load.checked)
			part_check(lane, n->area->slot[VIRTIO_NET_RX]
				   [p->slot[i]] + skip, at, bytes);
		at += bytes;
		virtio_net_repost(n, p->slot[i]);
	}
	if (at != want)
		guest_panic("a frame came that is not as long as it was sent");
	lanes.came[lane]++;
	virtio_net_kick(n, VIRTIO_NET_RX);
}

/* The next frame of that pair, if there is one. */
__guest bool lane_receive(uint32_t lane)
{
	struct virtio_net *n = &lanes.net[lane];
	struct virtio_net_parts p;
	int rc;

	if (n->device.features & VIRTIO_NET_F_MRG_RXBUF) {
		rc = virtio_net_receive_parts(n, &p);
		if (rc < 0)
			guest_panic("merged buffers are not as they should be");
		if (!rc)
			return false;
	} else {
		rc = virtio_net_receive(n, &p.bytes[0]);
		if (rc < 0)
			return false;
		p.slots = 1;
		p.slot[0] = (uint16_t)rc;
		p.bytes[0] += (uint32_t)sizeof(struct virtio_net_header);
	}
	parts_take(lane, &p);
	return true;
}

/* As many frames by each pair, some of each under way, until all came back. */
__guest void lanes_op(void)
{
	uint32_t pairs = lanes.load.pairs, got = 0;
	uint64_t until = lanes.sent[0] + lanes.load.frames / pairs;

	for (uint32_t i = 0; i < pairs; i++) {
		for (uint32_t j = 0; j < LANE_DEPTH; j++)
			lane_send(i);
		virtio_net_kick(&lanes.net[i], VIRTIO_NET_TX);
	}
	while (got < lanes.load.frames)
		for (uint32_t i = 0; i < pairs; i++) {
			if (!lane_receive(i))
				continue;
			got++;
			if (lanes.sent[i] == until)
				continue;
			lane_send(i);
			virtio_net_kick(&lanes.net[i], VIRTIO_NET_TX);
		}
}

__guest void lanes_open(void)
{
	const struct lanes_load *l = &lanes.load;
	const struct virtio_net_setup setup = {
		.gpa = VIRTIO_MMIO_GPA,
		.area = (struct virtio_net_area *)ABI_SCRATCH_GPA,
		.slots = LANE_SLOTS, .queue_size = LANE_SLOTS,
		.receive_bytes = l->features & VIRTIO_NET_F_MRG_RXBUF ?
				 LANE_ROOM : 0,
		.features = l->features,
	};

	lanes.why = virtio_net_open_pairs(lanes.net, l->pairs, &setup);
	if (!lanes.why && l->pairs > 1 &&
	    virtio_net_pairs_set(lanes.net, l->pairs) != VIRTIO_NET_OK)
		lanes.why = "the network device does not use so many pairs";
	if (!lanes.why && l->features & ~lanes.net[0].device.features)
		lanes.why = "the network device lacks a feature";
}

/* At CPL0. */
__guest void lanes_setup(const struct lanes_load *load)
{
	lanes.load = *load;
	lanes.dice = mailbox->seed;
	ring3_call(lanes_open);
	if (lanes.why)
		verdict_set(ABI_ERROR, lanes.why);
}

#endif
