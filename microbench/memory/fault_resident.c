/*
 * The first touch of a page that the host has and KVM has not mapped: the
 * mapping alone, as after a memslot changed or a page was moved.
 *
 * Before each batch the arena's slot goes and comes back. KVM then forgets
 * what it had mapped of all slots, the image's included: what a block needs
 * besides the arena is touched again first, lest it count there. And KVM maps
 * more than it was asked for: of an aligned group of eight pages of 4 KiB all
 * that the host has (shadow paging, and nested paging before the TDP MMU). So
 * the host has only the first of each eight here, and each touch costs one
 * exit and one mapping everywhere.
 */
#include "item_host.h"
#include "kvm/vm.h"
#include "touch.h"

#define GROUP_BYTES	(8 * 4096ull)

TOUCH(write, group, GROUP_BYTES, *at = 1)

__host int mappings_drop(struct item_host *h)
{
	return vm_memory_remap(h->vm, ABI_ARENA_GPA, NULL);
}

__host int groups_have_and_drop(struct item_host *h)
{
	for (uint64_t at = 0; at < h->arena_bytes; at += GROUP_BYTES)
		*(volatile uint8_t *)(h->arena + at) = 1;
	return mappings_drop(h);
}

/*
 * The operation's own code, data and tables; then from the start. The call
 * must be one: the code of an inlined copy may lie in another page.
 */
__guest void warm_up(void (*op)(void), uint64_t last)
{
	void (*volatile call)(void) = op;

	for (uint64_t i = 0; i < TABLES_PAGES; i++)
		(void)*(volatile uint8_t *)(ABI_TABLES_GPA + i * 4096);
	touch_at = ABI_ARENA_VA + last;
	call();
	touch_at = ABI_ARENA_VA;
}

__guest void warm_up_4k(void)
{
	warm_up(touch_write_group, SMALL_BYTES - GROUP_BYTES);
}

__guest void warm_up_2m(void)
{
	warm_up(touch_write_2M, SMALL_BYTES - page_bytes(PAGE_2M));
}

__guest void warm_up_1g(void)
{
	warm_up(touch_write_1G, page_bytes(PAGE_1G));
}

/* The last page of the arena is kept for the warming up. */
#define RESIDENT(id, text, touch, warm, size, area, step, kind, there,	\
		 drop, at_rings, ...)					\
	BENCH(id,							\
		.summary = text,					\
		.cite = CITE_FAULT,					\
		.reading = "The mapping alone: no page is found or cleared.",	\
		.rings = at_rings,					\
		.needs = NEED_VMM,					\
		.max_ops = (area) / (step) - 1,				\
		.arena = { .bytes = (area), .backing = BACKING_##kind,	\
			   .guest_page = PAGE_##size, .populate = there }, \
		.rewind = GUEST(warm),					\
		.op = GUEST(touch),					\
		.host_rewind = HOST(drop),				\
		.exits = EXITS(1, 0),					\
		.maps = MAPS_##size(1),					\
		__VA_ARGS__						\
	)

#define RESIDENT_4K(id, text, kind, at_rings)				\
	RESIDENT(id, text, touch_write_group, warm_up_4k, 4K, SMALL_BYTES, \
		 GROUP_BYTES, kind, false, groups_have_and_drop, at_rings)
#define RESIDENT_2M(id, text, kind, at_rings)				\
	RESIDENT(id, text, touch_write_2M, warm_up_2m, 2M, SMALL_BYTES,	\
		 2ull << 20, kind, true, mappings_drop, at_rings)

RESIDENT_4K(fault_resident_4k,
	    "First write to a 4 KiB page that the host has, and KVM has not mapped",
	    ANON, RING0 | RING3);
RESIDENT_4K(fault_resident_4k_memfd,
	    "First write to a 4 KiB page of a memfd that is there, and not mapped by KVM",
	    MEMFD, RING3);
RESIDENT_4K(fault_resident_4k_guest_memfd,
	    "First write to a 4 KiB page of a guest_memfd that is there, and not mapped by KVM",
	    GUEST_MEMFD, RING3);
RESIDENT_2M(fault_resident_2m,
	    "First write to a huge page that the host has, and KVM has not mapped",
	    THP, RING0 | RING3);
RESIDENT_2M(fault_resident_2m_hugetlb,
	    "First write to a hugetlb page of 2 MiB that is there, and not mapped by KVM",
	    HUGETLB_2M, RING3);
RESIDENT(fault_resident_1g_hugetlb,
	 "First write to a hugetlb page of 1 GiB that is there, and not mapped by KVM",
	 touch_write_1G, warm_up_1g, 1G, 2ull << 30, 1ull << 30, HUGETLB_1G,
	 true, mappings_drop, RING3, .skip = GUEST(no_1g_pages),
	.unavailable = HOST(no_1g_clearing));
