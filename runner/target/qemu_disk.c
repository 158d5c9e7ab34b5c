/*
 * The disk of a bench or a probe, as QEMU's own device: virtio-blk on virtio-mmio
 * in the machine "microvm", and on PCI in "q35". QEMU gets what it is best with: a
 * thread of its own for the disk where the accelerator has ioeventfds, and io_uring.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/disk_file.h"
#include "target/qemu.h"

#define DISK_FILE_NAME	"/dev/fd/5"	/* behind the image, emulator_file() */

static bool has_iothread(const struct qemu *q)
{
	return !q->main_loop && !strcmp(q->accel, "kvm");
}

/* A file in memory stands for memory: QEMU has no backend that is just that. */
static int memory_fd(struct error *e)
{
	static char chunk[1 << 20];
	int fd = memfd_create("vmgauge-disk", MFD_CLOEXEC);

	if (fd < 0)
		return error_set(e, -errno, "a disk in memory: %s",
				 strerror(errno));
	memset(chunk, 0x5a, sizeof(chunk));
	for (uint64_t at = 0; at < LOAD_DISK_BYTES; at += sizeof(chunk))
		if (write(fd, chunk, sizeof(chunk)) != sizeof(chunk)) {
			close(fd);
			return error_set(e, -ENOMEM, "out of memory for a "
					 "disk of %llu MiB",
					 LOAD_DISK_BYTES >> 20);
		}
	return fd;
}

/* Its fd under a number that the child gives no file of its own. */
static int backend_fd(const struct load *l, struct error *e)
{
	static int memory = -1, file = -1;

	if (l->backend == LOAD_MEMORY) {
		if (memory < 0)
			memory = emulator_fd(memory_fd(e));
		return memory;
	}
	if (file < 0) {
		int fd = disk_file(NULL, e);

		file = fd < 0 ? fd : emulator_fd(dup(fd));
	}
	return file;
}

int qemu_disk(const struct qemu *q, const struct load *l,
	      struct qemu_words *words, struct emulator_command *c,
	      struct error *e)
{
	bool direct = l->backend == LOAD_DIRECT;
	int fd;

	if (l->backend == LOAD_NULL) {
		snprintf(words->backend, sizeof(words->backend), "driver=null-co,"
			 "node-name=disk,read-zeroes=off,size=%llu",
			 LOAD_DISK_BYTES);
	} else {
		fd = backend_fd(l, e);
		if (fd < 0)
			return fd;
		emulator_file(c, fd);
		snprintf(words->backend, sizeof(words->backend), "driver=file,"
			 "node-name=disk,filename=" DISK_FILE_NAME ",locking=off,"
			 "aio=%s,cache.direct=%s",
			 l->backend == LOAD_MEMORY ? "threads" : "io_uring",
			 direct ? "on" : "off");
	}
	snprintf(words->device, sizeof(words->device), "virtio-blk-%s,"
		 "drive=disk,packed=on,num-queues=%u,serial=" LOAD_DISK_ID "%s",
		 strcmp(q->machine, "microvm") ? "pci,disable-legacy=on" :
		 "device", load_queues(l), has_iothread(q) ? ",iothread=disk0" : "");
	if (has_iothread(q)) {
		emulator_argument(c, "-object");
		emulator_argument(c, "iothread,id=disk0");
	}
	emulator_argument(c, "-global");
	emulator_argument(c, "virtio-mmio.force-legacy=false");
	emulator_argument(c, "-blockdev");
	emulator_argument(c, words->backend);
	emulator_argument(c, "-device");
	emulator_argument(c, words->device);
	return 0;
}
