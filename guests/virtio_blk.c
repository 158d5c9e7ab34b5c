/*
 * The driver of a block device; see virtio_blk.h.
 */
#include "guest.h"
#include "virtio_blk.h"

#define NONE		0xff		/* a status that no device writes */
#define BUFFERS		3u		/* header, data, status */

static const char *queue_open(struct virtio_blk *b,
			      const struct virtio_blk_setup *s, uint16_t index)
{
	b->index = index;
	b->area = s->area + index;
	b->buffers = s->buffers + (uint64_t)index * s->slots * s->bytes;
	b->bytes = s->bytes;
	b->slots = s->slots;
	b->failed = 0;
	b->indirect = b->device.features & VIRTIO_F_INDIRECT_DESC;
	if (b->slots * (b->indirect ? 1 : BUFFERS) > s->queue_size)
		return "the queue is too short for so many requests";
	virtq_ring_init(&b->ring, &b->area->ring, s->queue_size,
			b->indirect ? 1 : BUFFERS, b->device.features,
			s->interrupts);
	if (!virtio_bus_queue(&b->device, index, &b->ring))
		return "the virtio device does not take the queue";
	return (const char *)0;
}

const char *virtio_blk_open_queues(struct virtio_blk *b, uint16_t queues,
				   const struct virtio_blk_setup *s)
{
	const char *why = virtio_bus_open(&b->device, s->gpa, VIRTIO_ID_BLOCK,
					   s->features | (queues > 1 ?
					   VIRTIO_BLK_F_MQ : 0));

	if (why)
		return why;
	b->device.vector = s->interrupts ? VIRTIO_VECTOR : 0;
	b->sectors = virtio_bus_config(&b->device, 0) |
		     (uint64_t)virtio_bus_config(&b->device, 4) << 32;
	for (uint16_t i = 0; i < queues && !why; i++) {
		b[i].device = b->device;
		b[i].sectors = b->sectors;
		why = queue_open(&b[i], s, i);
	}
	if (!why)
		virtio_bus_go(&b->device);
	return why;
}

const char *virtio_blk_open(struct virtio_blk *b,
			    const struct virtio_blk_setup *s)
{
	return virtio_blk_open_queues(b, 1, s);
}

void virtio_blk_submit(struct virtio_blk *b, uint16_t slot,
		       enum virtio_blk_type type, uint64_t sector,
		       uint32_t bytes)
{
	struct virtio_buffer part[BUFFERS] = {
		{ .gpa = (uint64_t)&b->area->header[slot],
		  .bytes = sizeof(struct virtio_blk_header) },
		{ .gpa = b->buffers + (uint64_t)slot * b->bytes,
		  .bytes = bytes, .write = type != VIRTIO_BLK_T_OUT },
	};
	unsigned int n = bytes ? 2 : 1;

	b->area->header[slot] = (struct virtio_blk_header){
		.type = type, .sector = sector,
	};
	*(volatile uint8_t *)&b->area->status[slot] = NONE;
	part[n++] = (struct virtio_buffer){
		.gpa = (uint64_t)&b->area->status[slot], .bytes = 1,
		.write = true,
	};
	virtq_ring_add(&b->ring, slot, part, n,
		       b->indirect ? b->area->inner[slot] : NULL);
}

void virtio_blk_kick(struct virtio_blk *b)
{
	if (virtq_ring_kick_due(&b->ring))
		virtio_bus_kick(&b->device, b->index);
}

int virtio_blk_take(struct virtio_blk *b, uint32_t *len)
{
	struct virtio_done done;

	if (!virtq_ring_take(&b->ring, &done))
		return -1;
	*len = done.len;
	if (done.slot >= b->slots)
		guest_panic("the device answers what was not asked");
	if (*(volatile uint8_t *)&b->area->status[done.slot] !=
	    VIRTIO_BLK_S_OK)
		b->failed++;
	return (int)done.slot;
}

int virtio_blk_do(struct virtio_blk *b, enum virtio_blk_type type,
		  uint64_t sector, uint32_t bytes, uint32_t *len)
{
	struct virtio_wait wait = virtio_wait_begin();

	virtio_blk_submit(b, 0, type, sector, bytes);
	virtio_blk_kick(b);
	while (virtio_blk_take(b, len) < 0)
		if (!virtio_wait_on(&b->device, &wait))
			return -1;
	return b->area->status[0];
}
