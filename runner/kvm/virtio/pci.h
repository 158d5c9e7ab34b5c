/*
 * The PCI transport: a modern virtio device as a function on bus 0, with its
 * structures in one memory BAR, which lies where it is put and cannot be
 * moved: a driver that sizes it is told, and finds it where it was.
 *
 * Configuration space is reached by mechanism #1 (ports CF8 and CFC). There is
 * no INTx: interrupts are MSI-X, each vector an irqfd, where the plug asks for
 * them and the VM has an irqchip; a vector's route is made from the table that
 * the driver writes. One device of a VM can have vectors.
 *
 * Source: VIRTIO 1.2, 4.1 Virtio Over PCI Bus; PCI Local Bus 3.0, 6 and 6.8.
 */
#ifndef VMGAUGE_KVM_VIRTIO_PCI_H
#define VMGAUGE_KVM_VIRTIO_PCI_H

#include "kvm/virtio/device.h"

#define PCI_BAR_GPA	0xd0100000ull	/* of slot 0; then one behind the other */
#define PCI_BAR_BYTES	0x8000u
#define PCI_SLOTS	4u		/* device numbers 1 to 4 */

/*
 * As virtio_mmio_attach(): the device is the VM's, or destroyed. It takes the
 * next free slot.
 */
int virtio_pci_attach(struct virtio_device *d, struct vm *vm,
		      const struct virtio_plug *plug, struct error *e);

#endif
