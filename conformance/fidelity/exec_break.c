/*
 * Instruction breakpoints come before the instruction, and RF gets past them.
 *
 * RF lives for one instruction. Whoever emulates that instruction, or injects
 * an exception there, has to keep it, and to drop it, as the CPU would.
 */
#include "suite.h"
#include "debug.h"

#define BREAK	"Intel SDM vol. 3, Instruction-Breakpoint Exception Condition; " \
		"AMD APM vol. 2, Breakpoints"
#define RF	"Intel SDM vol. 3, Masking Instruction Breakpoints; AMD APM " \
		"vol. 2, Resume Flag (RF) Bit"

/* IRETQ to label 1, on the same stack, with `flags`. */
#define IRET_TO_1							\
	"mov %%rsp, %%rcx\n\tmov %%ss, %%eax\n\tpush %%rax\n\tpush %%rcx\n\t"	\
	"push %[flags]\n\tmov %%cs, %%eax\n\tpush %%rax\n\t"		\
	"lea 1f(%%rip), %%rax\n\tpush %%rax\n\t"

/*
 * INC at label 1 and NOP behind it, entered by IRET with `flags`, or at once
 * when they are 0. DR0 (and DR1 for the NOP) are set by the code itself, for
 * only it knows its labels.
 */
__guest unsigned int increment(uint64_t flags, uint64_t dr7, uint64_t *at,
			       uint64_t *n)
{
	return asm_safe("lea 1f(%%rip), %[at]\n\tmov %[at], %%dr0\n\t"
			"lea 2f(%%rip), %%rax\n\tmov %%rax, %%dr1\n\t"
			"mov %[dr7], %%dr7\n\t"
			"test %[flags], %[flags]\n\tjz 1f\n\t"
			IRET_TO_1 "iretq\n\t"
			"1: inc %[n]\n\t2: nop\n\tnop",
			: [at] "=&r"(*at), [n] "+r"(*n)
			: [flags] "r"(flags), [dr7] "r"(dr7)
			: "rax", "rcx", "memory", "cc");
}

__guest void breaks_clear(void)
{
	write_dr7(DR7_FIXED);
	write_dr1(0);
	watch_clear();
}

PROBE(instruction_breakpoint_comes_first,
	.rule = "An instruction breakpoint raises #DB, a fault: nothing was executed",
	.cite = BREAK,
	.control = "a #DB whose RIP is one too high is caught")
{
	uint64_t at = 0, n = 0;

	write_dr6(DR6_CLEAR);
	CHECK_EQ(VEC_DB, increment(0, DR7_FIXED | DR7_L0, &at, &n));
	CHECK_EQ(at, last_fault.rip);
	CHECK_EQ(0, n);
	CHECK_EQ(DR6_B0, read_dr6() & DR6_CAUSE);
	breaks_clear();
}

PROBE(rf_lets_one_instruction_pass,
	.rule = "IRET with RF set skips the breakpoint of the instruction it returns to",
	.cite = RF,
	.control = "an INC that does nothing is caught")
{
	uint64_t at = 0, n = 0, flags = rflags_read();

	CHECK_EQ(NO_FAULT, increment(flags | RFLAGS_RF, DR7_FIXED | DR7_L0,
				     &at, &n));
	CHECK_EQ(1, n);
	CHECK_EQ(VEC_DB, increment(flags, DR7_FIXED | DR7_L0, &at, &n));
	CHECK_EQ(1, n);
	breaks_clear();
}

PROBE(rf_lasts_for_one_instruction,
	.rule = "RF is gone behind that instruction: the next one's breakpoint holds",
	.cite = RF,
	.control = "a #DB whose RIP is one too high is caught")
{
	uint64_t at = 0, n = 0, flags = rflags_read();

	write_dr6(DR6_CLEAR);
	CHECK_EQ(VEC_DB, increment(flags | RFLAGS_RF,
				   DR7_FIXED | DR7_L0 | DR7_L1, &at, &n));
	CHECK_EQ(1, n);
	CHECK_EQ(at + 3, last_fault.rip);	/* INC r64 is three bytes */
	CHECK_EQ(DR6_B1, read_dr6() & DR6_CAUSE);
	breaks_clear();
}

PROBE(popf_cannot_set_rf,
	.rule = "POPF with RF set does not skip the next instruction's breakpoint",
	.cite = RF,
	.control = "a #DB whose RIP is one too high is caught")
{
	uint64_t at = 0;

	write_dr7(DR7_FIXED);
	CHECK_EQ(VEC_DB, asm_safe("lea 1f(%%rip), %0\n\tmov %0, %%dr0\n\t"
				  "mov %1, %%dr7\n\tpushfq\n\t"
				  "orq $0x10000, (%%rsp)\n\tpopfq\n\t"
				  "1: nop\n\tnop",
				  : "=&r"(at) : "r"(DR7_FIXED | 1ull)
				  : "memory", "cc"));
	CHECK_EQ(at, last_fault.rip);
	breaks_clear();
}

PROBE(breakpoint_on_an_exiting_instruction,
	.rule = "A breakpoint on CPUID comes before it: no register has changed",
	.cite = BREAK,
	.control = "a #DB whose RIP is one too high is caught")
{
	uint64_t at = 0, a = 0, d = 0x5a5a;

	write_dr6(DR6_CLEAR);
	CHECK_EQ(VEC_DB, asm_safe("lea 1f(%%rip), %[at]\n\tmov %[at], %%dr0\n\t"
				  "mov %[dr7], %%dr7\n\t1: cpuid",
				  : [at] "=&r"(at), "+a"(a), "+d"(d)
				  : [dr7] "r"(DR7_FIXED | 1ull)
				  : "rbx", "rcx", "memory"));
	CHECK_EQ(at, last_fault.rip);
	CHECK_EQ(0x5a5a, d);
	breaks_clear();
}

/* At CPL0 and CPL3 alike. */
PROBE(faults_push_rf_and_traps_do_not,
	.rule = "RFLAGS in the frame of #UD, #GP, #DE and #PF has RF set, of #BP clear",
	.cite = RF "; Intel SDM vol. 3, Saving the Flags on Exceptions",
	.rings = RING0 | RING3,
	.control = "a UD2 that does nothing is caught")
{
	CHECK_EQ(VEC_UD, asm_safe("ud2", ));
	CHECK_EQ(RFLAGS_RF, last_fault.rflags & RFLAGS_RF);
	CHECK_EQ(VEC_GP, asm_safe("movb (%0), %%al", :: "r"(1ull << 63)
				  : "rax"));
	CHECK_EQ(RFLAGS_RF, last_fault.rflags & RFLAGS_RF);
	CHECK_EQ(VEC_DE, asm_safe("xor %%eax, %%eax\n\tdiv %%eax",
				  ::: "rax", "rdx", "cc"));
	CHECK_EQ(RFLAGS_RF, last_fault.rflags & RFLAGS_RF);
	CHECK_EQ(VEC_PF, asm_safe("movb (%0), %%al", :: "r"(1ull << 45)
				  : "rax"));
	CHECK_EQ(RFLAGS_RF, last_fault.rflags & RFLAGS_RF);
	CHECK_EQ(VEC_BP, asm_safe("int3", ));
	CHECK_EQ(0, last_fault.rflags & RFLAGS_RF);
}
