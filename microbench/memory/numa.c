/*
 * Memory that is not the CPU's own: latency and bandwidth of a guest whose
 * pages lie on the vCPU's NUMA node, on the farthest one, and on all in turn,
 * or whose page tables alone lie on the farthest one.
 *
 * The VMM's placement decides, the guest cannot see it. The chase is one load
 * to a page, each waiting for the one before; the walk of KVM's own tables,
 * which it places by itself, is in it.
 */
#include <stdio.h>

#include "item_host.h"
#include "suite.h"
#include "target/target.h"

#define AREA_BYTES	(64ull << 20)
#define CHUNK_BYTES	(1ull << 20)
#define PAGE_BYTES	4096ull
#define LOADS		64

static uint64_t *numa_at;
static uint64_t numa_next;

/* Each page at another line, lest the loads meet in a few sets of a cache. */
__guest uint64_t *numa_node(uint64_t page)
{
	return (uint64_t *)(ABI_ARENA_VA + page * PAGE_BYTES + page * 7 % 64 * 64);
}

/* Sattolo's shuffle: one cycle through all pages, in the links themselves. */
__guest void numa_build(void)
{
	uint64_t pages = AREA_BYTES / PAGE_BYTES, x = mailbox->seed | 1;

	for (uint64_t i = 0; i < pages; i++)
		*numa_node(i) = (uint64_t)numa_node(i);
	for (uint64_t i = pages - 1; i > 0; i--) {
		uint64_t *a = numa_node(i), *b, v = *a;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		b = numa_node(x % i);
		*a = *b;
		*b = v;
	}
	numa_at = numa_node(0);
}

__guest void numa_setup(void)
{
	ring3_call(numa_build);
}

__guest void numa_chase(void)
{
	uint64_t *at = numa_at;

	for (int i = 0; i < LOADS; i++)
		at = *(uint64_t *volatile *)at;
	numa_at = at;
}

__guest void numa_read(void)
{
	uint64_t from = ABI_ARENA_VA + numa_next, end = from + CHUNK_BYTES, v;

	numa_next = (numa_next + CHUNK_BYTES) % AREA_BYTES;
	__asm__ volatile("1:\n\t"
			 "mov (%0), %1\n\tmov 16(%0), %1\n\t"
			 "mov 32(%0), %1\n\tmov 48(%0), %1\n\t"
			 "add $64, %0\n\tcmp %2, %0\n\tjb 1b"
			 : "+r"(from), "=&r"(v) : "r"(end) : "memory", "cc");
}

__host const char *one_node(struct target_context *ctx)
{
	return topology_memory_nodes(ctx->topology) > 1 ? NULL :
	       "this host has one NUMA node: all memory is local";
}

#define NUMA_TABLES(id, text, fn, unit, n, where, of_tables, ...)	\
	BENCH(id,							\
		.summary = text,					\
		.cite = "Linux, mbind(2); ACPI, System Locality Information Table", \
		.per = unit,						\
		.per_op = n,						\
		.rings = RING3,						\
		.needs = NEED_VMM,					\
		.arena = { .bytes = AREA_BYTES, .populate = true,	\
			   .node = where, .tables = of_tables },	\
		.unavailable = HOST(one_node),				\
		.setup = GUEST(numa_setup),				\
		.op = GUEST(fn),					\
		.exits = EXITS(0, 0),					\
		__VA_ARGS__						\
	)

#define NUMA(id, text, fn, unit, n, where, ...)				\
	NUMA_TABLES(id, text, fn, unit, n, where, NODE_ANY, __VA_ARGS__)

NUMA(numa_chase_local, "A dependent load, 64 MiB on the vCPU's own node", numa_chase,
     "load", LOADS, NODE_LOCAL);
NUMA(numa_chase_remote, "A dependent load, 64 MiB on the farthest node", numa_chase,
     "load", LOADS, NODE_REMOTE,
	.reading = "Over numa_chase_local: what a misplaced guest pays for each miss.");
NUMA_TABLES(numa_chase_remote_tables,
	    "A dependent load on the own node, by page tables on the farthest one", numa_chase,
	    "load", LOADS, NODE_LOCAL, NODE_REMOTE,
	.reading = "Over numa_chase_local: what the walk costs when a guest's tables, which are "
		   "hot and few, were left behind on another node. KVM's own lie where it "
		   "allocated them.");
NUMA(numa_chase_interleave, "A dependent load, 64 MiB on all nodes in turn", numa_chase,
     "load", LOADS, NODE_INTERLEAVE);
NUMA(numa_read_local, "64-bit loads over 64 MiB on the vCPU's own node", numa_read,
     "byte", CHUNK_BYTES, NODE_LOCAL);
NUMA(numa_read_remote, "64-bit loads over 64 MiB on the farthest node", numa_read,
     "byte", CHUNK_BYTES, NODE_REMOTE);
NUMA(numa_read_interleave, "64-bit loads over 64 MiB on all nodes in turn", numa_read,
     "byte", CHUNK_BYTES, NODE_INTERLEAVE,
	.reading = "Above numa_read_local: two controllers serve one CPU.");
