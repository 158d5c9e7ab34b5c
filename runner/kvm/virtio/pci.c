/*
 * Bus 0 of a VM, its ports, and how a virtio device gets there; see pci.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kvm/ioctl.h"
#include "kvm/virtio/pci_part.h"

/* Of a VM; ends with it, after its functions. */
struct bus {
	struct vm_attached attached;	/* first */
	uint32_t address;		/* as written to port CF8 */
	unsigned int functions;
	struct pci_function *function[PCI_SLOTS];
};

/* Slot, function and register that the address asks for; NULL: nothing. */
static struct pci_function *bus_select(const struct bus *b, uint8_t *offset)
{
	uint32_t a = b->address;
	unsigned int slot = a >> 11 & 31;

	*offset = (uint8_t)(a & 0xfc);
	if (!(a & 0x80000000u) || a >> 8 & 7 || a >> 16 & 0xff || !slot ||
	    slot > b->functions)
		return NULL;
	return b->function[slot - 1];
}

static void data_access(struct bus *b, uint64_t port, uint32_t *value,
			unsigned int bytes, bool write)
{
	uint8_t offset;
	struct pci_function *f = bus_select(b, &offset);

	offset = (uint8_t)(offset + port);
	if (!f) {
		*value = ~0u;
	} else if (write) {
		pci_config_write(f, offset, bytes, *value);
	} else {
		*value = pci_config_read(f, offset, bytes);
	}
}

/* Ports CF8 to CFF. Accesses of several vCPUs are the guest's to order. */
static void ports_access(struct vcpu *v, void *opaque, uint64_t offset,
			 void *data, unsigned int bytes, bool write)
{
	struct bus *b = opaque;
	uint32_t value = 0;

	(void)v;
	if (bytes > 4)
		return;
	if (write)
		memcpy(&value, data, bytes);
	if (offset >= 4) {
		data_access(b, offset - 4, &value, bytes, write);
	} else if (bytes == 4 && !offset) {
		if (write)
			b->address = value;
		value = b->address;
	} else {
		value = ~0u;
	}
	if (!write)
		memcpy(data, &value, bytes);
}

static void bus_destroy(struct vm_attached *a)
{
	free(a);
}

static struct bus *bus_find(struct vm *vm, struct error *e)
{
	const struct range *r = range_find(&vm->pio, PCI_PORT_ADDRESS, 4);
	struct bus *b;

	if (r && r->fn == ports_access)
		return r->opaque;
	b = calloc(1, sizeof(*b));
	if (!b) {
		error_set(e, -ENOMEM, "out of memory for a PCI bus");
		return NULL;
	}
	if (range_claim(&vm->pio, PCI_PORT_ADDRESS, 8, ports_access, b, e)) {
		free(b);
		return NULL;
	}
	b->attached.destroy = bus_destroy;
	b->attached.next = vm->attached;
	vm->attached = &b->attached;
	return b;
}

static void bar_access(struct vcpu *v, void *opaque, uint64_t offset,
		       void *data, unsigned int bytes, bool write)
{
	struct pci_function *f = opaque;
	uint32_t value = 0;

	(void)v;
	if (!write)
		memset(data, 0, bytes);
	if (bytes > 4)
		return;
	/* Memory that is switched off is not there. */
	if (!(f->config[PCI_COMMAND] & 2)) {
		if (!write)
			memset(data, 0xff, bytes);
		return;
	}
	if (write) {
		memcpy(&value, data, bytes);
		pci_bar_write(f, offset, bytes, value);
	} else {
		value = pci_bar_read(f, offset, bytes);
		memcpy(data, &value, bytes);
	}
}

/* One eventfd for each queue's word: 16 bits, whatever is written. */
static int doorbells_create(struct pci_function *f, struct error *e)
{
	struct virtio_device *d = f->device;

	for (unsigned int i = 0; i < d->queues; i++) {
		struct kvm_ioeventfd io = {
			.addr = f->bar_gpa + PCI_PAGE_NOTIFY +
				PCI_NOTIFY_STEP * i,
			.len = 2, .fd = d->queue[i].bell,
		};
		int rc = KVM_IOCTL(d->vm->fd, KVM_IOEVENTFD, &io, e);

		if (rc < 0)
			return rc;
	}
	return 0;
}

static void function_destroy(struct vm_attached *a)
{
	struct virtio_device *d = (struct virtio_device *)a;
	struct pci_function *f = d->transport;
	struct msix msix = f->msix;

	/* The vectors end when nobody signals them any more. */
	atomic_store(&d->irqfd, -1);
	virtio_device_destroy(d);
	msix_destroy(&msix);
	free(f);
}

static int function_plug(struct pci_function *f, struct bus *b, struct vm *vm,
			 const struct virtio_plug *plug, struct error *e)
{
	struct virtio_device *d = f->device;
	struct virtio_plug quiet = *plug;
	int rc;

	if (b->functions == PCI_SLOTS)
		return error_set(e, -ENOSPC, "the PCI bus has room for %u "
				 "devices", PCI_SLOTS);
	f->bar_gpa = PCI_BAR_GPA + (uint64_t)PCI_BAR_BYTES * b->functions;
	for (unsigned int i = 0; plug->interrupts && i < b->functions; i++)
		if (b->function[i]->msix.vectors)
			return error_set(e, -EBUSY, "another PCI device of "
					 "this VM has the vectors already");
	virtio_status_write(d, 0);
	quiet.interrupts = false;
	rc = virtio_device_plug(d, vm, &quiet, e);
	if (rc)
		return rc;
	if (plug->interrupts)
		rc = msix_create(&f->msix, vm, d->queues + 1, e);
	if (!rc && plug->notify != VIRTIO_NOTIFY_EXIT)
		rc = doorbells_create(f, e);
	if (!rc)
		rc = range_claim(&vm->mmio, f->bar_gpa, PCI_BAR_BYTES,
				 bar_access, f, e);
	return rc;
}

int virtio_pci_attach(struct virtio_device *d, struct vm *vm,
		      const struct virtio_plug *plug, struct error *e)
{
	struct pci_function *f = calloc(1, sizeof(*f));
	struct bus *b = f ? bus_find(vm, e) : NULL;
	int rc;

	if (!b) {
		free(f);
		virtio_device_destroy(d);
		return -ENOMEM;
	}
	f->device = d;
	d->transport = f;
	d->attached.destroy = function_destroy;
	f->config_vector = VIRTIO_PCI_NO_VECTOR;
	for (unsigned int i = 0; i < VIRTIO_QUEUES_MAX; i++)
		f->queue_vector[i] = VIRTIO_PCI_NO_VECTOR;
	rc = function_plug(f, b, vm, plug, e);
	if (rc) {
		function_destroy(&d->attached);
		return rc;
	}
	pci_config_make(f);
	b->function[b->functions++] = f;
	d->attached.next = vm->attached;
	vm->attached = &d->attached;
	return 0;
}
