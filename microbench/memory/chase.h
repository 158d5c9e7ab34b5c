/*
 * A random cycle through memory, one node to a page of 4 KiB: what loads cost
 * when each depends on the one before.
 *
 * The order is Sattolo's shuffle, so that it is one cycle and no prefetcher
 * knows what comes next; it is another one in each VM instance. The line of a
 * page is a hash of the page's number: were it in step with that number, the
 * nodes would fall into a few sets of a cache wherever memory is contiguous,
 * and pages of 2 MiB would look slow.
 *
 * The same nodes in the same order are chased whatever the size of the pages
 * below, so that the difference of two rows is translation and nothing else.
 */
#ifndef VMGAUGE_MEMORY_CHASE_H
#define VMGAUGE_MEMORY_CHASE_H

#include "suite.h"

#define CHASE_PAGE_BYTES	4096
#define CHASE_LINE_BYTES	64
#define CHASE_LOADS		64	/* in an operation */

#define CITE_CHASE "Intel SDM vol. 3, Caching Translation Information; " \
		   "AMD APM vol. 2, Translation-Lookaside Buffer"

static uint64_t *chase_at;

__guest uint64_t *chase_node(uint64_t base, uint64_t page)
{
	uint64_t line = page * 0x9e3779b97f4a7c15ull >> 58;	/* 2^64 / phi */

	return (uint64_t *)(base + page * CHASE_PAGE_BYTES +
			    line * CHASE_LINE_BYTES);
}

/* One cycle through the pages of [base, base + bytes), in the nodes. */
__guest void chase_build(uint64_t base, uint64_t bytes)
{
	uint64_t pages = bytes / CHASE_PAGE_BYTES, x = mailbox->seed | 1;

	for (uint64_t i = 0; i < pages; i++)
		*chase_node(base, i) = (uint64_t)chase_node(base, i);
	for (uint64_t i = pages - 1; i > 0; i--) {
		uint64_t *a = chase_node(base, i), *b, v = *a;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		b = chase_node(base, x % i);
		*a = *b;
		*b = v;
	}
	chase_at = chase_node(base, 0);
}

__guest void chase_op(void)
{
	uint64_t *at = chase_at;

	for (int i = 0; i < CHASE_LOADS; i++)
		at = *(uint64_t *volatile *)at;
	chase_at = at;
}

/*
 * chase_NAME_setup() for a bench. The cycle is built at CPL3, which runs on
 * the CPU even where CPL0 is interpreted.
 */
#define CHASE_SETUP(name, base, bytes)					\
	__guest void chase_##name##_build(void)				\
	{								\
		chase_build(base, bytes);				\
	}								\
	__guest void chase_##name##_setup(void)				\
	{								\
		ring3_call(chase_##name##_build);			\
	}

#endif
