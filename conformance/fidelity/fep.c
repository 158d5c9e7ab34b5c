/*
 * The forced emulation prefix: KVM's emulator executes the instruction that
 * follows UD2 and "kvm", and it must come out as the CPU's own.
 *
 * Operands are drawn by the seed of the run. Flags that the manual leaves
 * undefined are not looked at.
 */
#include "random_same.h"

#define FEP	".byte 0x0f, 0x0b, 0x6b, 0x76, 0x6d\n\t"
#define ALIKE(insn, flags)	ALIKE_AT(50, FEP, insn, other, flags)

static uint64_t other[2] __attribute__((aligned(16)));

#define FORCED								\
	.cite = "Linux, kvm.force_emulation_prefix; " EMULATED,		\
	.rings = RING0 | RING3, .needs = NEED_VMM | NEED_FEP,		\
	.skip = GUEST(random_seed),					\
	.control = "a store that does nothing is caught"

PROBE(forced_arithmetic_is_the_cpus,
	.rule = "Emulated arithmetic of every width gives the CPU's results and flags",
	FORCED)
{
	ALIKE("addq %%rax, (%%rdi)", ALL_FLAGS);
	ALIKE("adcl %%eax, (%%rdi)", ALL_FLAGS);
	ALIKE("subw %%ax, (%%rdi)", ALL_FLAGS);
	ALIKE("sbbb %%al, (%%rdi)", ALL_FLAGS);
	ALIKE("cmpq %%rax, (%%rdi)", ALL_FLAGS);
	ALIKE("incl (%%rdi)", ALL_FLAGS);
	ALIKE("negw (%%rdi)", ALL_FLAGS);
	ALIKE("addl %%ecx, %%eax", ALL_FLAGS);
	ALIKE("sbbq %%rcx, %%rax", ALL_FLAGS);
}

PROBE(forced_logic_is_the_cpus,
	.rule = "Emulated logic, shifts and bit tests give the CPU's results and flags",
	FORCED)
{
	ALIKE("xorq %%rax, (%%rdi)", ALL_FLAGS & ~RFLAGS_AF);
	ALIKE("testb %%al, (%%rdi)", ALL_FLAGS & ~RFLAGS_AF);
	ALIKE("shlq $1, (%%rdi)", ALL_FLAGS & ~RFLAGS_AF);
	ALIKE("sarl $3, (%%rdi)", RFLAGS_CF | RFLAGS_ZF | RFLAGS_SF);
	ALIKE("rorw $5, (%%rdi)", RFLAGS_CF);
	ALIKE("btcl $9, (%%rdi)", RFLAGS_CF);
	ALIKE("bsfq %%rcx, %%rax", RFLAGS_ZF);
}

PROBE(forced_exchanges_are_the_cpus,
	.rule = "Emulated XCHG, XADD, CMPXCHG and MOVs give the CPU's results and flags",
	FORCED)
{
	ALIKE("xchgl %%eax, (%%rdi)", ALL_FLAGS);
	ALIKE("lock xaddq %%rax, (%%rdi)", ALL_FLAGS);
	ALIKE("cmpxchgl %%ecx, (%%rdi)", ALL_FLAGS);
	ALIKE("movsbq (%%rdi), %%rax", ALL_FLAGS);
	ALIKE("mulq (%%rdi)", RFLAGS_CF | RFLAGS_OF);
	ALIKE("cmovcq (%%rdi), %%rax", ALL_FLAGS);
}
