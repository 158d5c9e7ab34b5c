/*
 * Clocks against each other, on machines that may take the CPU away at any
 * moment: what one counted is bounded by readings of the other on both sides,
 * so that a pause makes the bounds wider and never a verdict wrong.
 */
#ifndef VMGAUGE_FIDELITY_CLOCKS_H
#define VMGAUGE_FIDELITY_CLOCKS_H

#include "suite.h"

struct timepiece {
	uint64_t (*read)(void);
	uint64_t mask;			/* where it wraps */
	uint64_t per_second;
	/* Of one that wraps soon, or NULL: from zero, and has it wrapped? */
	void (*start)(void);
	bool (*wrapped)(void);
};

enum { CLOCKS_ATTEMPTS = 10, CLOCKS_SHARE = 100, CLOCKS_NARROW = 20 };

/*
 * While `y` counts `ticks`, which is before either wraps. 1: `x` agrees to one
 * part in CLOCKS_SHARE; 0: it does not; -1: never an undisturbed moment.
 */
__guest int clocks_agree(const struct timepiece *x, const struct timepiece *y,
			 uint64_t ticks, uint64_t *least, uint64_t *most,
			 uint64_t *wanted)
{
	for (unsigned int i = 0; i < CLOCKS_ATTEMPTS; i++) {
		uint64_t x0, x1, x2, x3, y0, passed, spins = 0;

		if (y->start)
			y->start();
		x0 = x->read();
		y0 = y->read();
		x1 = x->read();
		do {
			x2 = x->read();
			passed = (y->read() - y0) & y->mask;
			x3 = x->read();
		} while (passed < ticks && ++spins < 1ull << 20);
		if (y->wrapped && y->wrapped())
			continue;
		*least = (x2 - x1) & x->mask;
		*most = (x3 - x0) & x->mask;
		/* Both in x's ticks, in 64 bits: a second at the most. */
		*wanted = passed * x->per_second / y->per_second;
		if (passed < ticks)
			return 0;
		if (passed > 3 * ticks ||
		    *most - *least > *most / CLOCKS_NARROW)
			continue;
		return *wanted + *wanted / CLOCKS_SHARE + 2 >= *least &&
		       *wanted - *wanted / CLOCKS_SHARE <= *most + 2;
	}
	return -1;
}

#define PIT_HZ	1193182u

/* Channel 2 counts down from 10000H in mode 0: OUT rises after 55 ms. */
__guest void pit_start(void)
{
	outb(0x61, (uint8_t)((inb(0x61) & 0x0c) | 1));
	outb(0x43, 0xb0);
	outb(0x42, 0);
	outb(0x42, 0);
}

__guest bool pit_wrapped(void)
{
	return inb(0x61) & 0x20;
}

/* Counts up, as others do. */
__guest uint64_t pit_read(void)
{
	uint8_t low;

	outb(0x43, 0x80);
	low = inb(0x42);
	return 0xffff & (0u - (inb(0x42) << 8 | low));
}

__guest bool pit_works(void)
{
	outb(0x43, 0xb4);
	outb(0x43, 0xe8);
	return (inb(0x42) & 0x3f) == 0x34;
}

#endif
