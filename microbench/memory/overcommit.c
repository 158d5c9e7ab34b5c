/*
 * More guest memory than there is: what a page costs that has to come back
 * from swap, and what is left of a guest's throughput as its memory outgrows
 * the limit of its cgroup.
 *
 * Swap is compressed memory (zram), so that no disk is measured, and holds
 * noise, so that there is something to compress. The guest writes pages in
 * random order: the least recently used one is no longer the next.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/change.h"
#include "host/group.h"
#include "host/sysfile.h"
#include "item_host.h"
#include "suite.h"
#include "target/target.h"

#define ZRAM_BYTES	(128ull << 20)
#define SWAP_BYTES	(4ull << 20)
/* A CPU keeps its newest pages to itself, and from another's reclaim. */
#define SWAP_PAGES	(SWAP_BYTES / 4096 - 64)
#define GUEST_BYTES	(16ull << 20)
#define PAGE_BYTES	4096ull
#define PAGEMAP_SWAPPED	(1ull << 62)
#define TRIES		20

static uint64_t swap_at, swap_value, swap_random;

__guest void swap_rewind(void)
{
	swap_at = ABI_ARENA_VA;
	swap_value++;
}

__guest void swap_touch(void)
{
	*(volatile uint64_t *)swap_at = swap_value;
	swap_at += PAGE_BYTES;
}

/* Every page once, so that later faults are those of memory that went. */
__guest void random_prepare(void)
{
	swap_random = mailbox->seed | 1;
	for (uint64_t at = 0; at < GUEST_BYTES; at += PAGE_BYTES)
		*(volatile uint64_t *)(ABI_ARENA_VA + at) = at;
}

__guest void random_setup(void)
{
	ring3_call(random_prepare);
}

__guest void random_touch(void)
{
	swap_random ^= swap_random << 13;
	swap_random ^= swap_random >> 7;
	swap_random ^= swap_random << 17;
	*(volatile uint64_t *)(ABI_ARENA_VA + swap_random % GUEST_BYTES /
			       PAGE_BYTES * PAGE_BYTES) = swap_random;
}

/* "/sys/block/zramN" of the first that nobody has given a size. */
__host bool zram_idle(char path[32])
{
	long long size;

	for (int i = 0; i < 16; i++) {
		char file[64];

		snprintf(path, 32, "/sys/block/zram%d", i);
		snprintf(file, sizeof(file), "%s/disksize", path);
		if (!sysfile_number("", file, &size) && !size)
			return true;
	}
	return false;
}

__host const char *swap_unavailable(struct target_context *ctx)
{
	char path[32];

	if (!zram_idle(path))
		return "there is no idle zram device to swap to: modprobe zram";
	return target_no_changes(ctx, "up swap on a zram device");
}

__host const char *group_unavailable(struct target_context *ctx)
{
	const char *why = swap_unavailable(ctx);

	return why ? why : group_impossible(ctx->why, sizeof(ctx->why));
}

/* An empty swap area, as mkswap(8) makes it. */
__host int swap_format(const char *device, struct error *e)
{
	static const uint32_t info[] = { 1, ZRAM_BYTES / PAGE_BYTES - 1, 0 };
	uint8_t page[PAGE_BYTES] = { 0 };
	int fd = open(device, O_RDWR | O_CLOEXEC), rc = 0;

	if (fd < 0)
		return error_set(e, -errno, "%s: %s", device, strerror(errno));
	memcpy(page + 1024, info, sizeof(info));
	memcpy(page + PAGE_BYTES - 10, "SWAPSPACE2", 10);
	if (pwrite(fd, page, sizeof(page), 0) != (ssize_t)sizeof(page) ||
	    fsync(fd))
		rc = error_set(e, -EIO, "%s: cannot be written", device);
	close(fd);
	return rc;
}

__host int zram_setup(struct item_host *h, struct error *e)
{
	char path[32], device[32];
	int rc;

	if (!zram_idle(path))
		return error_set(e, -EBUSY, "no zram device is idle any more");
	snprintf(device, sizeof(device), "/dev%s", strrchr(path, '/'));
	rc = change_zram(h->changes, path, ZRAM_BYTES, e);
	if (!rc)
		rc = swap_format(device, e);
	return rc ? rc : change_swap_on(h->changes, device, e);
}

__host void noise_fill(struct item_host *h)
{
	uint64_t x = 88172645463325252ull;

	for (uint64_t at = 0; at < h->arena_bytes; at += 8) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		*(uint64_t *)(h->arena + at) = x;
	}
}

__host int swap_setup(struct item_host *h)
{
	struct error e;
	int rc = zram_setup(h, &e);

	if (rc)
		return host_said(h, rc, &e);
	noise_fill(h);
	return 0;
}

/* The guest is done with its memory: nothing has to be swapped in again. */
__host void swap_teardown(struct item_host *h)
{
	madvise(h->arena, h->arena_bytes, MADV_DONTNEED);
	if (!h->changes)
		return;
	group_leave();
	changes_restore(h->changes, NULL, NULL);
}

__host bool all_swapped(const struct item_host *h)
{
	uint64_t entry[SWAP_PAGES];
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = pread(fd, entry, sizeof(entry),
		  (off_t)((uintptr_t)h->arena / PAGE_BYTES * sizeof(entry[0])));
	close(fd);
	if (n != (ssize_t)sizeof(entry))
		return false;
	for (size_t i = 0; i < SWAP_PAGES; i++)
		if (!(entry[i] & PAGEMAP_SWAPPED))
			return false;
	return true;
}

__host int swapped_rewind(struct item_host *h)
{
	for (int i = 0; i < TRIES; i++) {
		if (madvise(h->arena, h->arena_bytes, MADV_PAGEOUT))
			return -errno;
		if (all_swapped(h))
			return 0;
		usleep(1000);
	}
	host_verdict(h, ABI_ERROR, "the kernel does not swap all pages out when it is told to");
	return -EBUSY;
}

BENCH(swap_in,
	.summary = "First write to a 4 KiB page that is swapped out to zram",
	.reading = "The fault, the page's decompression and its mapping: compare fault_write_4k.",
	.cite = "Linux, admin-guide/blockdev/zram; madvise(2), MADV_PAGEOUT",
	.rings = RING0 | RING3,
	.needs = NEED_VMM,
	.max_ops = SWAP_PAGES,
	.max_instances = 5,
	.arena = { .bytes = SWAP_BYTES },
	.unavailable = HOST(swap_unavailable),
	.host_setup = HOST(swap_setup),
	.host_teardown = HOST(swap_teardown),
	.host_rewind = HOST(swapped_rewind),
	.rewind = GUEST(swap_rewind),
	.op = GUEST(swap_touch),
	.exits = EXITS(1, 0),
	.maps = MAPS_4K(1),
);

/* Within a limit, so that the guest's pages are charged to it. */
__host int limited_setup(struct item_host *h, uint64_t limit)
{
	struct error e;
	int rc = zram_setup(h, &e);

	if (!rc)
		rc = group_enter(h->changes, limit, &e);
	if (rc)
		return host_said(h, rc, &e);
	noise_fill(h);
	return 0;
}

/* A miss is one exit, or two where reclaim crosses it. */
#define OVERCOMMIT(percent, text, max)					\
	__host int limited_##percent(struct item_host *h)		\
	{								\
		return limited_setup(h, GUEST_BYTES * 100 / percent);	\
	}								\
									\
	BENCH(overcommit_##percent,					\
		.summary = text,					\
		.reading = "A point of the overcommit curve: pages per second are the TSC's frequency " \
			   "divided by it.",				\
		.cite = "Linux, admin-guide/cgroup-v2, memory.high; admin-guide/blockdev/zram", \
		.per = "page",						\
		.rings = RING3,						\
		.needs = NEED_VMM,					\
		.max_instances = 5,					\
		.arena = { .bytes = GUEST_BYTES },			\
		.unavailable = HOST(group_unavailable),			\
		.host_setup = HOST(limited_##percent),			\
		.host_teardown = HOST(swap_teardown),			\
		.setup = GUEST(random_setup),				\
		.op = GUEST(random_touch),				\
		.exits = EXITS_RANGE(0, max, 0),			\
	)

OVERCOMMIT(50, "A random page of a guest written, its memory 0.5 times its limit", 1);
OVERCOMMIT(100, "A random page of a guest written, its memory 1 times its limit", 2);
OVERCOMMIT(150, "A random page of a guest written, its memory 1.5 times its limit", 2);
OVERCOMMIT(200, "A random page of a guest written, its memory 2 times its limit", 2);
