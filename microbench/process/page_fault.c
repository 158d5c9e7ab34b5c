/*
 * A page of memory, from its first touch until it is given back.
 *
 * The kernel takes the fault, clears a page and maps it; giving it back is
 * part of the cycle, spread over many. A guest pays this too, and, where the
 * page is new to the host as well, the same once more below it.
 */
#include <errno.h>
#include <sys/mman.h>

#include "suite.h"

#define PAGE_BYTES	4096
#define CHUNK_PAGES	512

__host int chunk_touch(uint64_t pages)
{
	size_t bytes = pages * PAGE_BYTES;
	uint8_t *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return -ENOMEM;
	madvise(at, bytes, MADV_NOHUGEPAGE);	/* no THP, no EINVAL to mind */
	for (uint64_t i = 0; i < pages; i++)
		*(volatile uint8_t *)(at + i * PAGE_BYTES) = 1;
	return munmap(at, bytes) ? -EINVAL : 0;
}

__host int page_fault_block(struct item_host *h, uint64_t ops)
{
	int rc = 0;

	(void)h;
	while (ops && !rc) {
		uint64_t pages = ops < CHUNK_PAGES ? ops : CHUNK_PAGES;

		rc = chunk_touch(pages);
		ops -= pages;
	}
	return rc;
}

BENCH(page_fault,
	.summary = "First touch of a 4 KiB page, and giving it back",
	.reading = "Per page: the fault, a page cleared, mapped, and freed again in chunks of 512.",
	.cite = "Intel SDM vol. 3, Page-Fault Exceptions; AMD APM vol. 2, #PF--Page Fault",
	.rings = RING3,
	.needs = NEED_PROCESS,
	.host_block = HOST(page_fault_block),
	.exits = EXITS(0, 0),
);
