/*
 * How a completion's interrupt gets to the guest: by a write to an irqfd, or
 * by a system call that names the message.
 *
 * An irqfd is a file that KVM listens to, whose route it has looked up before;
 * KVM_SIGNAL_MSI looks for its target each time. Both are one system call of
 * the device's thread for a request.
 */
#define _GNU_SOURCE 1		/* for files, where the flags lack it */
#include "suite.h"
#include "disk.h"
#include "disk_guest.h"

#define COMPLETION_BYTES	4096u

__host int completion_plug(struct item_host *h, bool signals)
{
	const struct virtio_plug plug = {
		.interrupts = true, .signals = signals, .pu = h->bystander_pu,
	};
	struct disk *disk = calloc(1, sizeof(*disk));
	struct error e = { "out of memory for a disk" };
	int rc = -ENOMEM;

	h->opaque = disk;
	if (disk)
		disk->device = disk_create(&h->bench->load, &e);
	if (disk && disk->device)
		rc = virtio_mmio_attach(disk->device, h->vm, VIRTIO_MMIO_GPA,
					&plug, &e);
	return host_said(h, rc, &e);
}

__host int irqfd_plug(struct item_host *h)
{
	return completion_plug(h, false);
}

__host int signal_plug(struct item_host *h)
{
	return completion_plug(h, true);
}

#define COMPLETION(id, text, plug_)					\
	BENCH(id,							\
		.summary = "a 4 KiB read of a null disk, its completion " text,	\
		.reading = "The guest waits at CPL3 with interrupts on. Compare both rows: all "	\
			   "else is the same.",				\
		.cite = "Linux, Documentation/virt/kvm/api.rst: KVM_IRQFD, KVM_SIGNAL_MSI", \
		.per = "request",					\
		.rings = RING3,						\
		.needs = NEED_VMM | NEED_SCRATCH | NEED_PREEMPTION | NEED_IRQCHIP, \
		.load.way = LOAD_READ,					\
		.load.backend = LOAD_NULL,				\
		.load.bytes = COMPLETION_BYTES,				\
		.load.depth = 1,					\
		.load.requests = 1,					\
		.load.interrupts = true,				\
		.setup = GUEST(run_setup),				\
		.rewind = GUEST(load_rewind),				\
		.op = GUEST(run_op),					\
		.teardown = GUEST(run_teardown),			\
		.host_setup = HOST(plug_),				\
		.host_rewind = HOST(disk_rewind),			\
		.host_verify = HOST(disk_verify),			\
		.host_teardown = HOST(disk_unplug),			\
		.exits = EXITS_RANGE(0, 8, 2))

COMPLETION(blk_irq_by_irqfd, "by an irqfd", irqfd_plug);
COMPLETION(blk_irq_by_ioctl, "by KVM_SIGNAL_MSI", signal_plug);
