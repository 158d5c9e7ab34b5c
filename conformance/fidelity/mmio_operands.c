/*
 * An instruction does to a device what it does to memory.
 *
 * On a device's registers it leaves the guest, and the hypervisor executes it
 * instead. The device here is the VMM's and behaves as memory, so that the
 * same instruction on real memory, on the CPU, says what is right.
 */
#include "item_host.h"
#include "suite.h"

#define EMULATED "Intel SDM vol. 2 and AMD APM vol. 3, the instruction itself: " \
		 "its result does not depend on what its operand is"

__host void device_prepare(struct item_host *h)
{
	host_memory_device(h);
}

/* What an instruction leaves behind. */
struct outcome {
	uint64_t a, c, d, flags, low, high;
};

static uint64_t memory[512] __attribute__((aligned(4096)));

enum { ALL_FLAGS = RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF |
		   RFLAGS_OF };

/* `insn` with its operand at (%%rdi), 16 bytes of it; A, C and D are free. */
#define RUN(o, insn, at, x, y)						\
	do {								\
		volatile uint64_t *at_ = (volatile uint64_t *)(at);	\
		volatile uint64_t *walks_ = at_;			\
									\
		at_[0] = (x);						\
		at_[1] = (y);						\
		(o)->a = (y);						\
		(o)->c = (x) ^ (y);					\
		(o)->d = (x) + (y);					\
		__asm__ volatile("mov %%rbx, %%r8\n\tmov %%rax, %%rbx\n\t" \
				 "cmp %%rdx, %%rcx\n\t" insn "\n\t"	\
				 "pushfq\n\tpop %3\n\tmov %%r8, %%rbx"	\
				 : "+a"((o)->a), "+c"((o)->c),		\
				   "+d"((o)->d), "=&r"((o)->flags),	\
				   "+D"(walks_) :: "r8", "rsi", "memory", "cc"); \
		(o)->low = at_[0];					\
		(o)->high = at_[1];					\
	} while (0)

/* Values that carry, borrow and change sign at every width, by the round. */
__guest uint64_t value_of(unsigned int round)
{
	static const uint64_t v[] = {
		0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0x7fffffff, 0x80000000,
		0xffffffff, 0x7fffffffffffffff, 0x8000000000000000, ~0ull,
	};

	return v[round % 13];
}

__guest void same(const char *what, const struct outcome *want,
		  const struct outcome *got, uint64_t flags)
{
	uint64_t differ = (want->a ^ got->a) | (want->c ^ got->c) |
			  (want->d ^ got->d) | (want->low ^ got->low) |
			  (want->high ^ got->high) |
			  ((want->flags ^ got->flags) & flags);

	if (!differ)
		return;
	check_record(what, 0, want->low, got->low, want->low == got->low);
	check_record(what, 1, want->a, got->a, want->a == got->a);
	check_record(what, 2, want->flags & flags, got->flags & flags,
		     !((want->flags ^ got->flags) & flags));
	check_record(what, 3, 0, differ, false);
}

/* On memory and on the device, for pairs of values. */
#define SAME(insn, flags)						\
	do {								\
		struct outcome mem_ = { 0 }, dev_ = { 0 };		\
									\
		for (unsigned int i_ = 0; i_ < 26; i_++) {		\
			uint64_t x_ = value_of(i_), y_ = value_of(i_ * 5 + 3); \
									\
			RUN(&mem_, insn, memory, x_, y_);		\
			RUN(&dev_, insn, ABI_DEVICE_GPA, x_, y_);	\
			same(insn, &mem_, &dev_, flags);		\
		}							\
		check_record(insn, __LINE__, 0, 0, true);		\
	} while (0)

#define EMULATION							\
	.cite = EMULATED, .rings = RING0 | RING3, .needs = NEED_VMM,	\
	.prepare = HOST(device_prepare)

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
