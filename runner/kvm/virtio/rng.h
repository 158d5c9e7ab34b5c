/*
 * The virtio entropy device: buffers filled by the host's getrandom().
 *
 * A request gets at most 64 KiB, as the standard allows, so that none takes
 * the device away from the others. Source: VIRTIO 1.2, 5.4 Entropy Device.
 */
#ifndef VMGAUGE_KVM_VIRTIO_RNG_H
#define VMGAUGE_KVM_VIRTIO_RNG_H

#include "kvm/virtio/device.h"

#define RNG_REQUEST_MAX		65536u

/* NULL with the reason. */
struct virtio_device *virtio_rng_create(struct error *e);

#endif
