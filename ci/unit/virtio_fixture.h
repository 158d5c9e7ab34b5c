/*
 * What the tests of virtio share: guest memory without a guest, and a driver
 * that can be as wrong as a test wants.
 */
#ifndef VMGAUGE_UNIT_VIRTIO_FIXTURE_H
#define VMGAUGE_UNIT_VIRTIO_FIXTURE_H

#include <stdlib.h>
#include <string.h>

#include "kvm/virtio/queue.h"

#define MEMORY_GPA	0x100000ull
#define MEMORY_BYTES	(1u << 20)
#define SIZE		8u		/* of the queue */
#define DESC_GPA	(MEMORY_GPA + 0x0000)
#define DRIVER_GPA	(MEMORY_GPA + 0x2000)
#define DEVICE_GPA	(MEMORY_GPA + 0x3000)
#define TABLE_GPA	(MEMORY_GPA + 0x4000)
#define DATA_GPA	(MEMORY_GPA + 0x10000)

static _Alignas(4096) uint8_t memory[MEMORY_BYTES];

static inline void *at_gpa(uint64_t gpa)
{
	return memory + (gpa - MEMORY_GPA);
}

static inline struct virtq_desc *desc(unsigned int i)
{
	return (struct virtq_desc *)at_gpa(DESC_GPA) + i;
}

static inline struct virtq_desc *inner(unsigned int i)
{
	return (struct virtq_desc *)at_gpa(TABLE_GPA) + i;
}

static inline struct virtq_avail *avail(void)
{
	return at_gpa(DRIVER_GPA);
}

static inline struct virtq_used *used(void)
{
	return at_gpa(DEVICE_GPA);
}

static inline void desc_set(struct virtq_desc *d, uint64_t addr, uint32_t len,
			    uint16_t flags, uint16_t next)
{
	*d = (struct virtq_desc){ addr, len, flags, next };
}

/* Makes a chain available. */
static inline void offer(uint16_t head)
{
	struct virtq_avail *a = avail();

	a->ring[a->idx % SIZE] = head;
	__atomic_store_n(&a->idx, (uint16_t)(a->idx + 1), __ATOMIC_RELEASE);
}

static const struct virtq_layout layout_good = {
	.size = SIZE, .desc_gpa = DESC_GPA, .driver_gpa = DRIVER_GPA,
	.device_gpa = DEVICE_GPA,
};

#endif
