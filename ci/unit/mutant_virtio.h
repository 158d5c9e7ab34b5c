/*
 * Mutants of a virtio device: registers that read wrong, and a device that
 * writes what it should not.
 */
#ifndef VMGAUGE_MUTANT_VIRTIO_H
#define VMGAUGE_MUTANT_VIRTIO_H

#include <errno.h>
#include <string.h>

#include "kvm/virtio/blk_part.h"
#include "mutant.h"

static struct range *virtio_range;	/* one VM at a time */
static range_fn *virtio_access;
static const struct mutant *virtio_mutant;

/* Reads of the register at offset `leaf`: (old & ~clear) ^ flip. */
static void register_changed(struct vcpu *v, void *opaque, uint64_t offset,
			     void *data, unsigned int bytes, bool write)
{
	uint32_t value;

	virtio_access(v, opaque, offset, data, bytes, write);
	if (write || bytes != 4 || offset != virtio_mutant->leaf)
		return;
	memcpy(&value, data, sizeof(value));
	value = (value & ~virtio_mutant->clear) ^ virtio_mutant->flip;
	memcpy(data, &value, sizeof(value));
}

static int virtio_register_change(struct item_host *h, const struct mutant *m,
				  struct error *e)
{
	for (unsigned int i = 0; i < h->vm->mmio.count; i++) {
		virtio_range = &h->vm->mmio.range[i];
		if (virtio_range->start != VIRTIO_MMIO_GPA)
			continue;
		virtio_access = virtio_range->fn;
		virtio_range->fn = register_changed;
		virtio_mutant = m;
		return 0;
	}
	return error_set(e, -ENOENT, "there is no virtio device");
}

/* The device writes to a ring of ours, which is copied with a difference. */
static bool length_changed(struct virtio_queue *q)
{
	static struct {
		struct virtq_used used;
		struct virtq_used_elem ring[VIRTQ_SIZE_MAX + 1];
	} shadow;
	struct virtq_used *real = q->ring.device;
	uint16_t at = q->ring.next_used, size = q->ring.size;
	bool any;

	q->ring.device = &shadow.used;
	any = blk_ops.serve(q);
	q->ring.device = real;
	for (; at != q->ring.next_used; at++) {
		real->ring[at % size] = shadow.used.ring[at % size];
		real->ring[at % size].len++;
	}
	__atomic_store_n(&real->idx, at, __ATOMIC_RELEASE);
	return any;
}

static int used_length_change(struct item_host *h, const struct mutant *m,
			      struct error *e)
{
	static struct virtio_device_ops ops;
	struct virtio_device *d = h->opaque;

	(void)m;
	if (!d)
		return error_set(e, -ENOENT, "there is no virtio device");
	ops = blk_ops;
	ops.serve = length_changed;
	d->ops = &ops;
	return 0;
}

/* When block 100 is read, it is no longer what it was. */
static int64_t bit_turned(void *opaque, const struct blk_io *io)
{
	uint8_t *memory = opaque;

	if (io->op == BLK_READ && io->offset == 100 * 4096)
		memory[io->offset + 77] ^= 0x10;
	return INT64_MAX;
}

static int disk_bit_turn(struct item_host *h, const struct mutant *m,
			 struct error *e)
{
	struct virtio_device *d = h->opaque;

	(void)m;
	if (!d)
		return error_set(e, -ENOENT, "there is no virtio device");
	blk_of(d)->config.opaque = blk_of(d)->memory;
	blk_of(d)->config.spoil = bit_turned;
	return 0;
}

#endif
