/*
 * The driver of a network device; see virtio_net.h.
 */
#include "guest.h"
#include "virtio_net.h"

static const char *queue_open(struct virtio_net *n, unsigned int i,
			      uint16_t queue_size)
{
	virtq_ring_init(&n->ring[i], &n->area->ring[i], queue_size, 1,
			n->device.features, false);
	return virtio_bus_queue(&n->device, 2u * n->pair + i, &n->ring[i]) ?
	       NULL : "the virtio device does not take a queue";
}

static const char *pair_open(struct virtio_net *n, uint16_t pair,
			     const struct virtio_net_setup *s)
{
	const char *why;

	n->pair = pair;
	n->area = s->area + pair;
	n->slots = s->slots;
	n->receive_bytes = s->receive_bytes ? s->receive_bytes : NET_SLOT_BYTES;
	if (s->slots > s->queue_size || s->slots > NET_SLOTS_MAX)
		return "the queue is too short for so many frames";
	for (unsigned int i = 0; i < sizeof(n->mac); i++)
		n->mac[i] = (uint8_t)(virtio_bus_config(&n->device, i & ~3u) >>
				      (i & 3) * 8);
	why = queue_open(n, VIRTIO_NET_RX, s->queue_size);
	return why ? why : queue_open(n, VIRTIO_NET_TX, s->queue_size);
}

/* Behind all pairs that the device has. */
static const char *commands_open(struct virtio_net *n)
{
	virtq_ring_init(&n->command, &n->area->command_ring,
			NET_COMMAND_QUEUE_SIZE, 2, n->device.features, false);
	return virtio_bus_queue(&n->device, 2u * n->pairs_most, &n->command) ?
	       NULL : "the network device takes no commands";
}

static void buffers_post(struct virtio_net *n)
{
	for (uint32_t i = 0; i < n->slots; i++)
		virtio_net_repost(n, i);
	virtio_net_kick(n, VIRTIO_NET_RX);
}

const char *virtio_net_open_pairs(struct virtio_net *n, uint16_t pairs,
				  const struct virtio_net_setup *s)
{
	const uint64_t several = pairs > 1 ? VIRTIO_NET_F_MQ |
					     VIRTIO_NET_F_CTRL_VQ : 0;
	const char *why = virtio_bus_open(&n->device, s->gpa, VIRTIO_ID_NET,
					   s->features | several |
					   VIRTIO_NET_F_MAC);

	if (why)
		return why;
	n->pairs_most = n->device.features & VIRTIO_NET_F_MQ ?
			(uint16_t)virtio_bus_config(&n->device, 8) : 1;
	if (pairs > n->pairs_most)
		return "the network device has fewer pairs of queues";
	for (uint16_t i = 0; i < pairs && !why; i++) {
		n[i].device = n->device;
		n[i].pairs_most = n->pairs_most;
		why = pair_open(&n[i], i, s);
	}
	if (!why && several)
		why = commands_open(n);
	if (why)
		return why;
	virtio_bus_go(&n->device);
	for (uint16_t i = 0; i < pairs; i++)
		buffers_post(&n[i]);
	return NULL;
}

const char *virtio_net_open(struct virtio_net *n,
			    const struct virtio_net_setup *s)
{
	return virtio_net_open_pairs(n, 1, s);
}

int virtio_net_command(struct virtio_net *n, uint8_t class, uint8_t command,
		       uint16_t value)
{
	const struct virtio_buffer part[2] = {
		{ .gpa = (uint64_t)&n->area->command,
		  .bytes = sizeof(n->area->command) },
		{ .gpa = (uint64_t)&n->area->answer, .bytes = 1, .write = true },
	};
	struct virtio_wait wait = virtio_wait_begin();
	struct virtio_done done;

	*(volatile struct virtio_net_command *)&n->area->command =
		(struct virtio_net_command){ class, command, value };
	*(volatile uint8_t *)&n->area->answer = 0xff;
	virtq_ring_add(&n->command, 0, part, 2, NULL);
	if (virtq_ring_kick_due(&n->command))
		virtio_bus_kick(&n->device, 2u * n->pairs_most);
	while (!virtq_ring_take(&n->command, &done))
		if (!virtio_wait_on(&n->device, &wait))
			return -1;
	return *(volatile uint8_t *)&n->area->answer;
}

int virtio_net_pairs_set(struct virtio_net *n, uint16_t pairs)
{
	return virtio_net_command(n, VIRTIO_NET_CTRL_MQ,
				  VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, pairs);
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
		virtio_bus_kick(&n->device, 2u * n->pair + (uint32_t)queue);
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
	if (done.slot >= n->slots || done.len > n->receive_bytes ||
	    done.len < sizeof(struct virtio_net_header))
		guest_panic("the device received what cannot be");
	*bytes = done.len - (uint32_t)sizeof(struct virtio_net_header);
	return (int)done.slot;
}

void virtio_net_repost(struct virtio_net *n, uint32_t slot)
{
	const struct virtio_buffer b = {
		.gpa = (uint64_t)n->area->slot[VIRTIO_NET_RX][slot],
		.bytes = n->receive_bytes, .write = true,
	};

	virtq_ring_add(&n->ring[VIRTIO_NET_RX], (uint16_t)slot, &b, 1, NULL);
}

/* One of a frame's; false: it has not come, or is none that was waiting. */
static bool part_take(struct virtio_net *n, struct virtio_net_parts *p)
{
	struct virtio_done done;

	if (!virtq_ring_take(&n->ring[VIRTIO_NET_RX], &done))
		return false;
	if (done.slot >= n->slots || done.len > n->receive_bytes)
		guest_panic("the device received what cannot be");
	p->slot[p->slots] = (uint16_t)done.slot;
	p->bytes[p->slots++] = done.len;
	return true;
}

int virtio_net_receive_parts(struct virtio_net *n, struct virtio_net_parts *p)
{
	const volatile struct virtio_net_header *h;
	uint16_t buffers;

	p->slots = 0;
	if (!part_take(n, p))
		return 0;
	h = (const volatile struct virtio_net_header *)
	    n->area->slot[VIRTIO_NET_RX][p->slot[0]];
	buffers = h->num_buffers;
	if (p->bytes[0] < sizeof(*h) || !buffers || buffers > NET_PARTS_MAX)
		return -1;
	while (p->slots < buffers)
		if (p->bytes[p->slots - 1] != n->receive_bytes ||
		    !part_take(n, p))
			return -1;
	return buffers;
}
