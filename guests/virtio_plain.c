/*
 * The driver of devices that need none; see virtio_plain.h.
 */
#include "guest.h"
#include "virtio_plain.h"

const char *virtio_plain_open(struct virtio_plain *p, uint64_t gpa,
			      enum virtio_id id, unsigned int queues,
			      struct virtio_plain_area *area,
			      uint64_t features)
{
	const char *why = virtio_bus_open(&p->device, gpa, id, features);

	for (unsigned int i = 0; i < queues && !why; i++) {
		virtq_ring_init(&p->ring[i], &area->ring[i], PLAIN_QUEUE_SIZE,
				1, p->device.features, false);
		if (!virtio_bus_queue(&p->device, i, &p->ring[i]))
			why = "the virtio device does not take a queue";
	}
	if (!why)
		virtio_bus_go(&p->device);
	return why;
}

void virtio_plain_begin(struct virtio_plain *p, unsigned int queue,
			uint64_t gpa, uint32_t bytes, bool write)
{
	const struct virtio_buffer b = {
		.gpa = gpa, .bytes = bytes, .write = write,
	};

	virtq_ring_add(&p->ring[queue], 0, &b, 1, NULL);
	if (virtq_ring_kick_due(&p->ring[queue]))
		virtio_bus_kick(&p->device, queue);
}

int64_t virtio_plain_end(struct virtio_plain *p, unsigned int queue)
{
	struct virtio_wait wait = virtio_wait_begin();
	struct virtio_done done;

	while (!virtq_ring_take(&p->ring[queue], &done))
		if (!virtio_wait_on(&p->device, &wait))
			return -1;
	return done.len;
}
