/*
 * Latency over the working set: where the levels of TLB and cache end.
 *
 * One node to each page of 4 KiB, in two families that differ in nothing but
 * the pages: 4 KiB in the guest and in the host, and 2 MiB in both. Of the
 * first, n pages need n translations and n lines: its knees are the levels
 * of the TLB, then those of the cache, each where n is its entries or lines
 * (a cache of 1 MiB ends at 16,384 pages, 64 MiB). The second has the same
 * lines and 512 times fewer translations: the gap between both is what the
 * misses cost, and where it opens is the TLB's knee and not a cache's.
 *
 * Both end at 256 MiB, beyond the reach of first-level TLBs for large pages;
 * what the second level holds of those is gigabytes, too dear to clear for
 * each VM. At CPL3 alone: translation does not know the ring, and walk.c has
 * both.
 */
#include "chase.h"
#include "target/target.h"

/* Most of what they take is the host's, which clears memory. */
__host const char *large_unavailable(struct target_context *ctx)
{
	return ctx->quick ? "with --quick the curve ends at 64 MiB" : NULL;
}

/* KVM serves a fault for each: tens of microseconds of an emulated CPU. */
__host const char *many_pages_unavailable(struct target_context *ctx)
{
	return ctx->backend && ctx->backend->software_host &&
	       ctx->deadline_ms < 60000 ?
	       "an emulated CPU takes seconds to touch as many pages, and its "
	       "times mean nothing: --deadline 60000" :
	       large_unavailable(ctx);
}

#define CURVE(page, guest, kind, name, size, area, ...)			\
	CHASE_SETUP(curve_##page##_##name, ABI_ARENA_VA, size)		\
	BENCH(curve_##page##_##name,					\
		.summary = "A dependent load, one to 4 KiB, working set " #name \
			   ", pages of " #page,				\
		.reading = "A point of the curve over the working set: a step up is where a level " \
			   "of TLB or cache ends. The gap to the row of the other pages is "	\
			   "translation.",						\
		.cite = CITE_CHASE,					\
		.per_op = CHASE_LOADS,					\
		.rings = RING3,						\
		.walk = true,						\
		.arena = {						\
			.bytes = (area), .used = (size),		\
			.backing = BACKING_##kind,			\
			.guest_page = PAGE_##guest, .populate = true,	\
		},							\
		.setup = GUEST(chase_curve_##page##_##name##_setup),	\
		.op = GUEST(chase_op),					\
		.exits = EXITS(0, 0),					\
		__VA_ARGS__						\
	)

/* Room for a large page at least, so that both have the same. */
#define PAGE_2M_BYTES	(2ull << 20)
#define CURVE_AREA(size)	\
	((size) < PAGE_2M_BYTES ? PAGE_2M_BYTES : (size))
#define CURVE_4K(name, size, ...)	\
	CURVE(4k, 4K, ANON, name, size, CURVE_AREA(size), __VA_ARGS__)
#define CURVE_2M(name, size, ...)	\
	CURVE(2m, 2M, THP, name, size, CURVE_AREA(size), __VA_ARGS__)

#define KIB		(1ull << 10)
#define MIB		(1ull << 20)

CURVE_4K(16k, 16 * KIB);
CURVE_4K(32k, 32 * KIB);
CURVE_4K(64k, 64 * KIB);
CURVE_4K(128k, 128 * KIB);
CURVE_4K(256k, 256 * KIB);
CURVE_4K(512k, 512 * KIB);
CURVE_4K(1m, 1 * MIB);
CURVE_4K(2m, 2 * MIB);
CURVE_4K(4m, 4 * MIB);
CURVE_4K(8m, 8 * MIB);
CURVE_4K(16m, 16 * MIB);
CURVE_4K(32m, 32 * MIB);
CURVE_4K(64m, 64 * MIB);
CURVE_4K(128m, 128 * MIB, .unavailable = HOST(many_pages_unavailable));
CURVE_4K(256m, 256 * MIB, .unavailable = HOST(many_pages_unavailable));

CURVE_2M(16k, 16 * KIB);
CURVE_2M(32k, 32 * KIB);
CURVE_2M(64k, 64 * KIB);
CURVE_2M(128k, 128 * KIB);
CURVE_2M(256k, 256 * KIB);
CURVE_2M(512k, 512 * KIB);
CURVE_2M(1m, 1 * MIB);
CURVE_2M(2m, 2 * MIB);
CURVE_2M(4m, 4 * MIB);
CURVE_2M(8m, 8 * MIB);
CURVE_2M(16m, 16 * MIB);
CURVE_2M(32m, 32 * MIB);
CURVE_2M(64m, 64 * MIB);
CURVE_2M(128m, 128 * MIB, .unavailable = HOST(large_unavailable));
CURVE_2M(256m, 256 * MIB, .unavailable = HOST(large_unavailable));
