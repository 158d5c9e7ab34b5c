/*
 * Mutants of a virtio function on a PCI bus.
 */
#ifndef VMGAUGE_MUTANT_VIRTIO_PCI_H
#define VMGAUGE_MUTANT_VIRTIO_PCI_H

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>

#include "kvm/irq.h"
#include "kvm/virtio/pci_part.h"
#include "mutant.h"

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
