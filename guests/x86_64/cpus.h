/*
 * What each CPU has of its own.
 *
 * All of a CPU's stacks lie in its area, which is aligned to its size: the
 * stack pointer is enough to find it, at CPL0 and CPL3, in a guest and in a
 * process, and no register or MSR is used up for it.
 */
#ifndef VMGAUGE_CPUS_H
#define VMGAUGE_CPUS_H

#include <stdint.h>

#include "abi.h"
#include "layout.h"

struct cpu {
	uint64_t ring3_rsp;		/* entry.S: CPU_RING3_RSP */
	uint32_t index;			/* 0 is the one that booted */
	uint32_t apic_id;
	volatile uint32_t faults;
	struct abi_fault fault;

	/* Of the batch that all CPUs run at once; smp.c. */
	struct abi_block block __attribute__((aligned(64)));
	volatile uint32_t done;		/* the last batch that it finished */
};

_Static_assert(sizeof(struct cpu) <= CPU_TSS, "below the TSS");

extern struct cpu cpu0;			/* entry.S: with its whole area */

static inline struct cpu *cpu_self(void)
{
	uint64_t rsp;

	__asm__("mov %%rsp, %0" : "=r"(rsp));
	return (struct cpu *)(rsp & -(uint64_t)CPU_AREA_BYTES);
}

#endif
