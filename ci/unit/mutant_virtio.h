/*
 * Mutants of a virtio device: registers that read wrong, and a device that
 * writes what it should not.
 */
#ifndef VMGAUGE_MUTANT_VIRTIO_H
#define VMGAUGE_MUTANT_VIRTIO_H

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>

#include "kvm/irq.h"
#include "kvm/virtio/blk_part.h"
#include "kvm/virtio/net.h"
#include "kvm/virtio/pci_part.h"
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

/* A serve() that puts the spoilt form in the right one's place. */
static bool serve_spoilt(struct virtio_queue *q)
{
	if (q->ring.form != &spoilt_form) {
		right_form = q->ring.form;
		if (!spoilt_form.start)
			spoilt_form.start = right_form->start;
		if (!spoilt_form.pop)
			spoilt_form.pop = right_form->pop;
		if (!spoilt_form.push)
			spoilt_form.push = right_form->push;
		spoilt_form.signal_due = right_form->signal_due;
		spoilt_form.notify_ask = right_form->notify_ask;
		spoilt_form.notify_stop = right_form->notify_stop;
		q->ring.form = &spoilt_form;
	}
	return blk_ops.serve(q);
}

static int form_spoil(struct item_host *h, struct virtq_form f,
		      struct error *e)
{
	static struct virtio_device_ops ops;
	struct virtio_device *d = h->opaque;

	if (!d)
		return error_set(e, -ENOENT, "there is no virtio device");
	spoilt_form = f;
	ops = blk_ops;
	ops.serve = serve_spoilt;
	d->ops = &ops;
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
	return q->index ? false : blk_ops.serve(q);
}

static int second_queue_ignore(struct item_host *h, const struct mutant *m,
			       struct error *e)
{
	static struct virtio_device_ops ops;
	struct virtio_device *d = h->opaque;

	(void)m;
	if (!d)
		return error_set(e, -ENOENT, "there is no virtio device");
	ops = blk_ops;
	ops.serve = first_queue_serve;
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

/* Ports that do what they should not to what passes them. */
static int (*right_send)(struct net_port *p, const struct iovec *part,
			 unsigned int parts, size_t bytes);

/* Of a copy: the guest's own frame stays. */
static int send_changed(struct net_port *p, const struct iovec *part,
			unsigned int parts, size_t bytes)
{
	uint8_t copy[NET_FRAME_MAX];
	const struct iovec one = { .iov_base = copy, .iov_len = bytes };

	if (parts != 1)
		return -EINVAL;
	memcpy(copy, part[0].iov_base, bytes);
	copy[bytes - 1] ^= 1;
	return right_send(p, &one, 1, bytes);
}

static int send_shortened(struct net_port *p, const struct iovec *part,
			  unsigned int parts, size_t bytes)
{
	const struct iovec one = {
		.iov_base = part[0].iov_base, .iov_len = bytes - 12,
	};

	return parts == 1 ? right_send(p, &one, 1, bytes - 12) : -EINVAL;
}

/* What the device lets by comes twice. */
static int send_twice(struct net_port *p, const struct iovec *part,
		      unsigned int parts, size_t bytes)
{
	right_send(p, part, parts, bytes);
	return right_send(p, part, parts, bytes);
}

static int sends_spoil(struct item_host *h,
		       int (*send)(struct net_port *p, const struct iovec *part,
				   unsigned int parts, size_t bytes),
		       struct error *e)
{
	struct net_port *p;

	if (!h->opaque)
		return error_set(e, -ENOENT, "there is no virtio device");
	p = virtio_net_port(h->opaque);
	right_send = p->send;
	p->send = send;
	return 0;
}

static int frame_change(struct item_host *h, const struct mutant *m,
			struct error *e)
{
	(void)m;
	return sends_spoil(h, send_changed, e);
}

static int frame_shorten(struct item_host *h, const struct mutant *m,
			 struct error *e)
{
	(void)m;
	return sends_spoil(h, send_shortened, e);
}

static int frame_double(struct item_host *h, const struct mutant *m,
			struct error *e)
{
	(void)m;
	return sends_spoil(h, send_twice, e);
}

static const void *group_config(const struct virtio_device *d)
{
	static const uint8_t config[12] = { 0x03, 'V', 'M', 'G', 0, 0 };

	(void)d;
	return config;
}

static int mac_change(struct item_host *h, const struct mutant *m,
		      struct error *e)
{
	static struct virtio_device_ops ops;
	struct virtio_device *d = h->opaque;

	(void)m;
	if (!d)
		return error_set(e, -ENOENT, "there is no virtio device");
	ops = *d->ops;
	ops.config = group_config;
	d->ops = &ops;
	return 0;
}

/* What a device wrote or took, changed: behind its back, before it says so. */
static void (*right_push)(struct virtq *q, uint16_t head, uint32_t written);

static const struct virtio_device_ops *right_ops;

static bool any_serve_spoilt(struct virtio_queue *q)
{
	if (q->ring.form != &spoilt_form) {
		right_push = q->ring.form->push;
		right_form = q->ring.form;
		spoilt_form.start = right_form->start;
		spoilt_form.signal_due = right_form->signal_due;
		spoilt_form.notify_ask = right_form->notify_ask;
		spoilt_form.notify_stop = right_form->notify_stop;
		q->ring.form = &spoilt_form;
	}
	return right_ops->serve(q);
}

static struct iovec last_part;

/* Remembers where the request's data is. */
static int pop_remembered(struct virtq *q, struct virtq_chain *c)
{
	int rc = right_form->pop(q, c);

	if (rc > 0)
		last_part = c->segment[0];
	return rc;
}

static void push_zeroed(struct virtq *q, uint16_t head, uint32_t written)
{
	memset(last_part.iov_base, 0x55, written);
	right_push(q, head, written);
}

/* One that puts out has written nothing: its bytes come back as they were. */
static void push_bit_turned(struct virtq *q, uint16_t head, uint32_t written)
{
	if (written)
		((uint8_t *)last_part.iov_base)[written - 1] ^= 4;
	right_push(q, head, written);
}

/* A report's buffer and more; of page numbers, the page behind the last. */
static void push_page_taken(struct virtq *q, uint16_t head, uint32_t written)
{
	uint8_t *at = last_part.iov_base;
	const uint32_t *pfn = last_part.iov_base;

	if (last_part.iov_len < 4096)
		at = virtio_memory_at(q->memory, (pfn[last_part.iov_len / 4 -
				      2] + 1ull) * 4096, 4096);
	else
		at += last_part.iov_len & ~4095ull;
	if (at)
		memset(at, 0, 4096);
	right_push(q, head, written);
}

static int any_form_spoil(struct item_host *h,
			  void (*push)(struct virtq *q, uint16_t head,
				       uint32_t written), struct error *e)
{
	static struct virtio_device_ops ops;
	struct virtio_device *d = h->opaque;

	if (!d)
		return error_set(e, -ENOENT, "there is no virtio device");
	spoilt_form = (struct virtq_form){
		.pop = pop_remembered, .push = push,
	};
	right_ops = d->ops;
	ops = *d->ops;
	ops.serve = any_serve_spoilt;
	d->ops = &ops;
	return 0;
}

static int console_change(struct item_host *h, const struct mutant *m,
			  struct error *e)
{
	(void)m;
	return any_form_spoil(h, push_bit_turned, e);
}

static int entropy_repeat(struct item_host *h, const struct mutant *m,
			  struct error *e)
{
	(void)m;
	return any_form_spoil(h, push_zeroed, e);
}

static int page_take(struct item_host *h, const struct mutant *m,
		     struct error *e)
{
	(void)m;
	return any_form_spoil(h, push_page_taken, e);
}

static struct pci_function *function_of(struct item_host *h, struct error *e)
{
	struct virtio_device *d = h->opaque;

	if (!d)
		error_set(e, -ENOENT, "there is no virtio device");
	return d ? d->transport : NULL;
}

/* Its configuration space at offset `leaf`: (old & ~clear) ^ flip. */
static int pci_config_change(struct item_host *h, const struct mutant *m,
			     struct error *e)
{
	struct pci_function *f = function_of(h, e);
	uint32_t value;

	if (!f)
		return -ENOENT;
	memcpy(&value, f->config + m->leaf, sizeof(value));
	value = (value & ~m->clear) ^ m->flip;
	memcpy(f->config + m->leaf, &value, sizeof(value));
	return 0;
}

/* A BAR of which nothing asks for the size is one that keeps its address. */
static range_fn *ports_right;

static void ports_without_sizing(struct vcpu *v, void *opaque, uint64_t offset,
				 void *data, unsigned int bytes, bool write)
{
	static const uint32_t ones = 0xffffffff;

	if (write && bytes == 4 && offset == 4 && !memcmp(data, &ones, 4))
		return;
	ports_right(v, opaque, offset, data, bytes, write);
}

static int sizing_forget(struct item_host *h, const struct mutant *m,
			 struct error *e)
{
	(void)m;
	for (unsigned int i = 0; i < h->vm->pio.count; i++) {
		struct range *r = &h->vm->pio.range[i];

		if (r->start != PCI_PORT_ADDRESS)
			continue;
		ports_right = r->fn;
		r->fn = ports_without_sizing;
		return 0;
	}
	return error_set(e, -ENOENT, "there is no PCI bus");
}

/* Resets are not heard, by whatever way. */
static range_fn *bar_right;

static void bar_without_reset(struct vcpu *v, void *opaque, uint64_t offset,
			      void *data, unsigned int bytes, bool write)
{
	struct pci_function *f = opaque;

	bar_right(v, opaque, offset, data, bytes, write);
	atomic_fetch_or(&f->device->status, VIRTIO_FAILED);
}

static int reset_ignore(struct item_host *h, const struct mutant *m,
			struct error *e)
{
	(void)m;
	for (unsigned int i = 0; i < h->vm->mmio.count; i++) {
		struct range *r = &h->vm->mmio.range[i];

		if (r->start != PCI_BAR_GPA)
			continue;
		bar_right = r->fn;
		r->fn = bar_without_reset;
		return 0;
	}
	return error_set(e, -ENOENT, "there is no virtio function");
}

/* Messages that go where nobody is. */
static int vectors_lose(struct item_host *h, const struct mutant *m,
			struct error *e)
{
	struct pci_function *f = function_of(h, e);

	(void)m;
	if (!f)
		return -ENOENT;
	for (unsigned int i = 0; i < f->msix.vectors; i++)
		irqfd_destroy(h->vm, 32 + i, f->msix.irqfd[i]);
	for (unsigned int i = 0; i < f->msix.vectors; i++)
		f->msix.irqfd[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return 0;
}

#endif
