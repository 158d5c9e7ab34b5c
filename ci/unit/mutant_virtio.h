/*
 * Mutants of a virtio device: registers that read wrong, rings that are served
 * wrong, and a disk that forgets.
 */
#ifndef VMGAUGE_MUTANT_VIRTIO_H
#define VMGAUGE_MUTANT_VIRTIO_H

#include <errno.h>
#include <string.h>

#include "kvm/virtio/blk_part.h"
#include "kvm/virtio/queue_part.h"
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

/* Rings as the device is made to see them; what they leave out is right. */
static struct virtq_form spoilt_form;
static const struct virtq_form *right_form;

static const struct virtio_device_ops *right_ops;

/* A serve() that puts the spoilt form in the right one's place. */
static bool serve_spoilt(struct virtio_queue *q)
{
	if (q->ring.form != &spoilt_form) {
		right_form = q->ring.form;
		if (!spoilt_form.pop)
			spoilt_form.pop = right_form->pop;
		if (!spoilt_form.push)
			spoilt_form.push = right_form->push;
		spoilt_form.start = right_form->start;
		spoilt_form.publish = right_form->publish;
		spoilt_form.signal_due = right_form->signal_due;
		spoilt_form.notify_ask = right_form->notify_ask;
		spoilt_form.notify_stop = right_form->notify_stop;
		q->ring.form = &spoilt_form;
	}
	return right_ops->serve(q);
}

static struct virtio_device_ops spoilt_ops;

/* The device's ops, to be changed; NULL: there is none. */
static struct virtio_device_ops *ops_spoil(struct item_host *h,
					   struct error *e)
{
	struct virtio_device *d = h->opaque;

	if (!d) {
		error_set(e, -ENOENT, "there is no virtio device");
		return NULL;
	}
	right_ops = d->ops;
	spoilt_ops = *d->ops;
	d->ops = &spoilt_ops;
	return &spoilt_ops;
}

static int form_spoil(struct item_host *h, struct virtq_form f,
		      struct error *e)
{
	struct virtio_device_ops *ops = ops_spoil(h, e);

	if (!ops)
		return -ENOENT;
	spoilt_form = f;
	ops->serve = serve_spoilt;
	return 0;
}

static void push_longer(struct virtq *q, uint16_t head, uint32_t written)
{
	right_form->push(q, head, written + 1);
}

static int used_length_change(struct item_host *h, const struct mutant *m,
			      struct error *e)
{
	(void)m;
	return form_spoil(h, (struct virtq_form){ .push = push_longer }, e);
}

/* Its flags come last, as several used buffers' do: here without one. */
static void push_unsaid(struct virtq *q, uint16_t head, uint32_t written)
{
	q->together = true;
	right_form->push(q, head, written);
	q->together = false;
	q->late_flags &= (uint16_t)~VIRTQ_WRITE;
	right_form->publish(q);
}

static int write_flag_forget(struct item_host *h, const struct mutant *m,
			     struct error *e)
{
	(void)m;
	return form_spoil(h, (struct virtq_form){ .push = push_unsaid }, e);
}

static void push_in_one_lap(struct virtq *q, uint16_t head, uint32_t written)
{
	right_form->push(q, head, written);
	q->used_wrap = true;
}

static int wrap_forget(struct item_host *h, const struct mutant *m,
		       struct error *e)
{
	(void)m;
	return form_spoil(h, (struct virtq_form){ .push = push_in_one_lap }, e);
}

static int pop_short(struct virtq *q, struct virtq_chain *c)
{
	int rc = right_form->pop(q, c);

	return rc > 0 && c->descriptors + 1 > q->size ?
	       rule_broken(q, "a mutant's limit") : rc;
}

static int indirect_limit(struct item_host *h, const struct mutant *m,
			  struct error *e)
{
	(void)m;
	return form_spoil(h, (struct virtq_form){ .pop = pop_short }, e);
}

static bool first_queue_serve(struct virtio_queue *q)
{
	return q->index ? false : right_ops->serve(q);
}

static int second_queue_ignore(struct item_host *h, const struct mutant *m,
			       struct error *e)
{
	struct virtio_device_ops *ops = ops_spoil(h, e);

	(void)m;
	if (!ops)
		return -ENOENT;
	ops->serve = first_queue_serve;
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
