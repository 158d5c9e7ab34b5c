/*
 * The MMIO transport, version 2: a page of registers where no memslot is.
 *
 * Source: VIRTIO 1.2, 4.2 Virtio Over MMIO.
 */
#ifndef VMGAUGE_KVM_VIRTIO_MMIO_H
#define VMGAUGE_KVM_VIRTIO_MMIO_H

#include "kvm/virtio/device.h"

/*
 * Puts the device at `gpa` and makes it the VM's: whatever comes out, it is
 * destroyed with the VM or, on failure, here. Before the guest runs.
 */
int virtio_mmio_attach(struct virtio_device *d, struct vm *vm, uint64_t gpa,
		       const struct virtio_plug *plug, struct error *e);

/* The registers, as a vCPU's thread reaches them; for tests. */
uint32_t virtio_mmio_read(struct virtio_device *d, uint64_t offset);
void virtio_mmio_write(struct virtio_device *d, uint64_t offset,
		       uint32_t value);

#endif
