/*
 * Dependent loads, one to a page in random order: what a load costs when the
 * translation is at hand, and when it has to be walked for.
 *
 * 16 KiB lies in every first-level TLB and cache, so that a guest and a plain
 * process must agree: any difference is the harness. In 64 MiB nearly each
 * load misses the TLB, for pages of 4 KiB, and the walk is what nested paging
 * makes longer. Each page is touched at another line, lest the loads fall
 * into a few sets of the cache.
 */
#include "suite.h"

#define PAGE_BYTES	4096
#define LINE_BYTES	64
#define SMALL_BYTES	(16 << 10)
#define LOADS		64

static uint64_t *chase_at;

__guest uint64_t *chase_node(uint64_t page)
{
	uint64_t line = page * 7 % (PAGE_BYTES / LINE_BYTES);

	return (uint64_t *)(ABI_SCRATCH_GPA + page * PAGE_BYTES +
			    line * LINE_BYTES);
}

/* Sattolo's shuffle: one cycle through all pages, in the links themselves. */
__guest void chase_build(uint64_t pages)
{
	uint64_t x = mailbox->seed | 1;

	for (uint64_t i = 0; i < pages; i++)
		*chase_node(i) = (uint64_t)chase_node(i);
	for (uint64_t i = pages - 1; i > 0; i--) {
		uint64_t *a = chase_node(i), *b, v = *a;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		b = chase_node(x % i);
		*a = *b;
		*b = v;
	}
	chase_at = chase_node(0);
}

__guest void chase_build_16k(void)
{
	chase_build(SMALL_BYTES / PAGE_BYTES);
}

__guest void chase_build_64m(void)
{
	chase_build(ABI_SCRATCH_BYTES / PAGE_BYTES);
}

/* At CPL3, which runs on the CPU even where CPL0 is interpreted. */
__guest void chase_16k_setup(void)
{
	ring3_call(chase_build_16k);
}

__guest void chase_64m_setup(void)
{
	ring3_call(chase_build_64m);
}

__guest void chase_op(void)
{
	uint64_t *at = chase_at;

	for (int i = 0; i < LOADS; i++)
		at = *(uint64_t *volatile *)at;
	chase_at = at;
}

#define CITE_CHASE "Intel SDM vol. 3, Caching Translation Information; " \
		   "AMD APM vol. 2, Translation-Lookaside Buffer"

BENCH(chase_16k,
	.summary = "A dependent load, working set 16 KiB",
	.reading = "The first-level cache's latency, in a guest as in a process: proof that the "
		   "loop measures memory and not the harness.",
	.cite = CITE_CHASE,
	.per_op = LOADS,
	.rings = RING0 | RING3,
	.needs = NEED_SCRATCH,
	.setup = GUEST(chase_16k_setup),
	.op = GUEST(chase_op),
	.exits = EXITS(0, 0),
);

BENCH(chase_64m,
	.summary = "A dependent load, one to a page, working set 64 MiB",
	.reading = "TLB miss and cache miss. Compare native: more cycles in a guest are the longer "
		   "walk of nested paging; page sizes on both sides decide how many.",
	.cite = CITE_CHASE,
	.per_op = LOADS,
	.rings = RING0 | RING3,
	.needs = NEED_SCRATCH,
	.setup = GUEST(chase_64m_setup),
	.op = GUEST(chase_op),
	.exits = EXITS(0, 0),
);
