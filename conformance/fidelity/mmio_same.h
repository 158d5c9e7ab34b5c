/*
 * What the probes of instructions on a device share: the same instruction on
 * real memory, on the CPU, says what is right. The device is the VMM's and
 * behaves as memory.
 */
#ifndef VMGAUGE_FIDELITY_MMIO_SAME_H
#define VMGAUGE_FIDELITY_MMIO_SAME_H

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

#endif
