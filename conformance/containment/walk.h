/*
 * What probes share that make page tables of their own: a window of GVA that
 * the image leaves alone, and the levels that lead to it.
 */
#ifndef VMGAUGE_CONTAINMENT_WALK_H
#define VMGAUGE_CONTAINMENT_WALK_H

#include "suite.h"

#define WINDOW_GVA	0x100000000ull	/* the fifth GiB of the PDPT */
#define WALK_TABLE	0x00000007ull	/* present, writable, user */
#define WALK_LARGE	0x00000087ull
#define WALK_GPA_MASK	0x000ffffffffff000ull

static uint64_t walk_pd[512] __attribute__((aligned(4096), unused));
static uint64_t walk_pt[512] __attribute__((aligned(4096), unused));

__guest uint64_t *walk_pml4(void)
{
	return (uint64_t *)(read_cr3() & WALK_GPA_MASK);
}

__guest uint64_t *walk_pdpt(void)
{
	return (uint64_t *)(walk_pml4()[0] & WALK_GPA_MASK);
}

__guest void walk_flush(void)
{
	write_cr3(read_cr3());
}

/* The window's first 2 MiB become walk_pt[]; the caller fills that. */
__guest void walk_open(void)
{
	walk_pdpt()[4] = (uint64_t)walk_pd | WALK_TABLE;
	walk_pd[0] = (uint64_t)walk_pt | WALK_TABLE;
	walk_flush();
}

/* Reads a word of the window's first page, which is `entry`'s. */
__guest unsigned int walk_read(uint64_t entry, uint64_t *value)
{
	uint64_t v = 0;
	unsigned int vector;

	walk_pt[0] = entry;
	walk_flush();
	vector = asm_safe("mov (%1), %0", : "+r"(v)
			  : "r"(WINDOW_GVA) : "memory");
	*value = v;
	return vector;
}

__guest unsigned int walk_write(uint64_t entry, uint64_t value)
{
	walk_pt[0] = entry;
	walk_flush();
	return asm_safe("mov %0, (%1)", :: "r"(value), "r"(WINDOW_GVA)
			: "memory");
}

#endif
