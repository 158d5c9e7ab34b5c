/*
 * Pages that the host has merged: what it takes to find equal pages of
 * guests, and what a guest pays who writes to one of them.
 *
 * The arena's pages are made equal and ksmd is let run until all are one;
 * then it rests, so that nothing competes with what is timed. The first write
 * to a merged page is a fault, a copy of the page and a mapping anew.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "host/change.h"
#include "host/sysfile.h"
#include "item_host.h"
#include "suite.h"
#include "target/target.h"

#define KSM		"/sys/kernel/mm/ksm/"
#define ARENA_BYTES	(2ull << 20)
/* So few are merged in a second even where an emulator plays the CPU. */
#define AREA_PAGES	64ull
#define AREA_BYTES	(AREA_PAGES * 4096)
#define MERGE_LIMIT_MS	700
#define PAGEMAP_PRESENT		(1ull << 63)
#define PAGEMAP_EXCLUSIVE	(1ull << 56)

static uint64_t break_at, break_value;

__guest void break_rewind(void)
{
	break_at = ABI_ARENA_VA;
	break_value++;
}

__guest void break_write(void)
{
	*(volatile uint64_t *)break_at = break_value;
	break_at += 4096;
}

__host const char *ksm_unavailable(struct target_context *ctx)
{
	if (!sysfile_exists("", KSM "run"))
		return "this kernel has no KSM (CONFIG_KSM)";
	return target_no_changes(ctx, "KSM (" KSM "run and its pace)");
}

/* ksmd as fast as it goes, but not yet running. */
__host int ksm_setup(struct item_host *h)
{
	static const struct {
		const char *path, *value;
	} wanted[] = {
		{ KSM "smart_scan", "0" }, { KSM "advisor_mode", "none" },
		{ KSM "sleep_millisecs", "0" }, { KSM "pages_to_scan", "4096" },
	};
	struct error e;
	int rc = 0;

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]) && !rc; i++)
		if (sysfile_exists("", wanted[i].path))
			rc = change_write(h->changes, wanted[i].path,
					  wanted[i].value, &e);
	if (!rc && madvise(h->arena, AREA_BYTES, MADV_MERGEABLE))
		rc = error_set(&e, -errno, "MADV_MERGEABLE: %s",
			       strerror(errno));
	if (rc)
		host_verdict(h, ABI_ERROR, e.text);
	return rc;
}

__host void ksm_teardown(struct item_host *h)
{
	if (h->changes)
		changes_restore(h->changes, NULL, NULL);
}

__host int ksm_run(struct item_host *h, const char *value)
{
	struct error e;
	int rc = change_write(h->changes, KSM "run", value, &e);

	if (rc)
		host_verdict(h, ABI_ERROR, e.text);
	return rc;
}

__host void pages_equal(struct item_host *h)
{
	for (uint64_t at = 0; at < AREA_BYTES; at += 4096)
		memset(h->arena + at, 0xa5, 4096);
}

/*
 * By the process's own page tables: KSM's counts lag behind pages that were
 * written. A merged page is there and is not mapped by one page only.
 */
__host bool all_merged(const struct item_host *h)
{
	uint64_t entry[AREA_PAGES];
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = pread(fd, entry, sizeof(entry),
		  (off_t)((uintptr_t)h->arena / 4096 * sizeof(entry[0])));
	close(fd);
	for (size_t i = 0; i < AREA_PAGES; i++)
		if (!(entry[i] & PAGEMAP_PRESENT) || entry[i] & PAGEMAP_EXCLUSIVE)
			return false;
	return n == (ssize_t)sizeof(entry);
}

/*
 * ksmd goes round all memory that anybody marked mergeable, and QEMU marks
 * all of a guest's: beside such, the row is skipped.
 */
__host int merged_wait(struct item_host *h)
{
	struct timespec begin, now;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	do {
		if (all_merged(h))
			return 0;
		nanosleep(&(struct timespec){ .tv_nsec = 50000 }, NULL);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while ((now.tv_sec - begin.tv_sec) * 1000 +
		 (now.tv_nsec - begin.tv_nsec) / 1000000 < MERGE_LIMIT_MS);
	host_verdict(h, ABI_SKIP, "ksmd did not come round to 64 equal pages in 0.7 s: others "
		     "have mergeable memory, too, or keep its CPU");
	return 0;
}

__host bool given_up(const struct item_host *h)
{
	return h->mailbox->verdict == ABI_SKIP;
}

__host int merged_rewind(struct item_host *h)
{
	int rc;

	if (given_up(h))
		return 0;
	pages_equal(h);
	rc = ksm_run(h, "1");
	if (!rc)
		rc = merged_wait(h);
	return rc ? rc : ksm_run(h, "0");
}

__host int unmerged_rewind(struct item_host *h)
{
	int rc = given_up(h) ? 0 : ksm_run(h, "0");

	pages_equal(h);		/* and thereby no longer merged */
	return rc;
}

__host int merge_block(struct item_host *h, uint64_t ops)
{
	int rc;

	(void)ops;
	if (given_up(h))
		return 0;
	rc = ksm_run(h, "1");
	return rc ? rc : merged_wait(h);
}

#define CITE_KSM "Linux, admin-guide/mm/ksm, Kernel Samepage Merging; madvise(2), MADV_MERGEABLE"

#define MERGED								\
	.cite = CITE_KSM,						\
	.needs = NEED_VMM,						\
	.arena = { .bytes = ARENA_BYTES, .populate = true },		\
	.max_instances = 5,						\
	.unavailable = HOST(ksm_unavailable),				\
	.host_setup = HOST(ksm_setup),					\
	.host_teardown = HOST(ksm_teardown)

BENCH(ksm_break,
	.summary = "First write to a 4 KiB page that KSM has merged",
	.reading = "A fault, a copy of the page, and its mapping anew: what a guest pays for being "
		   "dense.",
	.rings = RING0 | RING3,
	.max_ops = AREA_PAGES,
	.rewind = GUEST(break_rewind),
	.op = GUEST(break_write),
	.host_rewind = HOST(merged_rewind),
	/* The copy invalidates what the fault was about to map: once more. */
	.exits = EXITS(2, 0),
	.maps = MAPS_4K(1),
	MERGED,
);

BENCH(ksm_merge,
	.summary = "64 equal pages of a guest merged by ksmd, until the last is",
	.reading = "Time and not work: ksmd wakes up, passes over all pages twice, and no vCPU waits.",
	.per = "page",
	.per_op = AREA_PAGES,
	.max_ops = 1,
	.host_rewind = HOST(unmerged_rewind),
	.host_block = HOST(merge_block),
	.exits = EXITS(0, 0),
	MERGED,
);
