/*
 * Memory bandwidth of one CPU: read, fill and copy, a mebibyte at a time,
 * walking through 64 MiB of pages of 2 MiB on both sides.
 *
 * No translation is missed often enough to matter, so a guest should be as
 * fast as a process. At CPL3 alone: the ring makes no difference, and an
 * interpreted CPL0 would take minutes.
 */
#include "suite.h"

#define CHUNK_BYTES	(1ull << 20)
#define AREA_BYTES	(64ull << 20)
#define HALF_BYTES	(AREA_BYTES / 2)

static uint64_t bandwidth_at;		/* offset of the next chunk */

/* The next chunk of the first half; the second has one beside it. */
__guest uint64_t chunk_next(void)
{
	uint64_t at = bandwidth_at;

	bandwidth_at = (at + CHUNK_BYTES) % HALF_BYTES;
	return ABI_ARENA_VA + at;
}

__guest void bandwidth_touch(void)
{
	for (uint64_t at = 0; at < AREA_BYTES; at += 4096)
		*(volatile uint8_t *)(ABI_ARENA_VA + at) = 1;
}

__guest void bandwidth_setup(void)
{
	ring3_call(bandwidth_touch);
}

__guest void read_bandwidth_op(void)
{
	uint64_t from = chunk_next(), end = from + CHUNK_BYTES, v;

	__asm__ volatile("1:\n\t"
			 "mov (%0), %1\n\tmov 8(%0), %1\n\t"
			 "mov 16(%0), %1\n\tmov 24(%0), %1\n\t"
			 "mov 32(%0), %1\n\tmov 40(%0), %1\n\t"
			 "mov 48(%0), %1\n\tmov 56(%0), %1\n\t"
			 "add $64, %0\n\tcmp %2, %0\n\tjb 1b"
			 : "+r"(from), "=&r"(v) : "r"(end) : "memory", "cc");
}

__guest void fill_bandwidth_op(void)
{
	uint64_t to = chunk_next(), bytes = CHUNK_BYTES;

	__asm__ volatile("rep stosb" : "+D"(to), "+c"(bytes) : "a"(0)
			 : "memory");
}

__guest void copy_bandwidth_op(void)
{
	uint64_t from = chunk_next(), to = from + HALF_BYTES;
	uint64_t bytes = CHUNK_BYTES;

	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes)
			 :: "memory");
}

#define CITE_STRINGS "Intel SDM vol. 1, Fast-String Operation; AMD APM vol. 3, MOVSx, STOSx"

#define BENCH_BANDWIDTH(id, what)						\
	BENCH(id,								\
		.summary = what,						\
		.reading = "Cycles per byte, less is better: 0.1 at 3 GHz is "	\
			   "30 GB/s.",						\
		.cite = CITE_STRINGS,						\
		.per = "byte",							\
		.per_op = CHUNK_BYTES,						\
		.rings = RING3,							\
		.arena = { .bytes = AREA_BYTES, .backing = BACKING_THP,		\
			   .guest_page = PAGE_2M, .populate = true },		\
		.setup = GUEST(bandwidth_setup),				\
		.op = GUEST(id##_op),						\
		.exits = EXITS(0, 0),						\
	)

BENCH_BANDWIDTH(read_bandwidth, "64-bit loads over 64 MiB");
BENCH_BANDWIDTH(fill_bandwidth, "REP STOSB over 64 MiB");
BENCH_BANDWIDTH(copy_bandwidth, "REP MOVSB from one half of 64 MiB to the other");
