/*
 * Guest memory as a device sees it: the one way from a GPA to an HVA.
 *
 * The map is a copy of the VM's memslots as they were when it was taken, so
 * that a device's thread reads nothing that a vCPU's thread may change. Slots
 * must not be removed while a device that uses them lives.
 */
#ifndef VMGAUGE_KVM_VIRTIO_MEMORY_H
#define VMGAUGE_KVM_VIRTIO_MEMORY_H

#include <stdint.h>

struct vm;

#define VIRTIO_PARTS_MAX	16

struct virtio_memory {
	struct virtio_part {
		uint64_t gpa, bytes;
		uint8_t *hva;
	} part[VIRTIO_PARTS_MAX];
	unsigned int parts;
};

/* All that the guest may write, too: slots that are not read-only. */
void virtio_memory_take(struct virtio_memory *m, const struct vm *vm);

/*
 * HVA of [gpa, gpa + bytes), which must lie inside one slot; NULL otherwise,
 * also for no bytes and for a range that wraps.
 */
void *virtio_memory_at(const struct virtio_memory *m, uint64_t gpa,
		       uint64_t bytes);

#endif
