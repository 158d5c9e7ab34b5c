/*
 * A single step over any instruction that exits ends right behind it.
 *
 * fidelity/debug has CPUID, IN and RDMSR. Here are the other ways out of a
 * guest, the instructions that step by themselves (REP), and those that
 * change TF.
 */
#include "suite.h"
#include "apic.h"
#include "debug.h"

#define STEP	"Intel SDM vol. 3, Single-Step Exception Condition; " \
		"AMD APM vol. 2, Single Stepping"
#define BOTH	(RING0 | RING3)

PROBE(single_step_over_port_output_traps_behind_it,
	.rule = "A single step over OUT ends right after it",
	.cite = STEP, .rings = BOTH, .needs = NEED_MACHINE,
	.control = "a #DB whose RIP is one too high is caught")
{
	uint64_t after = 0;

	CHECK_STEP(after, STEP_ON "outb %%al, $0x80\n\t1: nop\n\tnop",
		   : [after] "=&r"(after) :: "memory", "cc");
}

PROBE(single_step_over_wrmsr_traps_behind_it,
	.rule = "A single step over WRMSR ends right after it",
	.cite = STEP,
	.control = "a #DB whose RIP is one too high is caught")
{
	uint64_t after = 0;

	CHECK_STEP(after, STEP_ON "wrmsr\n\t1: nop\n\tnop",
		   : [after] "=&r"(after)
		   : "c"(MSR_KERNEL_GS_BASE), "a"(0), "d"(0)
		   : "memory", "cc");
}

PROBE(single_step_over_mov_to_cr3_traps_behind_it,
	.rule = "A single step over MOV to CR3 ends right after it",
	.cite = STEP,
	.control = "a #DB whose RIP is one too high is caught")
{
	uint64_t after = 0;

	CHECK_STEP(after, STEP_ON "mov %[cr3], %%cr3\n\t1: nop\n\tnop",
		   : [after] "=&r"(after) : [cr3] "r"(read_cr3())
		   : "memory", "cc");
}

PROBE(single_step_over_mmio_traps_behind_it,
	.rule = "A single step over a load from a device's page ends right after it",
	.cite = STEP, .rings = BOTH, .needs = NEED_IRQCHIP,
	.skip = GUEST(xapic_missing),
	.control = "a #DB whose RIP is one too high is caught")
{
	uint64_t after = 0;

	CHECK_STEP(after, STEP_ON "movl (%[apic]), %%eax\n\t1: nop\n\tnop",
		   : [after] "=&r"(after)
		   : [apic] "r"(XAPIC_GPA + APIC_ID) : "rax", "memory", "cc");
}

PROBE(single_step_stops_each_iteration,
	.rule = "A single step over REP STOS ends after one iteration, RIP still on it",
	.cite = STEP, .rings = BOTH,
	.control = "a #DB whose RIP is one too high is caught")
{
	static uint8_t buffer[8];
	uint8_t *to = buffer;
	uint64_t after = 0, n = 5;

	CHECK_STEP(after, STEP_ON "1: rep stosb\n\tnop",
		   : [after] "=&r"(after), "+D"(to), "+c"(n) : "a"(7)
		   : "memory", "cc");
	CHECK_EQ(4, n);
	CHECK_EQ(buffer + 1, to);
	CHECK_EQ(7, buffer[0]);
	CHECK_EQ(0, buffer[1]);
}

PROBE(single_step_stops_each_port_element,
	.rule = "A single step over REP OUTS ends after one element, RIP still on it",
	.cite = STEP, .rings = BOTH, .needs = NEED_MACHINE,
	.control = "a #DB whose RIP is one too high is caught")
{
	static const uint8_t buffer[8];
	const uint8_t *from = buffer;
	uint64_t after = 0, n = 5;

	CHECK_STEP(after, STEP_ON "1: rep outsb\n\tnop",
		   : [after] "=&r"(after), "+S"(from), "+c"(n) : "d"(0x80)
		   : "memory", "cc");
	CHECK_EQ(4, n);
	CHECK_EQ(buffer + 1, from);
}

PROBE(popf_that_clears_tf_is_still_stepped,
	.rule = "POPF clearing TF is stepped, and the frame has TF clear",
	.cite = STEP, .rings = BOTH,
	.control = "a #DB whose RIP is one too high is caught")
{
	uint64_t after = 0, plain = rflags_read();

	CHECK_STEP(after, "push %[plain]\n\t" STEP_ON "popfq\n\t1: nop\n\tnop",
		   : [after] "=&r"(after) : [plain] "r"(plain)
		   : "memory", "cc");
	CHECK_EQ(0, last_fault.rflags & RFLAGS_TF);
}

PROBE(fault_comes_without_its_step,
	.rule = "A stepped instruction that faults raises its fault and no #DB",
	.cite = STEP "; Intel SDM vol. 3, Priority Among Concurrent Events",
	.rings = BOTH,
	.control = "a #DB whose RIP is one too high is caught")
{
	uint64_t after = 0;

	/* The fault resumes at 2 with TF still set: one more step. */
	CHECK_EQ(VEC_DB, asm_safe(STEP_ON "3: ud2\n\t2: nop\n\t1: nop"
				  RESUME(3, 2),
				  : [after] "=&r"(after) :: "memory", "cc"));
	CHECK_EQ(after, last_fault.rip);
	CHECK_EQ(2, fault_count);
}

PROBE(single_step_over_a_hypercall_ends_in_order,
	.rule = "A step over VMCALL either faults at it or traps right behind it",
	.cite = STEP "; Intel SDM vol. 3, VMCALL; AMD APM vol. 3, VMMCALL",
	.rings = BOTH,
	.control = "a #DB whose RIP is one too high is caught")
{
	uint64_t after = 0, a = 0xffffff;
	unsigned int vector;

	vector = asm_safe(STEP_ON "3: vmcall\n\t1: nop\n\t2: nop"
			  RESUME(3, 1),
			  : [after] "=&r"(after), "+a"(a)
			  :: "rbx", "rcx", "rdx", "rsi", "memory", "cc");
	/* A fault goes on at 1 with TF still set, and is stepped there. */
	if (fault_count == 1)
		CHECK_EQ(after, last_fault.rip);
	else
		CHECK_EQ(after + 1, last_fault.rip);
	CHECK_EQ(VEC_DB, vector);
	CHECK(fault_count == 1 || fault_count == 2);
}
