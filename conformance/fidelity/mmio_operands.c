/*
 * An instruction does to a device what it does to memory.
 *
 * On a device's registers it leaves the guest, and the hypervisor executes it
 * instead. The device here is the VMM's and behaves as memory, so that the
 * same instruction on real memory, on the CPU, says what is right.
 */
#include "mmio_same.h"

PROBE(moves_of_every_width,
	.rule = "MOV loads and stores 1, 2, 4 and 8 bytes, and no other",
	EMULATION, .control = "a store that does nothing is caught")
{
	SAME("movb (%%rdi), %%al", ALL_FLAGS);
	SAME("movw (%%rdi), %%ax", ALL_FLAGS);
	SAME("movl (%%rdi), %%eax", ALL_FLAGS);
	SAME("movq (%%rdi), %%rax", ALL_FLAGS);
	SAME("movb %%al, 3(%%rdi)", ALL_FLAGS);
	SAME("movw %%ax, 4(%%rdi)", ALL_FLAGS);
	SAME("movl %%eax, 4(%%rdi)", ALL_FLAGS);
	SAME("movq %%rax, 8(%%rdi)", ALL_FLAGS);
	SAME("movb $0x5a, 7(%%rdi)", ALL_FLAGS);
	SAME("movq $-5, (%%rdi)", ALL_FLAGS);
}

PROBE(extensions_fill_the_register,
	.rule = "MOVZX, MOVSX and MOVSXD extend by zeroes or by the sign",
	EMULATION, .control = "a store that does nothing is caught")
{
	SAME("movzbl (%%rdi), %%eax", ALL_FLAGS);
	SAME("movzwq (%%rdi), %%rax", ALL_FLAGS);
	SAME("movsbw (%%rdi), %%ax", ALL_FLAGS);
	SAME("movsbq (%%rdi), %%rax", ALL_FLAGS);
	SAME("movswl (%%rdi), %%eax", ALL_FLAGS);
	SAME("movslq (%%rdi), %%rax", ALL_FLAGS);
}

PROBE(arithmetic_gives_result_and_flags,
	.rule = "ADD, ADC, SUB, SBB, CMP, INC, DEC and NEG leave result and flags",
	EMULATION, .control = "a store that does nothing is caught")
{
	SAME("addb %%al, (%%rdi)", ALL_FLAGS);
	SAME("addq %%rax, (%%rdi)", ALL_FLAGS);
	SAME("adcl %%eax, (%%rdi)", ALL_FLAGS);
	SAME("subw %%ax, (%%rdi)", ALL_FLAGS);
	SAME("sbbq %%rax, (%%rdi)", ALL_FLAGS);
	SAME("cmpl %%eax, (%%rdi)", ALL_FLAGS);
	SAME("cmpb (%%rdi), %%al", ALL_FLAGS);
	SAME("incw (%%rdi)", ALL_FLAGS);
	SAME("decl (%%rdi)", ALL_FLAGS);
	SAME("negq (%%rdi)", ALL_FLAGS);
}

PROBE(logic_gives_result_and_flags,
	.rule = "AND, OR, XOR, TEST and NOT leave result and flags, AF aside",
	EMULATION, .control = "a store that does nothing is caught")
{
	const uint64_t flags = ALL_FLAGS & ~(uint64_t)RFLAGS_AF;

	SAME("andl %%eax, (%%rdi)", flags);
	SAME("orb %%al, (%%rdi)", flags);
	SAME("xorq %%rax, (%%rdi)", flags);
	SAME("testw %%ax, (%%rdi)", flags);
	SAME("testl $0x80000000, (%%rdi)", flags);
	SAME("notq (%%rdi)", ALL_FLAGS);
}

PROBE(locked_instructions_exchange,
	.rule = "XCHG, XADD, CMPXCHG and CMPXCHG8B exchange as they say, with LOCK",
	EMULATION, .control = "a store that does nothing is caught")
{
	SAME("xchgl %%eax, (%%rdi)", ALL_FLAGS);
	SAME("xchgb %%al, 5(%%rdi)", ALL_FLAGS);
	SAME("lock xaddq %%rax, (%%rdi)", ALL_FLAGS);
	SAME("lock cmpxchgl %%ecx, (%%rdi)", ALL_FLAGS);
	SAME("mov (%%rdi), %%eax\n\tlock cmpxchgl %%ecx, (%%rdi)", ALL_FLAGS);
	SAME("lock cmpxchg8b (%%rdi)", RFLAGS_ZF);
	SAME("lock incq (%%rdi)", ALL_FLAGS);
}

PROBE(bit_instructions_reach_beyond,
	.rule = "BT, BTS, BTR and BTC by a register address bits beyond the operand",
	EMULATION, .control = "a store that does nothing is caught")
{
	SAME("mov $75, %%edx\n\tbtq %%rdx, (%%rdi)", RFLAGS_CF);
	SAME("mov $75, %%edx\n\tbtsq %%rdx, (%%rdi)", RFLAGS_CF);
	SAME("mov $37, %%edx\n\tbtrl %%edx, (%%rdi)", RFLAGS_CF);
	SAME("mov $-3, %%rdx\n\tbtcq %%rdx, 8(%%rdi)", RFLAGS_CF);
	SAME("btsl $9, (%%rdi)", RFLAGS_CF);
}

PROBE(shifts_give_result_and_flags,
	.rule = "SHL, SHR, SAR, ROL and SHLD of a device's word leave result and CF",
	EMULATION, .control = "a store that does nothing is caught")
{
	SAME("shlq $1, (%%rdi)", RFLAGS_CF | RFLAGS_ZF | RFLAGS_SF);
	SAME("shrl $3, (%%rdi)", RFLAGS_CF | RFLAGS_ZF | RFLAGS_SF);
	SAME("sarw $1, (%%rdi)", RFLAGS_CF | RFLAGS_ZF | RFLAGS_SF);
	SAME("rolb $5, (%%rdi)", RFLAGS_CF);
	SAME("shldq $7, %%rax, (%%rdi)", RFLAGS_CF | RFLAGS_ZF);
}

PROBE(stack_operands_move,
	.rule = "PUSH and POP of a device's word move it from and to the stack",
	EMULATION, .control = "a store that does nothing is caught")
{
	SAME("pushq (%%rdi)\n\tpop %%rax", ALL_FLAGS);
	SAME("push %%rax\n\tpopq 8(%%rdi)", ALL_FLAGS);
}

PROBE(string_instructions_walk,
	.rule = "REP MOVS, STOS, LODS, CMPS and SCAS walk a device as they do memory",
	EMULATION, .control = "a store that does nothing is caught")
{
	SAME("mov $2, %%ecx\n\tmov %%rdi, %%rdx\n\trep stosq\n\t"
	     "sub %%rdi, %%rdx", 0);
	SAME("mov $5, %%ecx\n\tmov %%rdi, %%rdx\n\trep stosb\n\t"
	     "sub %%rdi, %%rdx", 0);
	SAME("mov $3, %%ecx\n\tmov %%rdi, %%rsi\n\trep lodsw\n\t"
	     "sub %%rdi, %%rsi\n\tmov %%rsi, %%rdx", 0);
	SAME("mov $16, %%ecx\n\tmov %%rdi, %%rdx\n\trepne scasb\n\t"
	     "sub %%rdi, %%rdx", 0);
	SAME("mov $4, %%ecx\n\tmov %%rdi, %%rsi\n\tadd $8, %%rdi\n\t"
	     "rep movsb\n\tsub %%rsi, %%rdi\n\tmov %%rdi, %%rdx", 0);
}
