/*
 * Flags of instructions on a device, with operands that are drawn by the seed
 * of the run instead of chosen: --seed repeats one.
 */
#include "mmio_same.h"

enum { ROUNDS = 12 };
static uint64_t state;

__guest const char *seed(void)
{
	state = mailbox->seed | 1;
	return NULL;
}

/* Half of them are edges, a few bits changed. */
__guest uint64_t operand(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state & 1 ? state : value_of((unsigned int)(state >> 8)) ^
				   (state >> 60);
}

#define ALIKE(insn, flags)						\
	do {								\
		struct outcome mem_ = { 0 }, dev_ = { 0 };		\
									\
		for (unsigned int i_ = 0; i_ < ROUNDS; i_++) {		\
			uint64_t x_ = operand(), y_ = operand();	\
									\
			RUN(&mem_, insn, memory, x_, y_);		\
			RUN(&dev_, insn, ABI_DEVICE_GPA, x_, y_);	\
			same(insn, &mem_, &dev_, flags);		\
		}							\
		check_record(insn, __LINE__, 0, 0, true);		\
	} while (0)

#define RANDOM								\
	EMULATION, .skip = GUEST(seed),					\
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
