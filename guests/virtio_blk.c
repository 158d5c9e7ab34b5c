/*
 * The driver of a block device; see virtio_blk.h.
 */
#include "guest.h"
#include "virtio_blk.h"

#define NONE		0xff		/* a status that no device writes */
#define PATIENCE_CYCLES	(4000ull << 20)	/* for an answer: about 1 s */
#define LOOK_CYCLES	(1ull << 18)	/* between looks at the status */

/* Where a slot's three descriptors are, and what `next` counts from there. */
static struct virtq_desc *slot_desc(struct virtio_blk *b, uint16_t slot,
				    uint16_t *base)
{
	*base = b->indirect ? 0 : (uint16_t)(slot * 3);
	return b->indirect ? b->area->inner[slot] :
			     &b->area->ring.desc[*base];
}

static void slot_layout(struct virtio_blk *b, uint16_t slot)
{
	uint16_t base;
	struct virtq_desc *d = slot_desc(b, slot, &base);

	d[0] = (struct virtq_desc){
		.addr = (uint64_t)&b->area->header[slot],
		.len = sizeof(struct virtio_blk_header),
		.flags = VIRTQ_NEXT, .next = (uint16_t)(base + 1),
	};
	d[1].addr = b->buffers + (uint64_t)slot * b->bytes;
	d[1].next = (uint16_t)(base + 2);
	d[2] = (struct virtq_desc){
		.addr = (uint64_t)&b->area->status[slot], .len = 1,
		.flags = VIRTQ_WRITE,
	};
	if (b->indirect)
		b->area->ring.desc[slot] = (struct virtq_desc){
			.addr = (uint64_t)d, .len = 3 * sizeof(*d),
			.flags = VIRTQ_INDIRECT,
		};
}

const char *virtio_blk_open(struct virtio_blk *b,
			    const struct virtio_blk_setup *s)
{
	const char *why = virtio_mmio_open(&b->device, s->gpa, VIRTIO_ID_BLOCK,
					   s->features);
	uint64_t config = s->gpa + VIRTIO_MMIO_CONFIG;

	if (why)
		return why;
	b->area = s->area;
	b->buffers = s->buffers;
	b->bytes = s->bytes;
	b->slots = s->slots;
	b->failed = 0;
	b->indirect = b->device.features & VIRTIO_F_INDIRECT_DESC;
	b->sectors = mmio_read32(config) |
		     (uint64_t)mmio_read32(config + 4) << 32;
	if (b->slots * (b->indirect ? 1 : 3) > s->queue_size)
		return "the queue is too short for so many requests";
	virtq_ring_init(&b->ring, &b->area->ring, s->queue_size,
			b->device.features, s->interrupts);
	for (uint16_t i = 0; i < b->slots; i++)
		slot_layout(b, i);
	if (!virtio_mmio_queue(&b->device, 0, &b->ring))
		return "the virtio device does not take the queue";
	virtio_mmio_go(&b->device);
	return (const char *)0;
}

void virtio_blk_submit(struct virtio_blk *b, uint16_t slot,
		       enum virtio_blk_type type, uint64_t sector,
		       uint32_t bytes)
{
	uint16_t base;
	struct virtq_desc *d = slot_desc(b, slot, &base);

	b->area->header[slot] = (struct virtio_blk_header){
		.type = type, .sector = sector,
	};
	*(volatile uint8_t *)&b->area->status[slot] = NONE;
	d[1].len = bytes;
	d[1].flags = VIRTQ_NEXT | (type == VIRTIO_BLK_T_OUT ? 0 : VIRTQ_WRITE);
	d[0].next = (uint16_t)(base + (bytes ? 1 : 2));
	virtq_ring_add(&b->ring, b->indirect ? slot : base);
}

void virtio_blk_kick(struct virtio_blk *b)
{
	if (virtq_ring_kick_due(&b->ring))
		virtio_mmio_kick(&b->device, 0);
}

int virtio_blk_take(struct virtio_blk *b, uint32_t *len)
{
	struct virtq_used_elem done;
	uint16_t slot;

	if (!virtq_ring_take(&b->ring, &done))
		return -1;
	slot = (uint16_t)(b->indirect ? done.id : done.id / 3);
	*len = done.len;
	if (*(volatile uint8_t *)&b->area->status[slot] != VIRTIO_BLK_S_OK)
		b->failed++;
	return slot;
}

int virtio_blk_do(struct virtio_blk *b, enum virtio_blk_type type,
		  uint64_t sector, uint32_t bytes, uint32_t *len)
{
	uint64_t begin = tsc_read(), looked = begin, now;

	virtio_blk_submit(b, 0, type, sector, bytes);
	virtio_blk_kick(b);
	while (virtio_blk_take(b, len) < 0) {
		now = tsc_read();
		if (now - begin > PATIENCE_CYCLES)
			return -1;
		if (now - looked < LOOK_CYCLES)
			continue;
		/*
		 * A device that broke down says so; and a host that has but
		 * one CPU, and does not interrupt a spinning vCPU (Bochs), can
		 * give it to the device.
		 */
		if (virtio_get(&b->device, VIRTIO_MMIO_STATUS) &
		    VIRTIO_NEEDS_RESET)
			return -1;
		looked = now;
	}
	return b->area->status[0];
}
