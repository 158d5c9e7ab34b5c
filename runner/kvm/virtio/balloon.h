/*
 * The virtio balloon: pages that the guest gives away, by inflating or by
 * reporting that they are free, go back to the host.
 *
 * Both are wishes of the guest about its own memory: each page is checked to
 * be in it, whole pages only, and what cannot be given back stays. A page that
 * was given back reads as zeroes when it is touched again, which the standard
 * leaves open. Source: VIRTIO 1.2, 5.5 Traditional Memory Balloon Device.
 */
#ifndef VMGAUGE_KVM_VIRTIO_BALLOON_H
#define VMGAUGE_KVM_VIRTIO_BALLOON_H

#include "kvm/virtio/device.h"

/* NULL with the reason. */
struct virtio_device *virtio_balloon_create(struct error *e);

/* Asks the guest for so many pages: num_pages, and a configuration change. */
void virtio_balloon_ask(struct virtio_device *d, uint32_t pages);

struct balloon_counts {
	uint64_t inflated, deflated;	/* pages that the guest named */
	uint64_t reported_bytes;
	uint64_t returned_bytes;	/* that the host took back */
	uint64_t refused;		/* pages that are none of the guest's */
	uint32_t actual;		/* what the guest says it gave */
};

void virtio_balloon_counts(const struct virtio_device *d,
			   struct balloon_counts *c);

#endif
