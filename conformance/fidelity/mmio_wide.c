/*
 * Wide operands on a device, and what compilers use without being asked.
 *
 * An emulator knows the instructions that somebody once needed. One that it
 * does not know may not end the guest: each kind is a probe of its own.
 */
#include "mmio_same.h"

#define CONTROL	"a store that does nothing is caught"

PROBE(integer_moves_beside_mov,
	.rule = "MOVNTI, CMOVcc and SETcc move to and from a device",
	EMULATION, .control = CONTROL)
{
	SAME("movntil %%eax, 4(%%rdi)", ALL_FLAGS);
	SAME("movntiq %%rax, (%%rdi)", ALL_FLAGS);
	SAME("cmovcq (%%rdi), %%rax", ALL_FLAGS);
	SAME("cmovncl (%%rdi), %%eax", ALL_FLAGS);
	SAME("setcb 3(%%rdi)", ALL_FLAGS);
}

PROBE(multiply_and_divide,
	.rule = "MUL, IMUL and DIV take an operand from a device",
	EMULATION, .control = "a load of RAX that becomes another's is caught")
{
	SAME("mulq (%%rdi)", RFLAGS_CF | RFLAGS_OF);
	SAME("imulq (%%rdi), %%rax", RFLAGS_CF | RFLAGS_OF);
	SAME("imull $77, (%%rdi), %%eax", RFLAGS_CF | RFLAGS_OF);
	/* A dividend of no more than 32 bits, a divisor that is not 0. */
	SAME("movb $7, (%%rdi)\n\tmov %%eax, %%eax\n\txor %%edx, %%edx\n\t"
	     "divl (%%rdi)", 0);
}

PROBE(bits_are_found,
	.rule = "BSF and BSR search a device's word as they do memory's",
	EMULATION, .control = CONTROL)
{
	SAME("orb $4, (%%rdi)\n\tbsfq (%%rdi), %%rax", RFLAGS_ZF);
	SAME("orb $4, (%%rdi)\n\tbsrq (%%rdi), %%rax", RFLAGS_ZF);
}

__guest const char *no_movbe(void)
{
	return cpuid_reg(1, 0, 2) >> 22 & 1 ? NULL : "CPUID: no MOVBE";
}

PROBE(movbe_turns_bytes,
	.rule = "MOVBE loads and stores a device's word with its bytes turned",
	EMULATION, .skip = GUEST(no_movbe), .control = CONTROL)
{
	SAME("movbe (%%rdi), %%rax", ALL_FLAGS);
	SAME("movbe %%eax, 4(%%rdi)", ALL_FLAGS);
}

__guest const char *no_popcnt(void)
{
	return cpuid_reg(1, 0, 2) >> 23 & 1 ? NULL : "CPUID: no POPCNT";
}

PROBE(popcnt_counts,
	.rule = "POPCNT counts the bits of a device's word",
	EMULATION, .skip = GUEST(no_popcnt), .control = CONTROL)
{
	SAME("popcntq (%%rdi), %%rax", RFLAGS_ZF | RFLAGS_CF);
}

__guest const char *no_cx16(void)
{
	return cpuid_reg(1, 0, 2) >> 13 & 1 ? NULL : "CPUID: no CMPXCHG16B";
}

PROBE(cmpxchg16b_exchanges,
	.rule = "CMPXCHG16B on a device compares and exchanges 16 bytes",
	EMULATION, .skip = GUEST(no_cx16), .control = CONTROL)
{
	SAME("mov (%%rdi), %%rax\n\tmov 8(%%rdi), %%rdx\n\t"
	     "lock cmpxchg16b (%%rdi)", RFLAGS_ZF);
	SAME("cmpxchg16b (%%rdi)", RFLAGS_ZF);
}

/* A process has what its kernel turned on. */
__guest const char *sse_on(void)
{
	if (!(read_cr4() & CR4_OSFXSR))
		write_cr4(read_cr4() | CR4_OSFXSR);
	return NULL;
}

/* At CPL3 alone, where every host lets the CPU itself run. */
#define VECTORS								\
	.cite = EMULATED, .rings = RING3, .needs = NEED_VMM,		\
	.prepare = HOST(device_prepare), .control = CONTROL

PROBE(vector_load_gives_sixteen_bytes,
	.rule = "MOVUPS, MOVDQU and MOVDQA load 16 bytes from a device",
	VECTORS, .skip = GUEST(sse_on))
{
	SAME("movdqu (%%rdi), %%xmm0\n\tmovq %%xmm0, %%rax\n\t"
	     "psrldq $8, %%xmm0\n\tmovq %%xmm0, %%rdx", ALL_FLAGS);
	SAME("movdqa (%%rdi), %%xmm0\n\tmovq %%xmm0, %%rax\n\t"
	     "psrldq $8, %%xmm0\n\tmovq %%xmm0, %%rdx", ALL_FLAGS);
	SAME("movups (%%rdi), %%xmm0\n\tmovq %%xmm0, %%rax", ALL_FLAGS);
}

#define XMM0_FROM_RDX_RAX						\
	"movq %%rax, %%xmm0\n\tmovq %%rdx, %%xmm1\n\t"			\
	"punpcklqdq %%xmm1, %%xmm0\n\t"

PROBE(vector_store_takes_sixteen_bytes,
	.rule = "MOVUPS, MOVDQU, MOVAPS and MOVNTPS store to a device",
	VECTORS, .skip = GUEST(sse_on))
{
	SAME(XMM0_FROM_RDX_RAX "movdqu %%xmm0, (%%rdi)", ALL_FLAGS);
	SAME(XMM0_FROM_RDX_RAX "movups %%xmm0, (%%rdi)", ALL_FLAGS);
	SAME(XMM0_FROM_RDX_RAX "movaps %%xmm0, (%%rdi)", ALL_FLAGS);
	SAME(XMM0_FROM_RDX_RAX "movntps %%xmm0, (%%rdi)", ALL_FLAGS);
}

PROBE(vector_moves_of_eight_bytes,
	.rule = "MOVQ and MOVD move the low part of a vector register",
	VECTORS, .skip = GUEST(sse_on))
{
	SAME("movq (%%rdi), %%xmm0\n\tmovq %%xmm0, %%rax", ALL_FLAGS);
	SAME("movd (%%rdi), %%xmm0\n\tmovq %%xmm0, %%rax", ALL_FLAGS);
	SAME("movq %%rax, %%xmm0\n\tmovq %%xmm0, 8(%%rdi)", ALL_FLAGS);
	SAME("movq %%rax, %%xmm0\n\tmovd %%xmm0, 4(%%rdi)", ALL_FLAGS);
}

PROBE(vector_arithmetic_takes_its_operand,
	.rule = "PADDQ, PXOR and PCMPEQB take an operand from a device",
	VECTORS, .skip = GUEST(sse_on))
{
	SAME(XMM0_FROM_RDX_RAX "paddq (%%rdi), %%xmm0\n\t"
	     "movq %%xmm0, %%rax", ALL_FLAGS);
	SAME(XMM0_FROM_RDX_RAX "pxor (%%rdi), %%xmm0\n\t"
	     "movq %%xmm0, %%rax", ALL_FLAGS);
	SAME(XMM0_FROM_RDX_RAX "pcmpeqb (%%rdi), %%xmm0\n\t"
	     "movq %%xmm0, %%rax", ALL_FLAGS);
}

__guest const char *avx_off(void)
{
	if (!(cpuid_reg(1, 0, 2) >> 28 & 1))
		return "CPUID: no AVX";
	if (!(read_cr4() & CR4_OSXSAVE)) {
		write_cr4(read_cr4() | CR4_OSXSAVE | CR4_OSFXSR);
		xsetbv_safe(0, 7);
	}
	return cpuid_reg(1, 0, 2) >> 27 & 1 ? NULL : "CR4.OSXSAVE stays clear";
}

PROBE(avx_moves_reach_a_device,
	.rule = "VMOVDQU loads from and stores to a device, 16 and 32 bytes",
	VECTORS, .skip = GUEST(avx_off))
{
	SAME("vmovdqu (%%rdi), %%xmm0\n\tvmovq %%xmm0, %%rax", ALL_FLAGS);
	SAME("vmovdqu (%%rdi), %%ymm0\n\tvmovq %%xmm0, %%rax\n\tvzeroupper",
	     ALL_FLAGS);
	SAME("vmovq %%rax, %%xmm0\n\tvmovdqu %%xmm0, (%%rdi)", ALL_FLAGS);
	SAME("vmovq %%rax, %%xmm0\n\tvmovdqu %%ymm0, (%%rdi)\n\tvzeroupper",
	     ALL_FLAGS);
}
