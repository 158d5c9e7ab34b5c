/*
 * A histogram of times in cycles: sixteen buckets to each power of two, so that
 * a percentile read from it is off by 3 % at most.
 */
#ifndef VMGAUGE_LATENCY_H
#define VMGAUGE_LATENCY_H

#include <stdint.h>

#define LATENCY_FINE_BITS	4
#define LATENCY_FINE		(1u << LATENCY_FINE_BITS)
#define LATENCY_BITS		40	/* what is longer counts as that long */
#define LATENCY_BUCKETS							\
	((LATENCY_BITS - LATENCY_FINE_BITS + 1) * LATENCY_FINE)

static inline uint32_t latency_bucket(uint64_t cycles)
{
	uint32_t shift;

	if (cycles < LATENCY_FINE)
		return (uint32_t)cycles;
	if (cycles >> LATENCY_BITS)
		return LATENCY_BUCKETS - 1;
	shift = 63u - (uint32_t)__builtin_clzll(cycles) - LATENCY_FINE_BITS;
	return shift * LATENCY_FINE + (uint32_t)(cycles >> shift);
}

/* The middle of a bucket. */
static inline double latency_cycles(uint32_t bucket)
{
	uint32_t shift = bucket < 2 * LATENCY_FINE ? 0 :
			 bucket / LATENCY_FINE - 1;
	uint64_t low = (uint64_t)(bucket - shift * LATENCY_FINE) << shift;

	return (double)low + (double)((1ull << shift) - 1) / 2;
}

#endif
