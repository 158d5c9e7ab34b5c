/*
 * The image's own driver of virtqueues in a host program: what the device and
 * the driver make of one ring is tested by both. A GPA is an HVA here, since
 * the driver knows of one kind of address only.
 */
#ifndef VMGAUGE_UNIT_VIRTIO_DRIVER_H
#define VMGAUGE_UNIT_VIRTIO_DRIVER_H

#include "kvm/virtio/queue.h"

#include "../../guests/virtio_ring.c"
#include "../../guests/virtio_packed.c"

#define SHARED_BYTES	(4u << 20)

static _Alignas(4096) uint8_t shared[SHARED_BYTES];

static inline struct virtio_memory shared_map(void)
{
	return (struct virtio_memory){
		.part = { { (uintptr_t)shared, SHARED_BYTES, shared } },
		.parts = 1,
	};
}

static inline struct virtq_layout layout_of(const struct virtio_ring *r)
{
	return (struct virtq_layout){
		.size = r->size, .desc_gpa = (uintptr_t)r->area->desc,
		.driver_gpa = (uintptr_t)r->area->avail,
		.device_gpa = (uintptr_t)r->area->used,
	};
}

static uint32_t dice = 2463534242u;

/* Below n. */
static inline uint32_t dice_throw(uint32_t n)
{
	dice ^= dice << 13;
	dice ^= dice >> 17;
	dice ^= dice << 5;
	return dice % n;
}

#endif
