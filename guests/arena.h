/*
 * Memory as the subject of a bench: what the host makes it of, how the guest
 * maps it, and what KVM must have mapped when it was touched.
 */
#ifndef VMGAUGE_ARENA_H
#define VMGAUGE_ARENA_H

#include <stdbool.h>
#include <stdint.h>

/* What the host makes memory of. */
enum backing {
	BACKING_ANON,		/* private anonymous pages of 4 KiB, no THP */
	BACKING_THP,		/* the same, of 2 MiB where the kernel can */
	BACKING_MEMFD,		/* shared pages of 4 KiB */
	BACKING_HUGETLB_2M,	/* from the host's pools */
	BACKING_HUGETLB_1G,
	BACKING_GUEST_MEMFD,	/* a VM's own file of 4 KiB pages */
	BACKINGS
};

/* Where the host's pages lie, seen from the CPU that uses them. */
enum arena_node {
	NODE_ANY,			/* where the kernel puts them */
	NODE_LOCAL,
	NODE_REMOTE,			/* the farthest node that has memory */
	NODE_INTERLEAVE,		/* page by page over all of them */
};

enum page_size { PAGE_4K, PAGE_2M, PAGE_1G, PAGE_SIZES };

static inline uint64_t page_bytes(enum page_size size)
{
	return 4096ull << 9 * size;
}

/*
 * Memory that is an item's subject, at ABI_ARENA_VA, in a guest and in a
 * process alike; a process has no guest_page. Fresh for each instance.
 */
struct arena {
	uint64_t bytes;			/* 0: none; multiple of the backing's */
	enum backing backing;
	enum page_size guest_page;	/* of the guest's own tables */
	bool populate;			/* the host's pages are there before */
	enum arena_node node;
	enum arena_node tables;		/* the guest's, that map it */
	uint64_t used;			/* from its start on, ever touched; 0: all */
};

static inline uint64_t arena_used_bytes(const struct arena *a)
{
	return a->used ? a->used : a->bytes;
}

/*
 * How many pages of each size KVM must map for each operation, by its own
 * count (pages_4k, pages_2m, pages_1g). Attested only where `declared`.
 */
struct maps {
	uint8_t page[PAGE_SIZES];
	bool declared;
};

#define MAPS_4K(n)	{ { (n), 0, 0 }, true }
#define MAPS_2M(n)	{ { 0, (n), 0 }, true }
#define MAPS_1G(n)	{ { 0, 0, (n) }, true }

#endif
