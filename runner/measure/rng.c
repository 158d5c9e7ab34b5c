/*
 * xoshiro256**: fast, 256 bits of state, and the same on every machine, so
 * that a seed in a result document reproduces the order of a run.
 */
#include <math.h>

#include "measure/rng.h"

static uint64_t rotate_left(uint64_t x, unsigned int bits)
{
	return x << bits | x >> (64 - bits);
}

/* splitmix64: spreads one word over the state, and never to all zeros. */
static uint64_t split_mix(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

void rng_seed(struct rng *r, uint64_t seed)
{
	for (size_t i = 0; i < 4; i++)
		r->s[i] = split_mix(&seed);
}

uint64_t rng_next(struct rng *r)
{
	uint64_t *s = r->s;
	uint64_t word = rotate_left(s[1] * 5, 7) * 9;
	uint64_t shifted = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= shifted;
	s[3] = rotate_left(s[3], 45);
	return word;
}

uint64_t rng_below(struct rng *r, uint64_t bound)
{
	uint64_t word, reject;

	if (!bound)
		return 0;
	/* 2^64 mod bound: words below it would favour small results */
	reject = (UINT64_MAX - bound + 1) % bound;
	do {
		word = rng_next(r);
	} while (word < reject);
	return word % bound;
}

double rng_uniform(struct rng *r)
{
	return (double)(rng_next(r) >> 11) * 0x1p-53;
}

/* Box and Muller; the second number is dropped, so that the state is only s. */
double rng_normal(struct rng *r)
{
	double radius = sqrt(-2 * log(1 - rng_uniform(r)));

	return radius * cos(2 * M_PI * rng_uniform(r));
}

static void swap_bytes(unsigned char *a, unsigned char *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char byte = a[i];

		a[i] = b[i];
		b[i] = byte;
	}
}

void rng_shuffle(struct rng *r, void *base, size_t n, size_t size_bytes)
{
	unsigned char *bytes = base;

	for (size_t left = n; left > 1; left--) {
		size_t other = rng_below(r, left);

		if (other != left - 1)
			swap_bytes(bytes + other * size_bytes,
				   bytes + (left - 1) * size_bytes,
				   size_bytes);
	}
}
