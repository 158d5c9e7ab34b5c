/*
 * Debug registers and single steps, for the probes that use them.
 *
 * A #DB inside asm_safe() is recorded once: its handler clears TF and goes on
 * behind the instructions (fault.h). DR7 stays as it was set.
 */
#ifndef VMGAUGE_DEBUG_H
#define VMGAUGE_DEBUG_H

#include "guest.h"

enum {
	DR6_B0 = 1 << 0, DR6_B1 = 1 << 1, DR6_BD = 1 << 13, DR6_BS = 1 << 14,
	DR6_CAUSE = DR6_BS | DR6_BD | 0xf,
};
#define DR6_CLEAR	0xffff0ff0ull

enum { DR7_FIXED = 0x400, DR7_L0 = 1 << 0, DR7_G0 = 1 << 1, DR7_L1 = 1 << 2,
       DR7_GD = 1 << 13 };
enum { DR_EXECUTE = 0, DR_WRITE = 1, DR_PORT = 2, DR_ACCESS = 3 };
/* `len`: 0, 1, 3 and 2 for 1, 2, 4 and 8 bytes. */
#define DR7_RW0(type, len)	((uint64_t)(type) << 16 | (uint64_t)(len) << 18)
#define DR7_RW1(type, len)	((uint64_t)(type) << 20 | (uint64_t)(len) << 22)

/* Sets TF: the instruction after the POPF is the first to be stepped. */
#define STEP_ON		"pushfq\n\torq $0x100, (%%rsp)\n\t"	\
			"lea 1f(%%rip), %[after]\n\tpopfq\n\t"

/* What #DB must have said, and that it said it once. */
#define CHECK_STEP(after, ...)						\
	do {								\
		CHECK_EQ(VEC_DB, asm_safe(__VA_ARGS__));		\
		CHECK_EQ(after, last_fault.rip);			\
		CHECK_EQ(1, fault_count);				\
	} while (0)

/* At CPL0: DR0 on `gva`, and no cause left in DR6. */
static inline void watch_set(uint64_t gva, unsigned int type, unsigned int len)
{
	write_dr6(DR6_CLEAR);
	write_dr0(gva);
	write_dr7(DR7_FIXED | DR7_L0 | DR7_RW0(type, len));
}

static inline void watch_clear(void)
{
	write_dr7(DR7_FIXED);
	write_dr0(0);
	write_dr6(DR6_CLEAR);
}

#endif
