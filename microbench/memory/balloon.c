/*
 * A page that leaves the guest and comes back: what a balloon costs, from the
 * guest's point of view.
 *
 * The guest names pages at a doorbell, the VMM gives them to the kernel
 * (MADV_DONTNEED, and KVM is told to forget them), and the guest's next write
 * faults fresh ones in. A batch of 64 shares the one exit to user space.
 */
#include <errno.h>
#include <sys/mman.h>

#include "item_host.h"
#include "suite.h"

#define PAGE_BYTES	4096ull
#define AREA_BYTES	(4ull << 20)
#define BATCH		64ull

static uint64_t balloon_at;

__guest void balloon_rewind(void)
{
	balloon_at = 0;
	mailbox->ret[1] = 0;
}

/* The pages' offset and size for the VMM; none while a batch is prepared. */
__guest void pages_cycle(uint64_t pages)
{
	volatile uint8_t *page = (uint8_t *)(ABI_ARENA_VA + balloon_at);

	mailbox->ret[0] = balloon_at;
	mailbox->ret[1] = pages * PAGE_BYTES;
	bell_ring(ABI_BELL_REWIND);
	for (uint64_t i = 0; i < pages; i++)
		page[i * PAGE_BYTES] = 1;
	balloon_at = (balloon_at + pages * PAGE_BYTES) % AREA_BYTES;
}

__guest void balloon_page(void)
{
	pages_cycle(1);
}

__guest void balloon_batch(void)
{
	pages_cycle(BATCH);
}

__guest void balloon_touch(void)
{
	for (uint64_t at = 0; at < AREA_BYTES; at += PAGE_BYTES)
		*(volatile uint8_t *)(ABI_ARENA_VA + at) = 1;
	balloon_rewind();
}

__guest void balloon_setup(void)
{
	ring3_call(balloon_touch);
}

__host int pages_release(struct item_host *h)
{
	uint64_t at = h->mailbox->ret[0], bytes = h->mailbox->ret[1];

	if (at > h->arena_bytes || bytes > h->arena_bytes - at)
		return -EFAULT;
	return bytes ? madvise(h->arena + at, bytes, MADV_DONTNEED) : 0;
}

#define BALLOON(id, text, pages, fn)					\
	BENCH(id,							\
		.summary = text,					\
		.reading = "An exit to the VMM, madvise() there, then a fault for each page. Compare " \
			   "fault_write_4k: the rest is the giving back.", \
		.cite = "Linux, madvise(2), MADV_DONTNEED; VIRTIO 1.2, Traditional Memory Balloon Device", \
		.per = "page",						\
		.per_op = pages,					\
		.rings = RING0 | RING3,					\
		.needs = NEED_VMM,					\
		.arena = { .bytes = AREA_BYTES, .populate = true },	\
		.setup = GUEST(balloon_setup),				\
		.rewind = GUEST(balloon_rewind),			\
		.op = GUEST(fn),					\
		.host_rewind = HOST(pages_release),			\
		.exits = EXITS(pages, 1),				\
	)

BALLOON(balloon_page, "A page given to the host at a doorbell, and written again", 1,
	balloon_page);
BALLOON(balloon_batch, "64 pages given to the host at a doorbell, and written again", BATCH,
	balloon_batch);
