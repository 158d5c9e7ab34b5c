/*
 * Single steps and watchpoints trap after exactly the right instruction.
 *
 * An instruction that exits is finished by the hypervisor, which must then
 * raise the #DB that the CPU would have raised. Forgetting that is the
 * oldest way to be found out, and it breaks debuggers inside guests.
 */
#include "suite.h"
#include "debug.h"

#define STEP	"Intel SDM vol. 3, Single-Step Exception Condition; " \
		"AMD APM vol. 2, Single Stepping"
#define WATCH	"Intel SDM vol. 3, Debug Registers, Data Breakpoint Condition; " \
		"AMD APM vol. 2, Breakpoints"

PROBE(single_step_traps_after_one_instruction,
	.rule = "With TF set by POPF, #DB comes after the next instruction",
	.cite = STEP, .rings = RING0 | RING3,
	.control = "a #DB whose RIP is one too high is caught")
{
	uint64_t after = 0;

	CHECK_STEP(after, STEP_ON "nop\n\t1: nop\n\tnop",
		   : [after] "=&r"(after) :: "memory", "cc");
	CHECK_EQ(RFLAGS_TF, last_fault.rflags & RFLAGS_TF);
}

PROBE(single_step_over_cpuid_traps_behind_it,
	.rule = "A single step over CPUID ends right after it",
	.cite = STEP, .rings = RING0 | RING3,
	.control = "a #DB whose RIP is one too high is caught")
{
	uint64_t after = 0, a = 0, c = 0;

	CHECK_STEP(after, STEP_ON "cpuid\n\t1: nop\n\tnop",
		   : [after] "=&r"(after), "+a"(a), "+c"(c)
		   :: "rbx", "rdx", "memory", "cc");
}

PROBE(single_step_over_port_io_traps_behind_it,
	.rule = "A single step over IN ends right after it",
	.cite = STEP, .rings = RING0 | RING3,
	.needs = NEED_MACHINE,
	.control = "a #DB whose RIP is one too high is caught")
{
	uint64_t after = 0;

	CHECK_STEP(after, STEP_ON "inb $0x80, %%al\n\t1: nop\n\tnop",
		   : [after] "=&r"(after) :: "rax", "memory", "cc");
}

PROBE(single_step_over_rdmsr_traps_behind_it,
	.rule = "A single step over RDMSR ends right after it",
	.cite = STEP,
	.control = "a #DB whose RIP is one too high is caught")
{
	uint64_t after = 0;

	CHECK_STEP(after, STEP_ON "rdmsr\n\t1: nop\n\tnop",
		   : [after] "=&r"(after) : "c"(MSR_APICBASE)
		   : "rax", "rdx", "memory", "cc");
}

PROBE(single_step_sets_bs,
	.rule = "A single-step #DB sets DR6.BS and no breakpoint bit",
	.cite = STEP,
	.control = "a step that never happens is caught")
{
	uint64_t after = 0;

	write_dr6(0xffff0ff0);
	CHECK_STEP(after, STEP_ON "nop\n\t1: nop\n\tnop",
		   : [after] "=&r"(after) :: "memory", "cc");
	CHECK_EQ(DR6_BS, read_dr6() & (DR6_BS | DR6_BD | 0xf));
	write_dr6(0xffff0ff0);
}

PROBE(mov_ss_holds_the_step_back,
	.rule = "A step over MOV SS traps one instruction later",
	.cite = "Intel SDM vol. 3, Masking Exceptions and Interrupts When "
		"Switching Stacks; AMD APM vol. 3, MOV",
	.rings = RING0 | RING3,
	.control = "a #DB whose RIP is one too high is caught")
{
	uint64_t after = 0, ss;

	__asm__ volatile("mov %%ss, %0" : "=r"(ss));
	CHECK_STEP(after, STEP_ON "mov %w[ss], %%ss\n\tnop\n\t1: nop\n\tnop",
		   : [after] "=&r"(after) : [ss] "r"(ss) : "memory", "cc");
}

static volatile uint64_t watched;

PROBE(watchpoint_traps_after_the_write,
	.rule = "A data breakpoint traps after the write, and sets DR6.B0",
	.cite = WATCH,
	.control = "a #DB whose RIP is one too high is caught")
{
	uint64_t after = 0;

	write_dr6(0xffff0ff0);
	write_dr0((uint64_t)&watched);
	write_dr7(DR7_FIXED | DR7_L0 | DR7_RW0(1, 2));
	CHECK_STEP(after, "lea 1f(%%rip), %[after]\n\tmovq $7, %[to]\n\t"
		   "1: nop\n\tnop",
		   : [after] "=&r"(after), [to] "=m"(watched));
	write_dr7(DR7_FIXED);
	CHECK_EQ(7, watched);
	CHECK_EQ(DR6_B0, read_dr6() & (DR6_BS | DR6_BD | 0xf));
	write_dr6(0xffff0ff0);
	write_dr0(0);
}

PROBE(watchpoint_ignores_its_neighbour,
	.rule = "A data breakpoint of one byte ignores the byte beside it",
	.cite = WATCH,
	.control = "a write that raises an exception is caught")
{
	volatile uint8_t *byte = (volatile uint8_t *)&watched;

	write_dr0((uint64_t)byte);
	write_dr7(DR7_FIXED | DR7_L0 | DR7_RW0(1, 0));
	CHECK_EQ(NO_FAULT, asm_safe("movb $1, 1(%0)\n\tnop",
				    :: "r"(byte) : "memory"));
	write_dr7(DR7_FIXED);
	write_dr0(0);
}

PROBE(general_detect_guards_the_debug_registers,
	.rule = "With DR7.GD set, MOV to DRn raises #DB with DR6.BD, before it acts",
	.cite = "Intel SDM vol. 3, General-Detect Exception Condition; AMD APM "
		"vol. 2, General-Detect Enable (GD)",
	.control = "a #DB whose RIP is one too high is caught")
{
	uint64_t at = 0;

	write_dr6(0xffff0ff0);
	write_dr0(0);
	write_dr7(DR7_FIXED | DR7_GD);
	CHECK_STEP(at, "lea 1f(%%rip), %[at]\n\t1: mov %[v], %%dr0",
		   : [at] "=&r"(at) : [v] "r"(0x1234ull) : "memory");
	/* Entering the handler clears GD, so that it can look around. */
	CHECK_EQ(DR7_FIXED, read_dr7());
	CHECK_EQ(DR6_BD, read_dr6() & (DR6_BS | DR6_BD | 0xf));
	CHECK_EQ(0, read_dr0());
	write_dr6(0xffff0ff0);
}
