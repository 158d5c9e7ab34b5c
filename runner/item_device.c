/*
 * The device that behaves as memory; see item_host.h.
 */
#include <stdlib.h>
#include <string.h>

#include "item_host.h"
#include "kvm/vm.h"

struct memory_device {
	struct vm_attached attached;
	uint8_t byte[ABI_DEVICE_BYTES];
};

static void memory_access(struct vcpu *v, void *opaque, uint64_t offset,
			  void *data, unsigned int bytes, bool write)
{
	struct memory_device *d = opaque;

	(void)v;
	if (offset + bytes > sizeof(d->byte))
		return;
	if (write)
		memcpy(d->byte + offset, data, bytes);
	else
		memcpy(data, d->byte + offset, bytes);
}

static void memory_destroy(struct vm_attached *a)
{
	free(a);		/* the first of its struct */
}

void host_memory_device(struct item_host *h)
{
	struct memory_device *d = calloc(1, sizeof(*d));
	struct error e = { "" };

	if (!d) {
		host_verdict(h, ABI_ERROR, "out of memory for a device");
		return;
	}
	d->attached.destroy = memory_destroy;
	d->attached.next = h->vm->attached;
	h->vm->attached = &d->attached;
	host_said(h, range_claim(&h->vm->mmio, ABI_DEVICE_GPA,
				 ABI_DEVICE_BYTES, memory_access, d, &e), &e);
}
