/*
 * The driver's side of the MMIO transport; see virtio_mmio.h.
 */
#include "guest.h"
#include "virtio_mmio.h"

#define PATIENCE_CYCLES	(4000ull << 20)		/* for a reset: about 1 s */

bool virtio_mmio_reset(struct virtio_mmio *d)
{
	uint64_t begin = tsc_read();

	virtio_set(d, VIRTIO_MMIO_STATUS, 0);
	while (virtio_get(d, VIRTIO_MMIO_STATUS))
		if (tsc_read() - begin > PATIENCE_CYCLES)
			return false;
	return true;
}

uint64_t virtio_mmio_offered(const struct virtio_mmio *d)
{
	uint64_t low;

	virtio_set(d, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
	low = virtio_get(d, VIRTIO_MMIO_DEVICE_FEATURES);
	virtio_set(d, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
	return low | (uint64_t)virtio_get(d, VIRTIO_MMIO_DEVICE_FEATURES) << 32;
}

static void status_add(const struct virtio_mmio *d, uint32_t bits)
{
	virtio_set(d, VIRTIO_MMIO_STATUS,
		   virtio_get(d, VIRTIO_MMIO_STATUS) | bits);
}

static void features_accept(const struct virtio_mmio *d)
{
	virtio_set(d, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
	virtio_set(d, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)d->features);
	virtio_set(d, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	virtio_set(d, VIRTIO_MMIO_DRIVER_FEATURES,
		   (uint32_t)(d->features >> 32));
	status_add(d, VIRTIO_FEATURES_OK);
}

const char *virtio_mmio_open(struct virtio_mmio *d, uint64_t gpa,
			     enum virtio_id id, uint64_t wanted)
{
	d->gpa = gpa;
	if (virtio_get(d, VIRTIO_MMIO_MAGIC) != VIRTIO_MMIO_MAGIC_VALUE ||
	    virtio_get(d, VIRTIO_MMIO_VERSION) != 2)
		return "there is no virtio device of the MMIO transport";
	if (virtio_get(d, VIRTIO_MMIO_DEVICE_ID) != (uint32_t)id)
		return "the virtio device is of another kind";
	if (!virtio_mmio_reset(d))
		return "the virtio device does not end its reset";
	status_add(d, VIRTIO_ACKNOWLEDGE);
	status_add(d, VIRTIO_DRIVER);
	d->features = virtio_mmio_offered(d) & (wanted | VIRTIO_F_VERSION_1);
	features_accept(d);
	if (!(virtio_get(d, VIRTIO_MMIO_STATUS) & VIRTIO_FEATURES_OK))
		return "the virtio device does not accept its own features";
	return (const char *)0;
}

static void gpa_set(const struct virtio_mmio *d, uint32_t reg,
		    const volatile void *at)
{
	virtio_set(d, reg, (uint32_t)(uint64_t)at);
	virtio_set(d, reg + 4, (uint32_t)((uint64_t)at >> 32));
}

bool virtio_mmio_queue(const struct virtio_mmio *d, uint32_t index,
		       const struct virtio_ring *r)
{
	virtio_set(d, VIRTIO_MMIO_QUEUE_SEL, index);
	if (virtio_get(d, VIRTIO_MMIO_QUEUE_READY) ||
	    virtio_get(d, VIRTIO_MMIO_QUEUE_NUM_MAX) < r->size)
		return false;
	virtio_set(d, VIRTIO_MMIO_QUEUE_NUM, r->size);
	gpa_set(d, VIRTIO_MMIO_QUEUE_DESC, r->area->desc);
	gpa_set(d, VIRTIO_MMIO_QUEUE_DRIVER, r->area->avail);
	gpa_set(d, VIRTIO_MMIO_QUEUE_DEVICE, r->area->used);
	virtio_set(d, VIRTIO_MMIO_QUEUE_READY, 1);
	return virtio_get(d, VIRTIO_MMIO_QUEUE_READY) == 1;
}

void virtio_mmio_go(const struct virtio_mmio *d)
{
	status_add(d, VIRTIO_DRIVER_OK);
}
