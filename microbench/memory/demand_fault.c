/*
 * The first touch of a page that neither the host nor KVM has: what the host
 * pays to give a guest memory, by the kind and the size of its own pages and
 * by the size of the guest's.
 *
 * Before each batch the arena's pages are taken away; then one touch to a
 * page of the host's. The guest's own tables are there before, with A and D
 * set. Nested paging maps pages of the host's size, whatever the guest maps
 * them by; shadow paging maps the smaller of the two.
 */
#include <sys/mman.h>

#include "host/backing.h"
#include "item_host.h"
#include "touch.h"

/* The kernel tells KVM, which forgets its mappings too. */
__host int anon_take_away(struct item_host *h)
{
	return madvise(h->arena, h->arena_bytes, MADV_DONTNEED);
}

__host int thp_take_away(struct item_host *h)
{
	return madvise(h->arena, h->arena_bytes, MADV_DONTNEED);
}

/* The pages of a file live on without a mapping: they are punched out. */
__host int memfd_take_away(struct item_host *h)
{
	return madvise(h->arena, h->arena_bytes, MADV_REMOVE);
}

__host int guest_memfd_take_away(struct item_host *h)
{
	return madvise(h->arena, h->arena_bytes, MADV_REMOVE);
}

__host int hugetlb_2m_take_away(struct item_host *h)
{
	return backing_renew(h->arena, h->arena_bytes, BACKING_HUGETLB_2M,
			     NULL);
}

__host int hugetlb_1g_take_away(struct item_host *h)
{
	return backing_renew(h->arena, h->arena_bytes, BACKING_HUGETLB_1G,
			     NULL);
}

/* `size` is the host's page, `by` the guest's. */
#define FAULT(id, text, how, size, by, area, kind, back, at_rings, ...)	\
	BENCH(id,							\
		.summary = text,					\
		.cite = CITE_FAULT,					\
		.rings = at_rings,					\
		.max_ops = (area) / (4096ull << 9 * PAGE_##size),	\
		.arena = { .bytes = (area), .backing = BACKING_##kind,	\
			   .guest_page = PAGE_##by },			\
		.rewind = GUEST(touch_rewind),				\
		.op = GUEST(touch_##how##_##size),			\
		.host_rewind = HOST(back),				\
		.exits = EXITS(1, 0),					\
		.maps = MAPS_##size(1),					\
		__VA_ARGS__						\
	)

#define BOTH	(RING0 | RING3)

FAULT(fault_write_4k, "First write to a 4 KiB page that the host has not",
      write, 4K, 4K, SMALL_BYTES, ANON, anon_take_away, BOTH,
	.reading = "Exit, the host's own page fault with a cleared page, the mapping in EPT/NPT, "
		   "entry. Compare --target native: the rest is virtualisation.");
FAULT(fault_read_4k, "First read of a 4 KiB page that the host has not",
      read, 4K, 4K, SMALL_BYTES, ANON, anon_take_away, BOTH,
	.reading = "The host may map its one page of zeroes; KVM must then map it read-only.");
FAULT(fault_write_4k_memfd, "First write to a 4 KiB page of a memfd",
      write, 4K, 4K, SMALL_BYTES, MEMFD, memfd_take_away, BOTH,
	.reading = "Shared memory, as a vhost-user back end needs it: the page goes into a "
		   "file's cache first.");
FAULT(fault_read_4k_memfd, "First read of a 4 KiB page of a memfd",
      read, 4K, 4K, SMALL_BYTES, MEMFD, memfd_take_away, RING3,
	.reading = "A file has no page of zeroes to share: a read costs what a write does.");
FAULT(fault_write_4k_guest_memfd, "First write to a 4 KiB page of a guest_memfd",
      write, 4K, 4K, SMALL_BYTES, GUEST_MEMFD, guest_memfd_take_away, RING3,
	.reading = "KVM takes the page from the file itself and walks no tables of the host's.");
FAULT(fault_read_4k_guest_memfd, "First read of a 4 KiB page of a guest_memfd",
      read, 4K, 4K, SMALL_BYTES, GUEST_MEMFD, guest_memfd_take_away, RING3);
FAULT(fault_write_2m_thp, "First write to a transparent huge page",
      write, 2M, 2M, SMALL_BYTES, THP, thp_take_away, BOTH,
	.reading = "Clearing 2 MiB is most of it: divide by 512 to compare with a 4 KiB page.");
FAULT(fault_read_2m_thp, "First read of a transparent huge page",
      read, 2M, 2M, SMALL_BYTES, THP, thp_take_away, RING3,
	.reading = "The host may map its one huge page of zeroes: nothing is cleared.");
FAULT(fault_write_2m_hugetlb, "First write to a hugetlb page of 2 MiB",
      write, 2M, 2M, SMALL_BYTES, HUGETLB_2M, hugetlb_2m_take_away, BOTH);
FAULT(fault_read_2m_hugetlb, "First read of a hugetlb page of 2 MiB",
      read, 2M, 2M, SMALL_BYTES, HUGETLB_2M, hugetlb_2m_take_away, RING3);
FAULT(fault_write_1g_hugetlb, "First write to a hugetlb page of 1 GiB",
      write, 1G, 1G, HUGE_BYTES, HUGETLB_1G, hugetlb_1g_take_away, BOTH,
	.skip = GUEST(no_1g_pages),
	.unavailable = HOST(no_1g_clearing));
FAULT(fault_read_1g_hugetlb, "First read of a hugetlb page of 1 GiB",
      read, 1G, 1G, HUGE_BYTES, HUGETLB_1G, hugetlb_1g_take_away, RING3,
	.skip = GUEST(no_1g_pages),
	.unavailable = HOST(no_1g_clearing));

/*
 * The other pairs of sizes, by writes: a read differs in what the host finds,
 * and the guest's tables have no part in that. Where the guest's page is the
 * smaller one, shadow paging maps it and, since the host's page is there by
 * then, its neighbours: KVM prefetches an aligned group of eight.
 */
#define READING_GUEST "Nested paging walks one level of the guest's less for each larger size, and " \
		      "maps the same; shadow paging maps the smaller of both pages."

FAULT(fault_write_4k_guest_2m, "First write to a 4 KiB page in a guest's page of 2 MiB",
      write, 4K, 2M, SMALL_BYTES, ANON, anon_take_away, RING3,
	.reading = READING_GUEST);
FAULT(fault_write_4k_guest_1g, "First write to a 4 KiB page in a guest's page of 1 GiB",
      write, 4K, 1G, SMALL_BYTES, ANON, anon_take_away, RING3,
	.reading = READING_GUEST, .skip = GUEST(no_1g_pages));
FAULT(fault_write_4k_memfd_guest_2m, "First write to a 4 KiB page of a memfd, guest's page 2 MiB",
      write, 4K, 2M, SMALL_BYTES, MEMFD, memfd_take_away, RING3,
	.reading = READING_GUEST);
FAULT(fault_write_4k_memfd_guest_1g, "First write to a 4 KiB page of a memfd, guest's page 1 GiB",
      write, 4K, 1G, SMALL_BYTES, MEMFD, memfd_take_away, RING3,
	.reading = READING_GUEST, .skip = GUEST(no_1g_pages));
FAULT(fault_write_4k_guest_memfd_guest_2m,
      "First write to a 4 KiB page of a guest_memfd, guest's page 2 MiB",
      write, 4K, 2M, SMALL_BYTES, GUEST_MEMFD, guest_memfd_take_away, RING3,
	.reading = READING_GUEST);
FAULT(fault_write_4k_guest_memfd_guest_1g,
      "First write to a 4 KiB page of a guest_memfd, guest's page 1 GiB",
      write, 4K, 1G, SMALL_BYTES, GUEST_MEMFD, guest_memfd_take_away, RING3,
	.reading = READING_GUEST, .skip = GUEST(no_1g_pages));
FAULT(fault_write_2m_thp_guest_4k,
      "First write to a transparent huge page, guest's page 4 KiB",
      write, 2M, 4K, SMALL_BYTES, THP, thp_take_away, RING3,
	.reading = READING_GUEST, .maps_shadow = MAPS_4K(8));
FAULT(fault_write_2m_thp_guest_1g,
      "First write to a transparent huge page, guest's page 1 GiB",
      write, 2M, 1G, SMALL_BYTES, THP, thp_take_away, RING3,
	.reading = READING_GUEST, .skip = GUEST(no_1g_pages));
FAULT(fault_write_2m_hugetlb_guest_4k,
      "First write to a hugetlb page of 2 MiB, guest's page 4 KiB",
      write, 2M, 4K, SMALL_BYTES, HUGETLB_2M, hugetlb_2m_take_away, RING3,
	.reading = READING_GUEST, .maps_shadow = MAPS_4K(8));
FAULT(fault_write_2m_hugetlb_guest_1g,
      "First write to a hugetlb page of 2 MiB, guest's page 1 GiB",
      write, 2M, 1G, SMALL_BYTES, HUGETLB_2M, hugetlb_2m_take_away, RING3,
	.reading = READING_GUEST, .skip = GUEST(no_1g_pages));
FAULT(fault_write_1g_hugetlb_guest_4k,
      "First write to a hugetlb page of 1 GiB, guest's page 4 KiB",
      write, 1G, 4K, HUGE_BYTES, HUGETLB_1G, hugetlb_1g_take_away, RING3,
	.reading = READING_GUEST, .maps_shadow = MAPS_4K(8),
	.unavailable = HOST(no_1g_clearing));
FAULT(fault_write_1g_hugetlb_guest_2m,
      "First write to a hugetlb page of 1 GiB, guest's page 2 MiB",
      write, 1G, 2M, HUGE_BYTES, HUGETLB_1G, hugetlb_1g_take_away, RING3,
	.reading = READING_GUEST, .maps_shadow = MAPS_2M(1),
	.unavailable = HOST(no_1g_clearing));
