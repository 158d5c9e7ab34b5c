/*
 * Save and restore of a guest's memory, a page at a time, by memcpy.
 *
 * The floor under a snapshot and under the last pass of a migration, whatever
 * the storage or the network does. A restore into memory that the host does
 * not have yet pays for each page's fault as well.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "item_host.h"
#include "suite.h"

#define AREA_BYTES	(4ull << 20)
#define PAGE_BYTES	4096ull
#define AREA_PAGES	(AREA_BYTES / PAGE_BYTES)

__host void saved_teardown(struct item_host *h)
{
	if (h->opaque)
		munmap(h->opaque, AREA_BYTES);
	h->opaque = NULL;
}

/* Each page on both sides begins with its number, from different bases. */
__host void pages_mark(uint8_t *at, uint64_t base)
{
	for (uint64_t i = 0; i < AREA_PAGES; i++)
		*(volatile uint64_t *)(at + i * PAGE_BYTES) = base + i;
}

__host int pages_check(struct item_host *h, const uint8_t *at, uint64_t base)
{
	for (uint64_t i = 0; i < AREA_PAGES; i++) {
		if (*(const volatile uint64_t *)(at + i * PAGE_BYTES) ==
		    base + i)
			continue;
		host_verdict(h, ABI_ERROR, "a page was not copied");
		return -1;
	}
	return 0;
}

enum { OF_GUEST = 0x10000, OF_COPY = 0x20000 };

__host int saved_setup(struct item_host *h)
{
	void *at = mmap(NULL, AREA_BYTES, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (at == MAP_FAILED)
		return -1;
	h->opaque = at;
	return 0;
}

__host int copy_block(uint8_t *to, const uint8_t *from)
{
	for (uint64_t at = 0; at < AREA_BYTES; at += PAGE_BYTES)
		memcpy(to + at, from + at, PAGE_BYTES);
	__asm__ volatile("" ::: "memory");
	return 0;
}

__host int save_rewind(struct item_host *h)
{
	pages_mark(h->arena, OF_GUEST);
	pages_mark(h->opaque, OF_COPY);
	return 0;
}

__host int save_block(struct item_host *h, uint64_t ops)
{
	(void)ops;
	return copy_block(h->opaque, h->arena);
}

__host int save_verify(struct item_host *h)
{
	return pages_check(h, h->opaque, OF_GUEST);
}

__host int restore_block(struct item_host *h, uint64_t ops)
{
	(void)ops;
	return copy_block(h->arena, h->opaque);
}

__host int restore_verify(struct item_host *h)
{
	return pages_check(h, h->arena, OF_COPY);
}

__host int fresh_rewind(struct item_host *h)
{
	pages_mark(h->opaque, OF_COPY);
	return madvise(h->arena, h->arena_bytes, MADV_DONTNEED);
}

#define COPY(id, text, before, block, after, ...)			\
	BENCH(id,							\
		.summary = text,					\
		.cite = "Linux, KVM API, KVM_SET_USER_MEMORY_REGION; Linux, madvise(2)",	\
		.per = "page",						\
		.per_op = AREA_PAGES,					\
		.max_ops = 1,						\
		.max_blocks = 8,					\
		.needs = NEED_VMM,					\
		.arena = { .bytes = AREA_BYTES, .guest_page = PAGE_2M,	\
			   .populate = true },				\
		.exits = EXITS(0, 0),					\
		.host_setup = HOST(saved_setup),			\
		.host_rewind = HOST(before),				\
		.host_block = HOST(block),				\
		.host_verify = HOST(after),				\
		.host_teardown = HOST(saved_teardown),			\
		__VA_ARGS__						\
	)

COPY(memory_save, "4 MiB of a guest's memory copied away, page by page", save_rewind, save_block,
     save_verify,
	.reading = "At 3 GHz 1,000 cycles a page are 12 GB/s (11,700 MiB/s). What fits the caches is "
		   "as fast as they are: memory/copy_bandwidth has more of it.");
COPY(memory_restore, "4 MiB of a guest's memory put back, where the host has its pages",
     save_rewind, restore_block, restore_verify,
	.reading = "At 3 GHz 1,000 cycles a page are 12 GB/s (11,700 MiB/s).");
COPY(memory_restore_new, "4 MiB of a guest's memory put into pages that the host makes first",
     fresh_rewind, restore_block, restore_verify,
	.reading = "Less memory_restore it is a page fault of the host's and the page's clearing.");
