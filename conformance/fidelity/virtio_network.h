/*
 * What the probes of virtio networks share: the built-in VMM's device at a hub
 * that gives each frame back, or QEMU's at a socket that does; its driver, and
 * what frames hold.
 *
 * The driver runs at CPL3, where every KVM lets the CPU itself run.
 */
#ifndef VMGAUGE_FIDELITY_VIRTIO_NETWORK_H
#define VMGAUGE_FIDELITY_VIRTIO_NETWORK_H

#include "item_host.h"
#include "kvm/virtio/mmio.h"
#include "kvm/virtio/net.h"
#include "suite.h"
#include "virtio_net.h"

#define SLOTS		8u
#define FORMS		3
#define ALL_FORMS	(VIRTIO_F_RING_PACKED | VIRTIO_F_EVENT_IDX)

__host void net_plug(struct item_host *h, unsigned int pairs)
{
	const struct virtio_plug plug = { .pu = h->bystander_pu };
	struct error e = { "" };
	struct net_hub *hub = net_hub_create(true, &e);
	struct net_port *port = hub ? net_hub_port(hub, pairs, &e) : NULL;
	struct virtio_device *d = port ? virtio_net_create(port, &e) : NULL;

	net_hub_put(hub);
	h->opaque = d;
	if (!d || virtio_mmio_attach(d, h->vm, VIRTIO_MMIO_GPA, &plug, &e)) {
		h->opaque = NULL;
		host_verdict(h, ABI_ERROR, e.text);
	}
}

__host void net_prepare(struct item_host *h)
{
	net_plug(h, 1);
}

/* Somebody's network is left alone. */
__guest bool net_is_ours(void)
{
	struct virtio_bus d = { .gpa = virtio_bus_find(VIRTIO_ID_NET) };

	if (!d.gpa || virtio_bus_open(&d, d.gpa, VIRTIO_ID_NET,
				      VIRTIO_NET_F_MAC)) {
		SKIP("there is no modern virtio network device");
		return false;
	}
	if (bell_heard || virtio_bus_config(&d, 0) == LOAD_MAC_WORD)
		return true;
	SKIP("the virtio network device does not say that it is vmgauge's");
	return false;
}

/* Fails its check when it cannot. */
__guest bool pairs_open(struct virtio_net *net, uint16_t pairs,
			uint64_t features, uint32_t receive_bytes)
{
	const struct virtio_net_setup setup = {
		.gpa = virtio_bus_find(VIRTIO_ID_NET),
		.area = (struct virtio_net_area *)ABI_SCRATCH_GPA,
		.slots = receive_bytes ? NET_SLOTS_MAX : SLOTS,
		.queue_size = receive_bytes ? NET_SLOTS_MAX : SLOTS,
		.receive_bytes = receive_bytes, .features = features,
	};
	const char *why;

	if (!net_is_ours())
		return false;
	why = virtio_net_open_pairs(net, pairs, &setup);
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
__guest void frame_send(struct virtio_net *net, uint32_t frame, uint32_t bytes)
{
	uint32_t slot = frame % SLOTS;
	volatile uint8_t *at = virtio_net_frame(net, VIRTIO_NET_TX, slot);

	for (uint32_t i = 0; i < bytes; i++)
		at[i] = byte_of(frame, i);
	virtio_net_send(net, slot, bytes);
	virtio_net_kick(net, VIRTIO_NET_TX);
}

__guest bool frame_gone(struct virtio_net *net)
{
	struct virtio_wait wait = virtio_wait_begin();

	while (virtio_net_sent(net) < 0)
		if (!virtio_wait_on(&net->device, &wait))
			return false;
	return true;
}

/* The next frame's slot, or -1. */
__guest int frame_wait(struct virtio_net *net, uint32_t *bytes)
{
	struct virtio_wait wait = virtio_wait_begin();
	int slot;

	while ((slot = virtio_net_receive(net, bytes)) < 0)
		if (!virtio_wait_on(&net->device, &wait))
			return -1;
	return slot;
}

/* That it came whole; its slot receives again. */
__guest bool frame_is(struct virtio_net *net, uint32_t frame, uint32_t want)
{
	uint32_t bytes, wrong = 0;
	int slot = frame_wait(net, &bytes);
	const volatile uint8_t *at;

	if (slot < 0 || bytes != want)
		return false;
	at = virtio_net_frame(net, VIRTIO_NET_RX, (uint32_t)slot);
	for (uint32_t i = 0; i < bytes; i++)
		wrong += at[i] != byte_of(frame, i);
	virtio_net_repost(net, (uint32_t)slot);
	virtio_net_kick(net, VIRTIO_NET_RX);
	return !wrong;
}

#endif
