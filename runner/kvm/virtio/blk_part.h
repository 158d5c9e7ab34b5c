/*
 * Inside blk*.c: the block device as its parts see it.
 */
#ifndef VMGAUGE_KVM_VIRTIO_BLK_PART_H
#define VMGAUGE_KVM_VIRTIO_BLK_PART_H

#include "kvm/virtio/blk.h"

struct blk {
	struct virtio_device device;	/* first */
	struct blk_config config;
	struct virtio_blk_config space;	/* what the driver reads */
	uint8_t *memory;		/* BLK_MEMORY */
	int fd, direct_fd;		/* of a file, else -1 */
	bool no_uring;
	char note[200];
	atomic_ulong errors;
};

static inline struct blk *blk_of(const struct virtio_device *d)
{
	return (struct blk *)d;
}

/* blk.c: what serves; blk_create.c: what makes and ends. */
extern const struct virtio_device_ops blk_ops;
const void *blk_config_space(const struct virtio_device *d);
void blk_destroy(struct virtio_device *d);

#endif
