/*
 * Forced emulation: what KVM's instruction emulator costs, by class.
 *
 * With kvm.force_emulation_prefix on, UD2 followed by the letters "kvm" makes
 * KVM emulate the instruction behind them. Each row is thus one intercepted
 * #UD, the prefix read from guest memory, and one instruction fetched,
 * decoded and carried out in software: the machinery behind every MMIO
 * access, and behind all of a guest's code where there is no hardware help.
 */
#include "suite.h"

#define FEP	"ud2\n\t.ascii \"kvm\"\n\t"

__guest uint64_t operand[2];

__guest void fep_nop_op(void)
{
	__asm__ volatile(FEP "nop");
}

__guest void fep_mov_op(void)
{
	uint64_t to;

	__asm__ volatile(FEP "mov %1, %0" : "=r"(to) : "r"(1ull));
}

__guest void fep_add_op(void)
{
	uint64_t sum = 1;

	__asm__ volatile(FEP "add %1, %0" : "+r"(sum) : "r"(1ull) : "cc");
}

__guest void fep_load_op(void)
{
	uint64_t to;

	__asm__ volatile(FEP "mov (%1), %0" : "=r"(to) : "r"(operand)
			 : "memory");
}

__guest void fep_store_op(void)
{
	__asm__ volatile(FEP "mov %1, (%0)" :: "r"(operand), "r"(1ull)
			 : "memory");
}

__guest void fep_add_memory_op(void)
{
	__asm__ volatile(FEP "add %1, (%0)" :: "r"(operand), "r"(1ull)
			 : "memory", "cc");
}

__guest void fep_cmpxchg_op(void)
{
	uint64_t expected = 0;

	__asm__ volatile(FEP "lock cmpxchg %2, (%1)" : "+a"(expected)
			 : "r"(operand), "r"(1ull) : "memory", "cc");
}

/* LEA gives the stack back without an instruction that is measured too. */
__guest void fep_push_op(void)
{
	__asm__ volatile(FEP "push %0\n\tlea 8(%%rsp), %%rsp" :: "r"(1ull)
			 : "memory");
}

__guest void fep_jmp_op(void)
{
	__asm__ volatile(FEP "jmp 1f\n1:");
}

__guest void fep_div_op(void)
{
	uint64_t quotient = 7, remainder = 0;

	__asm__ volatile(FEP "div %2" : "+a"(quotient), "+d"(remainder)
			 : "r"(3ull) : "cc");
}

__guest void fep_movsb_op(void)
{
	const void *from = &operand[0];
	void *to = &operand[1];

	__asm__ volatile(FEP "movsb" : "+S"(from), "+D"(to) :: "memory");
}

__guest void fep_cpuid_op(void)
{
	uint32_t a = 0, b, c = 0, d;

	__asm__ volatile(FEP "cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
}

#define BENCH_FEP(id, what, how)					\
	BENCH(id,							\
		.summary = (what),					\
		.reading = (how),					\
		.cite = "Linux, kernel parameters, kvm.force_emulation_prefix",	\
		.rings = RING0 | RING3,					\
		.needs = NEED_FEP,					\
		.op = GUEST(id##_op),					\
		.exits = EXITS(1, 0),					\
	)

BENCH_FEP(fep_nop, "NOP in KVM's emulator",
	  "The fixed part of all fep_* rows: #UD intercepted, prefix read, instruction decoded.");
BENCH_FEP(fep_mov, "MOV between registers in KVM's emulator",
	  "fep_nop plus one register written back.");
BENCH_FEP(fep_add, "ADD between registers in KVM's emulator",
	  "fep_mov plus arithmetic with flags.");
BENCH_FEP(fep_load, "MOV from memory in KVM's emulator",
	  "fep_mov plus a walk of the guest's page tables and a read.");
BENCH_FEP(fep_store, "MOV to memory in KVM's emulator",
	  "fep_mov plus a walk of the guest's page tables and a write.");
BENCH_FEP(fep_add_memory, "ADD to memory in KVM's emulator",
	  "A read and a write of guest memory.");
BENCH_FEP(fep_cmpxchg, "LOCK CMPXCHG in KVM's emulator",
	  "A locked access, which KVM makes on the host's mapping of the guest's memory.");
BENCH_FEP(fep_push, "PUSH in KVM's emulator",
	  "fep_store through the stack segment.");
BENCH_FEP(fep_jmp, "JMP in KVM's emulator",
	  "A branch: the new instruction pointer is checked against the code segment.");
BENCH_FEP(fep_div, "DIV in KVM's emulator",
	  "Arithmetic that may fault: the host executes it under an exception table.");
BENCH_FEP(fep_movsb, "MOVSB in KVM's emulator",
	  "A string move of one byte: two operands in memory.");
BENCH_FEP(fep_cpuid, "CPUID in KVM's emulator",
	  "cpuid by way of the emulator: the difference to cpuid is decoding.");
