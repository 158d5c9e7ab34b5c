/*
 * The virtio console: one port, whose output goes nowhere or comes back as its
 * input, which is all that a bench or a probe needs of one.
 *
 * What comes back waits in 64 KiB; when they are full, output waits in its
 * queue, and nothing is lost. Source: VIRTIO 1.2, 5.3 Console Device.
 */
#ifndef VMGAUGE_KVM_VIRTIO_CONSOLE_H
#define VMGAUGE_KVM_VIRTIO_CONSOLE_H

#include "kvm/virtio/device.h"

/* NULL with the reason. */
struct virtio_device *virtio_console_create(bool echoes, struct error *e);

/* Bytes that the guest has put out so far. */
uint64_t virtio_console_bytes(const struct virtio_device *d);

#endif
