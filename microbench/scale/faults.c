/*
 * Demand faults of many vCPUs at once, each in its own part of one memslot:
 * how far KVM's MMU lock, the host's mmap lock and its page allocator let
 * them run side by side. Populating a large guest depends on it.
 *
 * Linux takes KVM's MMU lock for reading where nested paging is handled by
 * the TDP MMU, and for writing with shadow paging: that is where they part.
 */
#include <sys/mman.h>

#include "item_host.h"
#include "parts.h"

#define THP_BYTES	(256ull << 20)

__guest void small_setup(void)
{
	parts_deal(PARTS_PAGES, page_bytes(PAGE_4K));
}

__guest void small_write(void)
{
	*part_next(page_bytes(PAGE_4K)) = 1;
}

__guest void large_setup(void)
{
	parts_deal(THP_BYTES / page_bytes(PAGE_2M), page_bytes(PAGE_2M));
}

__guest void large_write(void)
{
	*part_next(page_bytes(PAGE_2M)) = 1;
}

__guest const char *large_skip(void)
{
	return smp_cpus() <= THP_BYTES / page_bytes(PAGE_2M) ? NULL :
	       "256 MiB have no page of 2 MiB for each of so many vCPUs";
}

__host int private_take_away(struct item_host *h)
{
	return madvise(h->arena, h->arena_bytes, MADV_DONTNEED);
}

/* The pages of a file live on without a mapping: they are punched out. */
__host int shared_take_away(struct item_host *h)
{
	return madvise(h->arena, h->arena_bytes, MADV_REMOVE);
}

#define FAULTS								\
	.cite = "Intel SDM vol. 3, EPT Violations; AMD APM vol. 2, Nested Page Faults; "	\
		"Linux, KVM, locking",					\
	.rings = RING3,						\
	.scales = true,							\
	.rewind = GUEST(parts_rewind),					\
	.exits = EXITS(1, 0)

BENCH(fault_write_4k,
	.summary = "First write to 4 KiB pages that the host has not, on every vCPU at once",
	.reading = "Each vCPU has its own part of one slot of anonymous memory. Compare "
		   "fault_write_4k_memfd: the host's own fault differs, KVM's part does not.",
	.arena = { .bytes = PARTS_BYTES, .backing = BACKING_ANON },
	.setup = GUEST(small_setup),
	.op = GUEST(small_write),
	.host_rewind = HOST(private_take_away),
	.maps = MAPS_4K(1),
	FAULTS,
);

BENCH(fault_write_4k_memfd,
	.summary = "First write to 4 KiB pages of a memfd, on every vCPU at once",
	.reading = "All pages go into the cache of one file, and its lock is theirs, too.",
	.arena = { .bytes = PARTS_BYTES, .backing = BACKING_MEMFD },
	.setup = GUEST(small_setup),
	.op = GUEST(small_write),
	.host_rewind = HOST(shared_take_away),
	.maps = MAPS_4K(1),
	FAULTS,
);

BENCH(fault_write_2m_thp,
	.summary = "First write to transparent huge pages, on every vCPU at once",
	.reading = "Nearly all of it is the clearing of 2 MiB: what bends it is the host's memory "
		   "and not its locks.",
	.arena = { .bytes = THP_BYTES, .backing = BACKING_THP,
		   .guest_page = PAGE_2M },
	.skip = GUEST(large_skip),
	.setup = GUEST(large_setup),
	.op = GUEST(large_write),
	.host_rewind = HOST(private_take_away),
	.maps = MAPS_2M(1),
	FAULTS,
);
