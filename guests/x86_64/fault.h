/*
 * A faulting instruction is a value.
 *
 * asm_safe("insn", : outputs : inputs : clobbers) runs one or more
 * instructions and gives the vector of the exception they raised, or
 * NO_FAULT. Details of the last one stay in `last_fault`; fault_count counts
 * them since the last asm_safe() began. After an exception, execution goes
 * on behind the instructions; outputs then hold whatever the registers did.
 * Both are the CPU's own.
 * It works at CPL0 and CPL3. In the text, registers are written %%rax.
 *
 * #DB is recorded with TF cleared in the frame, so that a single step is one
 * exception and not a storm.
 */
#ifndef VMGAUGE_FAULT_H
#define VMGAUGE_FAULT_H

#include "abi.h"
#include "cpus.h"

enum {
	NO_FAULT = 256,
	VEC_DE = 0, VEC_DB = 1, VEC_NMI = 2, VEC_BP = 3, VEC_OF = 4,
	VEC_BR = 5, VEC_UD = 6, VEC_NM = 7, VEC_DF = 8, VEC_TS = 10,
	VEC_NP = 11, VEC_SS = 12, VEC_GP = 13, VEC_PF = 14, VEC_MF = 16,
	VEC_AC = 17, VEC_MC = 18, VEC_XM = 19,
};

#define last_fault	(cpu_self()->fault)
#define fault_count	(cpu_self()->faults)

static inline void fault_arm(void)
{
	fault_count = 0;
	last_fault.vector = NO_FAULT;
	__asm__ volatile("" ::: "memory");
}

static inline unsigned int fault_vector(void)
{
	__asm__ volatile("" ::: "memory");
	return (unsigned int)last_fault.vector;
}

/* `end` matches too: a trap (#BP, #DB) reports the next instruction. */
#define EX_TABLE							\
	"\n\t.pushsection .ex_table, \"a\"\n\t"				\
	".quad 661b, 662b\n\t"						\
	".popsection\n\t"

/*
 * In the text of an asm_safe(): what faults at `from` or before `to` goes on
 * at `to`, both numeric labels behind them, and then to the end as usual.
 */
#define RESUME(from, to)						\
	"\n\t.pushsection .ex_table, \"a\"\n\t"				\
	".quad " #from "b, " #to "b\n\t"				\
	".popsection\n\t"

#define asm_safe(insn, ...)						\
	({								\
		fault_arm();						\
		__asm__ volatile("661:\n\t" insn "\n662:" EX_TABLE	\
				 __VA_ARGS__);				\
		fault_vector();						\
	})

/*
 * Where interrupts and NMIs go that have no gate of their own (irq.h): on the
 * CPU that takes them, at CPL0, with interrupts off. NULL: they end the guest.
 */
typedef void interrupt_fn(unsigned int vector);
extern interrupt_fn *volatile interrupt_hook;

/* For probes: `expr` is an asm_safe() or one of the *_safe() below. */
#define CHECK_FAULT(vec, code, expr)					\
	do {								\
		uint64_t vec_ = (expr), code_ = last_fault.error_code;	\
									\
		check_record(#expr " raises " #vec, __LINE__, vec, vec_,	\
			     vec_ == (vec));				\
		if (vec_ == (vec))					\
			check_record(#expr " gives error code " #code,	\
				     __LINE__, code, code_,		\
				     code_ == (code));			\
	} while (0)

static inline unsigned int rdmsr_safe(uint32_t msr, uint64_t *value)
{
	uint32_t lo = 0, hi = 0;
	unsigned int vector = asm_safe("rdmsr", : "+a"(lo), "+d"(hi)
				       : "c"(msr));

	*value = (uint64_t)hi << 32 | lo;
	return vector;
}

static inline unsigned int wrmsr_safe(uint32_t msr, uint64_t value)
{
	return asm_safe("wrmsr", :: "c"(msr), "a"((uint32_t)value),
			"d"((uint32_t)(value >> 32)) : "memory");
}

static inline unsigned int write_cr0_safe(uint64_t v)
{
	return asm_safe("mov %0, %%cr0", :: "r"(v) : "memory");
}

static inline unsigned int write_cr4_safe(uint64_t v)
{
	return asm_safe("mov %0, %%cr4", :: "r"(v) : "memory");
}

static inline unsigned int xsetbv_safe(uint32_t index, uint64_t v)
{
	return asm_safe("xsetbv", :: "c"(index), "a"((uint32_t)v),
			"d"((uint32_t)(v >> 32)) : "memory");
}

#endif
