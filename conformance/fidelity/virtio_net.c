/*
 * A virtio network device keeps to its standard, whoever made it: its address,
 * its header, and frames that come as they were sent, in their order, by every
 * form of ring.
 */
#include "virtio_network.h"

#define NET_PROBE(id, ...)						\
	PROBE(id, .rings = RING3, .needs = NEED_NETWORK | NEED_SCRATCH,	\
	      .prepare = HOST(net_prepare), __VA_ARGS__)

static struct virtio_net net;

__guest bool net_open(uint64_t features)
{
	return pairs_open(&net, 1, features, 0);
}

NET_PROBE(address_is_one_stations_own,
	.rule = "The device offers VIRTIO_NET_F_MAC and an address that is no group's and not zero",
	.cite = "VIRTIO 1.2, 5.1.4 Device configuration layout",
	.control = "a group's address is caught")
{
	uint32_t sum = 0;

	if (!net_open(0))
		return;
	CHECK_EQ(VIRTIO_NET_F_MAC, net.device.features & VIRTIO_NET_F_MAC);
	for (int i = 0; i < 6; i++)
		sum += net.mac[i];
	CHECK_NE(0, sum);
	CHECK_EQ(0, net.mac[0] & 1);
}

NET_PROBE(frames_come_as_they_were_sent,
	.rule = "Frames of every size up to the MTU come whole, in their order, by every form of ring",
	.cite = "VIRTIO 1.2, 5.1.6 Device Operation",
	.control = "one byte that is changed on the way is caught")
{
	static const uint32_t sizes[] = { 14, 15, 60, 64, 1000, 1514, 9014 };
	uint32_t frame = 0;
	bool right = true;

	for (int f = 0; f < FORMS && right; f++) {
		if (!net_open(form_of(f)))
			return;
		for (uint32_t i = 0; i < 5 * 7 && right; i++, frame++) {
			frame_send(&net, frame, sizes[i % 7]);
			right = frame_is(&net, frame, sizes[i % 7]) &&
				frame_gone(&net);
		}
	}
	CHECK(right);
}

NET_PROBE(order_is_kept_when_many_are_under_way,
	.rule = "Frames that are sent at once come one after the other as they were sent",
	.cite = "VIRTIO 1.2, 5.1.6 Device Operation",
	.control = "one byte that is changed on the way is caught")
{
	uint32_t frame = 0;
	bool right = true;

	for (int f = 0; f < FORMS && right; f++) {
		if (!net_open(form_of(f)))
			return;
		for (uint32_t i = 0; i < 20 && right; i++) {
			for (uint32_t j = 0; j < SLOTS; j++)
				frame_send(&net, frame + j, 100 + j);
			for (uint32_t j = 0; j < SLOTS; j++, frame++)
				right = right && frame_is(&net, frame, 100 + j) &&
					frame_gone(&net);
		}
	}
	CHECK(right);
}

NET_PROBE(header_says_one_buffer,
	.rule = "Without VIRTIO_NET_F_MRG_RXBUF, num_buffers is 1 and no offload is claimed",
	.cite = "VIRTIO 1.2, 5.1.6.4.1 Device Requirements: Processing of Incoming Packets",
	.control = "a length that leaves the header out is caught")
{
	struct virtio_net_header h;
	uint32_t bytes;
	int slot;

	if (!net_open(0))
		return;
	frame_send(&net, 0, 64);
	slot = frame_wait(&net, &bytes);
	CHECK(slot >= 0);
	if (slot < 0)
		return;
	h = *(struct virtio_net_header *)net.area->slot[VIRTIO_NET_RX][slot];
	CHECK_EQ(64, bytes);
	CHECK_EQ(1, h.num_buffers);
	CHECK_EQ(0, h.gso_type | h.flags);
}

/* Of a device that says how long a frame may be, as the built-in VMM's. */
PROBE(what_is_no_frame_is_given_back,
	.rings = RING3,
	.needs = NEED_VMM | NEED_SCRATCH,
	.prepare = HOST(net_prepare),
	.rule = "A packet shorter than its addresses or longer than the MTU is used and not sent; the "
		"next one is",
	.cite = "VIRTIO 1.2, 5.1.6.2 Packet Transmission",
	.control = "a frame too many is caught")
{
	if (!net_open(0))
		return;
	frame_send(&net, 0, 13);
	CHECK_EQ(true, frame_gone(&net));
	frame_send(&net, 1, 9015);
	CHECK_EQ(true, frame_gone(&net));
	frame_send(&net, 2, 64);
	CHECK_EQ(true, frame_gone(&net));
	CHECK_EQ(true, frame_is(&net, 2, 64));
	frame_send(&net, 3, 65);
	CHECK_EQ(true, frame_is(&net, 3, 65));
}
