/*
 * Flags of instructions on a device, with operands that are drawn by the seed
 * of the run instead of chosen: --seed repeats one.
 */
#include "random_same.h"

#define ALIKE(insn, flags)						\
	ALIKE_AT(12, "", insn, ABI_DEVICE_GPA, flags)

#define RANDOM								\
	EMULATION, .skip = GUEST(random_seed),				\
	.control = "a store that does nothing is caught"

PROBE(sums_of_random_operands_leave_the_same_flags,
	.rule = "ADD, ADC, SUB, SBB, CMP and NEG of random words leave the CPU's flags",
	RANDOM)
{
	ALIKE("addb %%al, (%%rdi)", ALL_FLAGS);
	ALIKE("adcw %%ax, (%%rdi)", ALL_FLAGS);
	ALIKE("subl %%eax, (%%rdi)", ALL_FLAGS);
	ALIKE("sbbq %%rax, (%%rdi)", ALL_FLAGS);
	ALIKE("cmpl (%%rdi), %%eax", ALL_FLAGS);
	ALIKE("negq (%%rdi)", ALL_FLAGS);
	ALIKE("lock xaddl %%eax, (%%rdi)", ALL_FLAGS);
	ALIKE("cmpxchgq %%rcx, (%%rdi)", ALL_FLAGS);
}

PROBE(shifts_of_random_operands_leave_the_same_flags,
	.rule = "Shifts, rotates and bit tests of random words leave the CPU's flags",
	RANDOM)
{
	ALIKE("shlb $1, (%%rdi)", ALL_FLAGS & ~RFLAGS_AF);
	ALIKE("sarl $1, (%%rdi)", ALL_FLAGS & ~RFLAGS_AF);
	ALIKE("shrq $17, (%%rdi)", RFLAGS_CF | RFLAGS_ZF | RFLAGS_SF);
	ALIKE("rolw $3, (%%rdi)", RFLAGS_CF);
	ALIKE("rorl $9, (%%rdi)", RFLAGS_CF);
	ALIKE("and $63, %%ecx\n\tbtrq %%rcx, 8(%%rdi)", RFLAGS_CF);
}

PROBE(rotates_through_carry_take_it_in,
	.rule = "RCL and RCR of random words rotate the carry that was into them",
	RANDOM)
{
	ALIKE("rclw $1, (%%rdi)", RFLAGS_CF | RFLAGS_OF);
	ALIKE("rcrq $3, (%%rdi)", RFLAGS_CF);
}
