/*
 * A virtio network device whose queues the host's kernel serves (vhost-net),
 * from and to a TAP.
 *
 * Features and status are negotiated here; from DRIVER_OK until a reset the
 * rings are the kernel's, which hears the doorbells itself. One pair of split
 * queues, and a driver that polls: interrupts are not passed on.
 */
#ifndef VMGAUGE_KVM_VIRTIO_NET_VHOST_H
#define VMGAUGE_KVM_VIRTIO_NET_VHOST_H

#include "kvm/virtio/device.h"

/* At a TAP of that name. NULL with the reason: the host may have none such. */
struct virtio_device *net_vhost_create(const char *name, struct error *e);

#endif
