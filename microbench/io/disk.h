/*
 * What the block benches share on the host: a virtio disk plugged into the
 * bench's own VM, as its load says, and what that costs in CPU time.
 */
#ifndef VMGAUGE_IO_DISK_H
#define VMGAUGE_IO_DISK_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/disk_file.h"
#include "item_host.h"
#include "kvm/virtio/blk.h"
#include "kvm/virtio/mmio.h"
#include "kvm/virtio/pci.h"
#include "price.h"
#include "target/target.h"

#define DISK_DATA_GPA	(ABI_SCRATCH_GPA + (1ull << 20))

/* Host: the disk, and when the batch began. */
struct disk {
	struct virtio_device *device;	/* the VM's */
	struct price_from from;
};

__host enum blk_backend_kind disk_backend(const struct load *l)
{
	static const enum blk_backend_kind kind[LOAD_BACKENDS] = {
		[LOAD_NULL] = BLK_NULL, [LOAD_MEMORY] = BLK_MEMORY,
		[LOAD_FILE] = BLK_FILE, [LOAD_DIRECT] = BLK_FILE_DIRECT,
	};

	return kind[l->backend];
}

__host bool load_in_file(const struct load *l)
{
	return l->backend == LOAD_FILE || l->backend == LOAD_DIRECT;
}

__host struct virtio_device *disk_create(const struct load *l, struct error *e)
{
	char path[DISK_FILE_PATH_BYTES] = "";
	const struct blk_config config = {
		.backend = disk_backend(l), .bytes = LOAD_DISK_BYTES,
		.path = path, .queues = load_queues(l),
	};
	struct virtio_device *d;

	if (load_in_file(l) && disk_file(path, e) < 0)
		return NULL;
	d = virtio_blk_create(&config, e);
	/* Pages of its own, and not that of zeroes, are what it reads. */
	if (d && l->backend == LOAD_MEMORY)
		memset(virtio_blk_memory(d), 0x5a, LOAD_DISK_BYTES);
	return d;
}

__host int disk_plug(struct item_host *h)
{
	static const enum virtio_notify notify[LOAD_DOORBELLS] = {
		[LOAD_IOEVENTFD] = VIRTIO_NOTIFY_IOEVENTFD,
		[LOAD_ASLEEP] = VIRTIO_NOTIFY_IOEVENTFD,
		[LOAD_EXIT] = VIRTIO_NOTIFY_EXIT,
		[LOAD_POLL] = VIRTIO_NOTIFY_POLL,
	};
	const struct load *l = &h->bench->load;
	const struct virtio_plug plug = {
		.notify = notify[l->doorbell], .interrupts = l->interrupts,
		.pu = h->bystander_pu, .queue_pu = h->worker_pu,
		.queue_pus = h->workers, .drowsy = l->doorbell == LOAD_ASLEEP,
	};
	struct disk *disk = calloc(1, sizeof(*disk));
	struct error e = { "out of memory for a disk" };
	int rc = -ENOMEM;

	h->opaque = disk;
	if (disk)
		disk->device = disk_create(l, &e);
	if (disk && disk->device)
		rc = l->pci ? virtio_pci_attach(disk->device, h->vm, &plug,
						&e) :
		     virtio_mmio_attach(disk->device, h->vm, VIRTIO_MMIO_GPA,
					&plug, &e);
	return host_said(h, rc, &e);
}

__host void disk_unplug(struct item_host *h)
{
	free(h->opaque);		/* the device itself is the VM's */
	h->opaque = NULL;
}

__host int disk_rewind(struct item_host *h)
{
	struct disk *disk = h->opaque;
	struct virtio_stats now;

	virtio_device_stats(disk->device, &now);
	price_begin(&disk->from, now.served);
	return 0;
}

/* Nothing failed that the guest did not see; and what the block cost. */
__host int disk_verify(struct item_host *h)
{
	const struct disk *disk = h->opaque;
	struct virtio_stats now;

	virtio_device_stats(disk->device, &now);
	price_end(h, &disk->from, now.served);
	if (virtio_blk_errors(disk->device) ||
	    virtio_status_read(disk->device) & VIRTIO_NEEDS_RESET) {
		host_verdict(h, ABI_ERROR, "the disk had errors");
		return -EIO;
	}
	return 0;
}

#define NO_FILES	"with --confine no file can be opened, a disk's neither"

/* Why a row cannot be, as its skip; what is in a file needs the file. */
__host const char *file_missing(struct target_context *ctx)
{
	struct error e;

	if (ctx->confine_all)
		return NO_FILES;
	if (disk_file(NULL, &e) >= 0)
		return NULL;
	snprintf(ctx->why, sizeof(ctx->why), "%.199s", e.text);
	return ctx->why;
}

__host const char *direct_missing(struct target_context *ctx)
{
	struct error e;

	if (ctx->confine_all)
		return NO_FILES;
	if (!disk_file_direct(&e))
		return NULL;
	snprintf(ctx->why, sizeof(ctx->why), "%.199s", e.text);
	return ctx->why;
}

#define QUICK	"with --quick a few disks and depths stand for all"

__host const char *quick_missing(struct target_context *ctx)
{
	return ctx->quick ? QUICK : NULL;
}

__host const char *quick_file_missing(struct target_context *ctx)
{
	return ctx->quick ? QUICK : file_missing(ctx);
}

__host const char *quick_direct_missing(struct target_context *ctx)
{
	return ctx->quick ? QUICK : direct_missing(ctx);
}

#endif
