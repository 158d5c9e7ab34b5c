/*
 * The first touch of a guest page: what the host pays to give a guest memory.
 *
 * Before each batch the arena's pages are taken away: from the host and from
 * KVM, or (resident_*) from KVM alone, so that the host's page is there and
 * only its mapping has to be made again. One touch to a page of the backing;
 * the guest's own tables are there before, with A and D set.
 */
#include <sys/mman.h>

#include "item_host.h"
#include "kvm/vm.h"
#include "suite.h"

#define SMALL_BYTES	(32ull << 20)
#define LARGE_BYTES	(128ull << 20)
#define HUGE_BYTES	(2ull << 30)

static uint64_t touch_at;

__guest void touch_rewind(void)
{
	touch_at = ABI_ARENA_VA;
}

#define TOUCH(how, size, access)					\
	__guest void touch_##how##_##size(void)				\
	{								\
		volatile uint8_t *at = (volatile uint8_t *)touch_at;	\
									\
		access;							\
		touch_at += page_bytes(PAGE_##size);			\
	}

TOUCH(write, 4K, *at = 1)
TOUCH(read, 4K, (void)*at)
TOUCH(write, 2M, *at = 1)
TOUCH(write, 1G, *at = 1)

/* The kernel tells KVM, which forgets its mappings too. */
__host int pages_give_back(struct item_host *h)
{
	return madvise(h->arena, h->arena_bytes, MADV_DONTNEED);
}

/* A memfd's pages live on without a mapping: they are punched out. */
__host int pages_punch(struct item_host *h)
{
	return madvise(h->arena, h->arena_bytes, MADV_REMOVE);
}

/* A slot that goes and comes back has lost KVM's mappings, not its pages. */
__host int mappings_drop(struct item_host *h)
{
	return vm_memory_remap(h->vm, ABI_ARENA_GPA, NULL);
}

#define CITE_FAULT "Intel SDM vol. 3, EPT Violations; " \
		   "AMD APM vol. 2, Nested Page Faults; " \
		   "KVM API, memory regions and binary statistics"

#define FAULT(id, text, size, area, kind, how, back, there, ...)	\
	BENCH(id,							\
		.summary = text,					\
		.cite = CITE_FAULT,					\
		.rings = RING0 | RING3,					\
		.max_ops = (area) / (4096ull << 9 * PAGE_##size),	\
		.arena = { (area), BACKING_##kind, PAGE_##size, there },	\
		.rewind = GUEST(touch_rewind),				\
		.op = GUEST(touch_##how##_##size),			\
		.host_rewind = HOST(back),				\
		.exits = EXITS(1, 0),					\
		.maps = MAPS_##size(1),					\
		__VA_ARGS__						\
	)

FAULT(fault_write_4k, "First write to a 4 KiB page that the host has not",
      4K, SMALL_BYTES, ANON, write, pages_give_back, false,
	.reading = "Exit, the host's own page fault with a cleared page, the mapping in EPT/NPT, "
		   "entry. Compare process/page_fault: the rest is virtualisation.");
FAULT(fault_read_4k, "First read of a 4 KiB page that the host has not",
      4K, SMALL_BYTES, ANON, read, pages_give_back, false,
	.reading = "The host may map its one page of zeroes; KVM must then map it read-only.");
FAULT(fault_write_4k_memfd, "First write to a 4 KiB page of a memfd",
      4K, SMALL_BYTES, MEMFD, write, pages_punch, false);
FAULT(fault_write_2m_thp, "First write to a transparent huge page",
      2M, LARGE_BYTES, THP, write, pages_give_back, false,
	.reading = "Clearing 2 MiB is most of it: divide by 512 to compare with a 4 KiB page.");
FAULT(fault_write_2m_hugetlb, "First write to a hugetlb page of 2 MiB",
      2M, LARGE_BYTES, HUGETLB_2M, write, pages_give_back, false);
FAULT(fault_write_1g_hugetlb, "First write to a hugetlb page of 1 GiB",
      1G, HUGE_BYTES, HUGETLB_1G, write, pages_give_back, false);
FAULT(fault_resident_4k, "First write to a 4 KiB page that the host has, and KVM has not mapped",
      4K, SMALL_BYTES, ANON, write, mappings_drop, true, .needs = NEED_VMM,
	.reading = "The mapping alone: no page is found or cleared.");
FAULT(fault_resident_2m, "First write to a huge page that the host has, and KVM has not mapped",
      2M, LARGE_BYTES, THP, write, mappings_drop, true, .needs = NEED_VMM);
