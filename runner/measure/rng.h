/*
 * A small, seeded generator: the same seed gives the same order everywhere.
 *
 * xoshiro256** (Blackman and Vigna) seeded through splitmix64. Not for
 * secrets. The state belongs to the caller and needs no clean-up; one state
 * per thread.
 */
#ifndef VMGAUGE_MEASURE_RNG_H
#define VMGAUGE_MEASURE_RNG_H

#include <stddef.h>
#include <stdint.h>

struct rng {
	uint64_t s[4];
};

/* Any seed will do, 0 too. */
void rng_seed(struct rng *r, uint64_t seed);

/* 64 random bits. */
uint64_t rng_next(struct rng *r);

/* Uniform in [0, bound), without modulo bias; bound 0 gives 0. */
uint64_t rng_below(struct rng *r, uint64_t bound);

/* Uniform in [0, 1), 53 bits. */
double rng_uniform(struct rng *r);

/* Normal with mean 0 and standard deviation 1. */
double rng_normal(struct rng *r);

/* Fisher-Yates over n elements of size_bytes each. */
void rng_shuffle(struct rng *r, void *base, size_t n, size_t size_bytes);

#endif
