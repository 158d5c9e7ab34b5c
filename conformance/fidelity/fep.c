/*
 * The forced emulation prefix: KVM's emulator executes the instruction that
 * follows UD2 and "kvm", and it must come out as the CPU's own.
 *
 * Operands are drawn by the seed of the run. Flags that the manual leaves
 * undefined are not looked at.
 */
#include "mmio_same.h"

#define FEP	".byte 0x0f, 0x0b, 0x6b, 0x76, 0x6d\n\t"
enum { ROUNDS = 50 };

static uint64_t other[2] __attribute__((aligned(16)));
static uint64_t state;

/* Mostly edges: half of all operands have runs of ones and zeroes. */
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
		struct outcome cpu_ = { 0 }, emulated_ = { 0 };		\
									\
		for (unsigned int i_ = 0; i_ < ROUNDS; i_++) {		\
			uint64_t x_ = operand(), y_ = operand();	\
									\
			RUN(&cpu_, insn, memory, x_, y_);		\
			RUN(&emulated_, FEP insn, other, x_, y_);	\
			same(insn, &cpu_, &emulated_, flags);		\
		}							\
		check_record(insn, __LINE__, 0, 0, true);		\
	} while (0)

__guest const char *seed(void)
{
	state = mailbox->seed | 1;
	return NULL;
}

#define FORCED								\
	.cite = "Linux, kvm.force_emulation_prefix; " EMULATED,		\
	.rings = RING0 | RING3, .needs = NEED_VMM | NEED_FEP,		\
	.skip = GUEST(seed),						\
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
