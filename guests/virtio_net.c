/*
 * The driver of a network device; see virtio_net.h.
 */
#include "guest.h"
#include "virtio_net.h"

const char *virtio_net_open(struct virtio_net *n,
			    const struct virtio_net_setup *s)
{
	const char *why = virtio_bus_open(&n->device, s->gpa, VIRTIO_ID_NET,
					   s->features | VIRTIO_NET_F_MAC);

	if (why)
		return why;
	n->area = s->area;
	n->slots = s->slots;
	if (s->slots > s->queue_size || s->slots > NET_SLOTS_MAX)
		return "the queue is too short for so many frames";
	for (unsigned int i = 0; i < sizeof(n->mac); i++)
		n->mac[i] = (uint8_t)(virtio_bus_config(&n->device, i & ~3u) >>
				      (i & 3) * 8);
	for (unsigned int i = 0; i < 2; i++) {
		virtq_ring_init(&n->ring[i], &n->area->ring[i], s->queue_size,
				1, n->device.features, false);
		if (!virtio_bus_queue(&n->device, i, &n->ring[i]))
			return "the virtio device does not take a queue";
	}
	virtio_bus_go(&n->device);
	for (uint32_t i = 0; i < n->slots; i++)
		virtio_net_repost(n, i);
	virtio_net_kick(n, VIRTIO_NET_RX);
	return NULL;
}

void virtio_net_send(struct virtio_net *n, uint32_t slot, uint32_t bytes)
{
	const struct virtio_buffer b = {
		.gpa = (uint64_t)n->area->slot[VIRTIO_NET_TX][slot],
		.bytes = (uint32_t)sizeof(struct virtio_net_header) + bytes,
	};

	*(volatile struct virtio_net_header *)b.gpa =
		(struct virtio_net_header){ .flags = 0 };
	virtq_ring_add(&n->ring[VIRTIO_NET_TX], (uint16_t)slot, &b, 1, NULL);
}

void virtio_net_kick(struct virtio_net *n, int queue)
{
	if (virtq_ring_kick_due(&n->ring[queue]))
		virtio_bus_kick(&n->device, (uint32_t)queue);
}

int virtio_net_sent(struct virtio_net *n)
{
	struct virtio_done done;

	if (!virtq_ring_take(&n->ring[VIRTIO_NET_TX], &done))
		return -1;
	if (done.slot >= n->slots)
		guest_panic("the device sent what was not asked");
	return (int)done.slot;
}

int virtio_net_receive(struct virtio_net *n, uint32_t *bytes)
{
	struct virtio_done done;

	if (!virtq_ring_take(&n->ring[VIRTIO_NET_RX], &done))
		return -1;
	if (done.slot >= n->slots || done.len > NET_SLOT_BYTES ||
	    done.len < sizeof(struct virtio_net_header))
		guest_panic("the device received what cannot be");
	*bytes = done.len - (uint32_t)sizeof(struct virtio_net_header);
	return (int)done.slot;
}

void virtio_net_repost(struct virtio_net *n, uint32_t slot)
{
	const struct virtio_buffer b = {
		.gpa = (uint64_t)n->area->slot[VIRTIO_NET_RX][slot],
		.bytes = NET_SLOT_BYTES, .write = true,
	};

	virtq_ring_add(&n->ring[VIRTIO_NET_RX], (uint16_t)slot, &b, 1, NULL);
}
