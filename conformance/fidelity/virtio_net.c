/*
 * A virtio network device keeps to its standard: its address, its header, and
 * frames that come as they were sent, in their order, by every form of ring.
 *
 * The device is the built-in VMM's, at a hub that gives each frame back.
 */
#include "item_host.h"
#include "kvm/virtio/mmio.h"
#include "kvm/virtio/net.h"
#include "suite.h"
#include "virtio_net.h"

#define SLOTS		8u
#define FORMS		3
#define ALL_FORMS	(VIRTIO_F_RING_PACKED | VIRTIO_F_EVENT_IDX)

__host void net_prepare(struct item_host *h)
{
	const struct virtio_plug plug = { .pu = h->bystander_pu };
	struct error e = { "" };
	struct net_hub *hub = net_hub_create(true, &e);
	struct net_port *port = hub ? net_hub_port(hub, &e) : NULL;
	struct virtio_device *d = port ? virtio_net_create(port, &e) : NULL;

	net_hub_put(hub);
	h->opaque = d;
	if (!d || virtio_mmio_attach(d, h->vm, VIRTIO_MMIO_GPA, &plug, &e)) {
		h->opaque = NULL;
		host_verdict(h, ABI_ERROR, e.text);
	}
}

static struct virtio_net net;

__guest bool net_open(uint64_t features)
{
	const struct virtio_net_setup setup = {
		.gpa = VIRTIO_MMIO_GPA,
		.area = (struct virtio_net_area *)ABI_SCRATCH_GPA,
		.slots = SLOTS, .queue_size = SLOTS, .features = features,
	};
	const char *why = virtio_net_open(&net, &setup);

	CHECK_EQ(0, (uint64_t)why);
	return !why;
}

__guest uint64_t form_of(int i)
{
	return i == 0 ? 0 : i == 1 ? VIRTIO_F_EVENT_IDX : ALL_FORMS;
}

__guest uint8_t byte_of(uint32_t frame, uint32_t at)
{
	return (uint8_t)(frame * 7 + at * 3 + (at >> 8));
}

/* Sends a frame of that number and size from its slot. */
__guest void frame_send(uint32_t frame, uint32_t bytes)
{
	uint32_t slot = frame % SLOTS;
	volatile uint8_t *at = virtio_net_frame(&net, VIRTIO_NET_TX, slot);

	for (uint32_t i = 0; i < bytes; i++)
		at[i] = byte_of(frame, i);
	virtio_net_send(&net, slot, bytes);
	virtio_net_kick(&net, VIRTIO_NET_TX);
}

__guest bool frame_gone(void)
{
	struct virtio_wait wait = virtio_wait_begin();

	while (virtio_net_sent(&net) < 0)
		if (!virtio_wait_on(&net.device, &wait))
			return false;
	return true;
}

/* The next frame's slot, or -1. */
__guest int frame_wait(uint32_t *bytes)
{
	struct virtio_wait wait = virtio_wait_begin();
	int slot;

	while ((slot = virtio_net_receive(&net, bytes)) < 0)
		if (!virtio_wait_on(&net.device, &wait))
			return -1;
	return slot;
}

/* That it came whole; its slot receives again. */
__guest bool frame_is(uint32_t frame, uint32_t want)
{
	uint32_t bytes, wrong = 0;
	int slot = frame_wait(&bytes);
	const volatile uint8_t *at;

	if (slot < 0 || bytes != want)
		return false;
	at = virtio_net_frame(&net, VIRTIO_NET_RX, (uint32_t)slot);
	for (uint32_t i = 0; i < bytes; i++)
		wrong += at[i] != byte_of(frame, i);
	virtio_net_repost(&net, (uint32_t)slot);
	virtio_net_kick(&net, VIRTIO_NET_RX);
	return !wrong;
}

#define NET_PROBE(id, ...)						\
	PROBE(id, .rings = RING3, .needs = NEED_VMM | NEED_SCRATCH,	\
	      .prepare = HOST(net_prepare), __VA_ARGS__)

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
			frame_send(frame, sizes[i % 7]);
			right = frame_is(frame, sizes[i % 7]) && frame_gone();
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
				frame_send(frame + j, 100 + j);
			for (uint32_t j = 0; j < SLOTS; j++, frame++)
				right = right && frame_is(frame, 100 + j) &&
					frame_gone();
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
	frame_send(0, 64);
	slot = frame_wait(&bytes);
	CHECK(slot >= 0);
	if (slot < 0)
		return;
	h = *(struct virtio_net_header *)net.area->slot[VIRTIO_NET_RX][slot];
	CHECK_EQ(64, bytes);
	CHECK_EQ(1, h.num_buffers);
	CHECK_EQ(0, h.gso_type | h.flags);
}

NET_PROBE(what_is_no_frame_is_given_back,
	.rule = "A packet shorter than its addresses or longer than the MTU is used and not sent; the "
		"next one is",
	.cite = "VIRTIO 1.2, 5.1.6.2 Packet Transmission",
	.control = "a frame too many is caught")
{
	if (!net_open(0))
		return;
	frame_send(0, 13);
	CHECK_EQ(true, frame_gone());
	frame_send(1, 9015);
	CHECK_EQ(true, frame_gone());
	frame_send(2, 64);
	CHECK_EQ(true, frame_gone());
	CHECK_EQ(true, frame_is(2, 64));
	frame_send(3, 65);
	CHECK_EQ(true, frame_is(3, 65));
}
