/*
 * The driver's side of the MMIO transport: from reset to DRIVER_OK.
 *
 * Registers are ordinary memory accesses, so all of it runs at any CPL: at
 * CPL3 where CPL0 is interpreted. Source: VIRTIO 1.2, 3.1.1 and 4.2.3.
 */
#ifndef VMGAUGE_VIRTIO_MMIO_H
#define VMGAUGE_VIRTIO_MMIO_H

#include <stdbool.h>
#include <stdint.h>

#include "cpu.h"
#include "virtio.h"
#include "virtio_ring.h"

struct virtio_mmio {
	uint64_t gpa;
	uint64_t features;		/* agreed on */
};

static inline uint32_t virtio_get(const struct virtio_mmio *d, uint32_t reg)
{
	return mmio_read32(d->gpa + reg);
}

static inline void virtio_set(const struct virtio_mmio *d, uint32_t reg,
			      uint32_t value)
{
	mmio_write32(d->gpa + reg, value);
}

/* Asks for a reset and waits until it is through; false: it never was. */
bool virtio_mmio_reset(struct virtio_mmio *d);

uint64_t virtio_mmio_offered(const struct virtio_mmio *d);

/*
 * A device of that kind at `gpa`: reset, and agreed with on those of the
 * wanted features that it offers. NULL, or why not.
 */
const char *virtio_mmio_open(struct virtio_mmio *d, uint64_t gpa,
			     enum virtio_id id, uint64_t wanted);

/* Gives the device a queue; false: it has none of that number or size. */
bool virtio_mmio_queue(const struct virtio_mmio *d, uint32_t index,
		       const struct virtio_ring *r);

/* DRIVER_OK: the device may begin. */
void virtio_mmio_go(const struct virtio_mmio *d);

/* The doorbell of a queue, whether it is wanted or not. */
static inline void virtio_mmio_kick(const struct virtio_mmio *d,
				    uint32_t queue)
{
	mmio_write32(d->gpa + VIRTIO_MMIO_QUEUE_NOTIFY, queue);
}

#endif
