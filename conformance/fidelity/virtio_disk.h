/*
 * What the probes of virtio share: a block device of 2 MiB in memory over the
 * MMIO transport, its driver, and what its blocks hold.
 *
 * The driver runs at CPL3, where every KVM lets the CPU itself run; it touches
 * nothing that needs CPL0.
 */
#ifndef VMGAUGE_FIDELITY_VIRTIO_DISK_H
#define VMGAUGE_FIDELITY_VIRTIO_DISK_H

#include "item_host.h"
#include "kvm/virtio/blk.h"
#include "kvm/virtio/mmio.h"
#include "suite.h"
#include "virtio_blk.h"

#define DISK_BYTES	(2ull << 20)
#define DATA_GPA	(ABI_SCRATCH_GPA + (1ull << 20))
#define BLOCK_BYTES	4096u
#define BLOCKS		(uint32_t)(DISK_BYTES / BLOCK_BYTES)
#define SHORT_QUEUE	8u		/* so that it wraps soon */
#define PATIENCE_CYCLES	(2000ull << 20)	/* for the device: about 1 s */
#define DISK_QUEUES	2u

__host void disk_prepare(struct item_host *h)
{
	const struct blk_config config = {
		.backend = BLK_MEMORY, .bytes = DISK_BYTES,
		.queues = DISK_QUEUES,
	};
	const struct virtio_plug plug = { .pu = h->bystander_pu };
	struct error e = { "" };
	struct virtio_device *d = virtio_blk_create(&config, &e);

	h->opaque = d;
	if (!d || virtio_mmio_attach(d, h->vm, VIRTIO_MMIO_GPA, &plug, &e)) {
		h->opaque = NULL;
		host_verdict(h, ABI_ERROR, e.text);
	}
}

static struct virtio_blk disk;

/* The usual driver, with so many slots. Fails its check when it cannot. */
__guest bool disk_open(uint16_t slots, uint16_t queue_size, uint64_t features)
{
	const struct virtio_blk_setup setup = {
		.gpa = VIRTIO_MMIO_GPA,
		.area = (struct virtio_blk_area *)ABI_SCRATCH_GPA,
		.buffers = DATA_GPA, .bytes = BLOCK_BYTES, .slots = slots,
		.queue_size = queue_size, .features = features,
	};
	const char *why = virtio_blk_open(&disk, &setup);

	CHECK_EQ(0, (uint64_t)why);
	return !why;
}

__guest uint32_t status_get(void)
{
	return virtio_get(&disk.device, VIRTIO_MMIO_STATUS);
}

/* Until the register has one of these bits; what it had at the end. */
__guest uint32_t bits_wait(uint32_t reg, uint32_t bits)
{
	uint64_t begin = tsc_read();
	uint32_t v;

	do {
		v = virtio_get(&disk.device, reg);
	} while (!(v & bits) && tsc_read() - begin < PATIENCE_CYCLES);
	return v;
}

#define VIRTIO_PROBE(id, ...)						\
	PROBE(id, .rings = RING3, .needs = NEED_VMM | NEED_SCRATCH,	\
	      .prepare = HOST(disk_prepare), __VA_ARGS__)

/* What word `i` of a block holds. */
__guest uint64_t word_of(uint32_t block, uint32_t i)
{
	return (block * 0x9e3779b97f4a7c15ull) ^ (i * 0xc2b2ae3d27d4eb4full);
}

__host uint64_t word_wanted(uint32_t block, uint32_t i)
{
	return (block * 0x9e3779b97f4a7c15ull) ^ (i * 0xc2b2ae3d27d4eb4full);
}

__guest void block_fill(uint32_t block)
{
	for (uint32_t i = 0; i < BLOCK_BYTES / 8; i++)
		((volatile uint64_t *)DATA_GPA)[i] = word_of(block, i);
}

__guest uint32_t block_wrong(uint32_t block)
{
	uint32_t wrong = 0;

	for (uint32_t i = 0; i < BLOCK_BYTES / 8; i++)
		wrong += ((volatile uint64_t *)DATA_GPA)[i] !=
			 word_of(block, i);
	return wrong;
}

/* By the usual driver, which is open. True: the device did. */
__guest bool block_write(uint32_t block)
{
	uint32_t len;

	block_fill(block);
	return !virtio_blk_do(&disk, VIRTIO_BLK_T_OUT, block * 8ull,
			      BLOCK_BYTES, &len);
}

/* Of the first so many blocks: words that are not what was written. */
__guest uint32_t blocks_wrong(uint32_t blocks)
{
	uint32_t wrong = 0, len;

	for (uint32_t block = 0; block < blocks; block++)
		wrong += virtio_blk_do(&disk, VIRTIO_BLK_T_IN, block * 8ull,
				       BLOCK_BYTES, &len) ?
			 BLOCK_BYTES / 8 : block_wrong(block);
	return wrong;
}

/* Makes the driver leave in the middle: a write that nobody waits for. */
__guest void block_abandon(uint32_t block)
{
	virtio_blk_submit(&disk, 0, VIRTIO_BLK_T_OUT, block * 8ull,
			  BLOCK_BYTES);
	virtio_blk_kick(&disk);
}

/* Begins anew, and accepts these features: what FEATURES_OK reads then. */
__guest uint32_t features_accepted(uint64_t features)
{
	struct virtio_bus *d = &disk.device;
	uint32_t accepted;

	virtio_bus_reset(d);
	virtio_bus_status_set(d, VIRTIO_ACKNOWLEDGE);
	virtio_bus_status_set(d, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER);
	d->features = features;
	virtio_bus_accept(d);
	virtio_bus_status_set(d, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER |
			      VIRTIO_FEATURES_OK);
	accepted = virtio_bus_status(d) & VIRTIO_FEATURES_OK;
	virtio_bus_reset(d);
	return accepted;
}

__host void disk_judge(struct item_host *h)
{
	const struct virtio_device *d = h->opaque;
	const uint64_t *at;
	uint64_t wrong = 0;

	if (!d)
		return;
	at = (const uint64_t *)virtio_blk_memory(d);
	for (uint32_t block = 0; block < BLOCKS; block++)
		for (uint32_t i = 0; i < BLOCK_BYTES / 8; i++, at++)
			wrong += *at != word_wanted(block, i);
	host_check(h, "words that are wrong on the disk", 0, wrong);
}

#endif
