/*
 * The walk matrix: a TLB miss for every pair of a guest's page size and the
 * host's below it.
 *
 * Nested paging walks the host's tables for each of the guest's, so that a
 * miss takes (g + 1)(h + 1) - 1 references at most where a plain process
 * takes g: 24 for 4 KiB on 4 KiB, and fewer the larger the pages on either
 * side. A TLB entry covers the smaller page of the two, so that large pages
 * on one side alone shorten the walk and save no miss. Each cell chases the
 * same 64 MiB: 16,384 translations of 4 KiB, which no second-level TLB yet
 * holds, but 32 of 2 MiB, which each one does: where both sides are large, a
 * cell is the price of having no miss at all, and curve.c goes on to sizes
 * where those, too, are too many.
 *
 * All is mapped before the first block. KVM's counts of mapped pages must
 * then show the size that a row claims: the host's with nested paging, with
 * shadow paging the smaller one of both.
 */
#include "chase.h"

#define WALK_BYTES	(64ull << 20)
#define WALK_ARENA_1G	(1ull << 30)

#define CPUID_80000001_EDX_PAGE1GB	(1u << 26)

CHASE_SETUP(walk, ABI_ARENA_VA, WALK_BYTES)

__guest const char *walk_skip(void)
{
	if (!(cpuid_reg(0x80000001, 0, 3) & CPUID_80000001_EDX_PAGE1GB))
		return "CPUID offers no pages of 1 GiB";
	return NULL;
}

#define WALK(id, guest, kind, area, text, ...)				\
	BENCH(walk_##id,						\
		.summary = "A dependent load, 64 MiB, guest page " text, \
		.reading = "Beside the row of 4 KiB in the guest and in the host, and beside the " \
			   "same row of --target native: what is more is the walk. walk_refs is " \
			   "the most references that one may take.",	\
		.cite = CITE_CHASE "; Intel SDM vol. 3, EPT Translation Mechanism; " \
			"AMD APM vol. 2, Nested Table Walk",		\
		.per_op = CHASE_LOADS,					\
		.rings = RING0 | RING3,					\
		.walk = true,						\
		.arena = {						\
			.bytes = (area), .used = WALK_BYTES,		\
			.backing = BACKING_##kind,			\
			.guest_page = PAGE_##guest, .populate = true,	\
		},							\
		.setup = GUEST(chase_walk_setup),			\
		.op = GUEST(chase_op),					\
		.exits = EXITS(0, 0),					\
		__VA_ARGS__						\
	)

WALK(g4k_h4k, 4K, ANON, WALK_BYTES, "4 KiB, host 4 KiB");
WALK(g4k_h2m, 4K, THP, WALK_BYTES, "4 KiB, host 2 MiB (THP)");
WALK(g4k_h2m_hugetlb, 4K, HUGETLB_2M, WALK_BYTES,
     "4 KiB, host 2 MiB (hugetlb)");
WALK(g4k_h1g, 4K, HUGETLB_1G, WALK_ARENA_1G, "4 KiB, host 1 GiB (hugetlb)");
WALK(g2m_h4k, 2M, ANON, WALK_BYTES, "2 MiB, host 4 KiB");
WALK(g2m_h2m, 2M, THP, WALK_BYTES, "2 MiB, host 2 MiB (THP)");
WALK(g2m_h2m_hugetlb, 2M, HUGETLB_2M, WALK_BYTES,
     "2 MiB, host 2 MiB (hugetlb)");
WALK(g2m_h1g, 2M, HUGETLB_1G, WALK_ARENA_1G, "2 MiB, host 1 GiB (hugetlb)");
/* A page of 1 GiB needs a place of its size, of which 64 MiB are touched. */
WALK(g1g_h4k, 1G, ANON, WALK_ARENA_1G, "1 GiB, host 4 KiB",
     .skip = GUEST(walk_skip));
WALK(g1g_h2m, 1G, THP, WALK_ARENA_1G, "1 GiB, host 2 MiB (THP)",
     .skip = GUEST(walk_skip));
WALK(g1g_h2m_hugetlb, 1G, HUGETLB_2M, WALK_ARENA_1G,
     "1 GiB, host 2 MiB (hugetlb)",
     .skip = GUEST(walk_skip));
WALK(g1g_h1g, 1G, HUGETLB_1G, WALK_ARENA_1G, "1 GiB, host 1 GiB (hugetlb)",
     .skip = GUEST(walk_skip));
