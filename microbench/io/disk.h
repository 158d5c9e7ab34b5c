/*
 * What the block benches share: a virtio disk plugged into the bench's own
 * VM, and its driver in the guest.
 *
 * An operation is a run of requests, of which `depth` are always under way:
 * whenever some are done as many new ones take their place, told by one kick,
 * until the run is through and all are answered. The guest polls the ring, or
 * waits for the interrupt, at CPL3, where every KVM lets the CPU itself run.
 */
#ifndef VMGAUGE_IO_DISK_H
#define VMGAUGE_IO_DISK_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "item_host.h"
#include "kvm/ioctl.h"
#include "kvm/virtio/blk.h"
#include "kvm/virtio/mmio.h"

#define DISK_BYTES	(32ull << 20)
#define DISK_DATA_GPA	(ABI_SCRATCH_GPA + (1ull << 20))

/* Host: the disk, and what its device had used when the batch began. */
struct disk {
	struct virtio_device *device;	/* the VM's */
	struct virtio_stats before;
};

/* Where a file would be on a disk, if there is one. */
__host const char *disk_directory(void)
{
	const char *dir = getenv("TMPDIR");

	if (dir)
		return dir;
	return access("/var/tmp", W_OK) ? "/tmp" : "/var/tmp";
}

/* A file of our own with something in every block of it, nameless soon. */
__host int disk_file_make(char *path, size_t bytes, struct error *e)
{
	const size_t chunk = 1 << 20;
	char *fill = malloc(chunk);
	int fd, rc = 0;

	snprintf(path, bytes, "%s/vmgauge-disk-XXXXXX", disk_directory());
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0 || !fill) {
		rc = error_set(e, -errno, "%s: %s", path, strerror(errno));
		goto out;
	}
	memset(fill, 0x5a, chunk);
	for (uint64_t at = 0; at < DISK_BYTES && !rc; at += chunk)
		if (pwrite(fd, fill, chunk, (off_t)at) != (ssize_t)chunk)
			rc = error_set(e, -ENOSPC, "%s: cannot write %llu MiB",
				       path, DISK_BYTES >> 20);
	if (!rc && fsync(fd))
		rc = error_set(e, -errno, "%s: %s", path, strerror(errno));
	if (rc)
		unlink(path);
out:
	if (fd >= 0)
		close(fd);
	free(fill);
	return rc;
}

/* Plugs a disk in. What this host has not is the row's skip. */
__host int disk_plug(struct item_host *h, enum blk_backend_kind backend,
		     enum virtio_notify notify, bool interrupts)
{
	bool file = backend == BLK_FILE || backend == BLK_FILE_DIRECT;
	const struct virtio_plug plug = {
		.notify = notify, .interrupts = interrupts,
		.pu = h->bystander_pu,
	};
	char path[256] = "";
	const struct blk_config config = {
		.backend = backend, .bytes = DISK_BYTES, .path = path,
	};
	struct disk *disk = calloc(1, sizeof(*disk));
	struct error e = { "out of memory for a disk" };
	int rc = disk ? 0 : -ENOMEM;

	h->opaque = disk;
	if (!rc && file)
		rc = disk_file_make(path, sizeof(path), &e);
	if (!rc) {
		disk->device = virtio_blk_create(&config, &e);
		rc = disk->device ? virtio_mmio_attach(disk->device, h->vm,
						       VIRTIO_MMIO_GPA, &plug,
						       &e) : -EIO;
		if (file)
			unlink(path);
	}
	/* Pages of its own, and not that of zeroes, are what it reads. */
	if (!rc && backend == BLK_MEMORY)
		memset(virtio_blk_memory(disk->device), 0x5a, DISK_BYTES);
	if (rc)
		host_verdict(h, backend == BLK_FILE_DIRECT ? ABI_SKIP :
			     ABI_ERROR, e.text);
	return 0;
}

__host void disk_unplug(struct item_host *h)
{
	free(h->opaque);		/* the device itself is the VM's */
	h->opaque = NULL;
}

/* Nothing failed that the guest did not see, and none is left over. */
__host int disk_verify(struct item_host *h)
{
	const struct disk *disk = h->opaque;

	if (!virtio_blk_errors(disk->device) &&
	    !(virtio_status_read(disk->device) & VIRTIO_NEEDS_RESET))
		return 0;
	host_verdict(h, ABI_ERROR, "the disk had errors");
	return -EIO;
}

__host int disk_cost_rewind(struct item_host *h)
{
	struct disk *disk = h->opaque;

	virtio_device_stats(disk->device, &disk->before);
	return 0;
}

/*
 * Puts the CPU time of the device's thread in place of the batch's length, in
 * cycles of the guest's TSC, since that is what a block is measured in.
 */
__host int disk_cost_verify(struct item_host *h)
{
	struct abi_mailbox *mb = h->mailbox;
	uint32_t i = mb->blocks_done;
	struct disk *disk = h->opaque;
	struct virtio_stats now;
	int khz = kvm_call_raw(h->vcpu->fd, KVM_GET_TSC_KHZ, 0);

	if (khz <= 0 || i >= ABI_BLOCKS_MAX)
		return -EIO;
	virtio_device_stats(disk->device, &now);
	mb->block[i].begin_tsc = 0;
	mb->block[i].end_tsc = (now.cpu_ns - disk->before.cpu_ns) *
			       (uint64_t)khz / 1000000;
	return disk_verify(h);
}

#endif
