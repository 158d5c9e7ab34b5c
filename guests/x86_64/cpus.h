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
	volatile uint32_t faults;
	struct abi_fault fault;

	/* smp.c; the first line is read by the CPU that booted. */
	struct abi_block block __attribute__((aligned(64)));
	volatile uint32_t done;		/* the last release that it served */
	volatile uint32_t over __attribute__((aligned(64)));
	uint64_t own[8] __attribute__((aligned(64)));	/* the bench's */
};

_Static_assert(sizeof(struct cpu) <= CPU_TSS, "below the TSS");

extern struct cpu cpu0;			/* image.ld: with its whole area */

/* Makes the area of a CPU that has not started: its GDT, TSS and stacks. */
void cpu_area_make(struct cpu *cpu, uint32_t index);

/* Of any CPU, by index. */
static inline struct cpu *cpu_at(uint32_t index)
{
	return index ? (struct cpu *)(ABI_CPUS_GPA +
				      (uint64_t)index * CPU_AREA_BYTES) : &cpu0;
}

static inline struct cpu *cpu_self(void)
{
	uint64_t rsp;

	__asm__("mov %%rsp, %0" : "=r"(rsp));
	return (struct cpu *)(rsp & -(uint64_t)CPU_AREA_BYTES);
}

#endif
