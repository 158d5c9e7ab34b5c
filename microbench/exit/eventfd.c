/*
 * ioeventfd: the doorbell of every virtio device whose back end is another
 * thread.
 *
 * The write ends in the kernel, which adds one to an eventfd's count and goes
 * back to the guest. A wildcard takes any value; datamatch takes one value,
 * so that the queues of a device can share an address, and is one comparison
 * dearer. Nobody waits on the eventfds here: waking somebody is not the
 * exit's cost.
 */
#include "suite.h"

__guest void ioeventfd_pio_op(void)
{
	outl(ABI_PORT_EVENTFD, 0);
}

__guest void ioeventfd_pio_datamatch_op(void)
{
	outl(ABI_PORT_EVENTFD_MATCH, ABI_DATAMATCH);
}

__guest void ioeventfd_mmio_op(void)
{
	mmio_write32(ABI_MMIO_GPA + ABI_MMIO_EVENTFD, 0);
}

__guest void ioeventfd_mmio_datamatch_op(void)
{
	mmio_write32(ABI_MMIO_GPA + ABI_MMIO_EVENTFD_MATCH, ABI_DATAMATCH);
}

#define CITE_EVENTFD "Linux, KVM API, KVM_IOEVENTFD"

BENCH(ioeventfd_pio,
	.summary = "OUT that signals an eventfd, any value",
	.reading = "A doorbell that does not leave the kernel; compare pio_userspace, which does.",
	.cite = CITE_EVENTFD,
	.vmexit_name = "portio-wildcard-eventfd:pci-io",
	.rings = RING0 | RING3,
	.needs = NEED_IOEVENTFD,
	.op = GUEST(ioeventfd_pio_op),
	.exits = EXITS(1, 0),
);

BENCH(ioeventfd_pio_datamatch,
	.summary = "OUT that signals an eventfd, one value",
	.reading = "As ioeventfd_pio with a comparison; a visible difference is worth a look.",
	.cite = CITE_EVENTFD,
	.vmexit_name = "portio-datamatch-eventfd:pci-io",
	.rings = RING0 | RING3,
	.needs = NEED_IOEVENTFD,
	.op = GUEST(ioeventfd_pio_datamatch_op),
	.exits = EXITS(1, 0),
);

BENCH(ioeventfd_mmio,
	.summary = "MMIO write that signals an eventfd, any value",
	.reading = "The usual virtio doorbell. The difference to ioeventfd_pio is the "
		   "instruction that has to be decoded.",
	.cite = CITE_EVENTFD,
	.vmexit_name = "mmio-wildcard-eventfd:pci-mem",
	.rings = RING0 | RING3,
	.needs = NEED_IOEVENTFD,
	.op = GUEST(ioeventfd_mmio_op),
	.exits = EXITS(1, 0),
);

BENCH(ioeventfd_mmio_datamatch,
	.summary = "MMIO write that signals an eventfd, one value",
	.reading = "As ioeventfd_mmio with a comparison.",
	.cite = CITE_EVENTFD,
	.vmexit_name = "mmio-datamatch-eventfd:pci-mem",
	.rings = RING0 | RING3,
	.needs = NEED_IOEVENTFD,
	.op = GUEST(ioeventfd_mmio_datamatch_op),
	.exits = EXITS(1, 0),
);
