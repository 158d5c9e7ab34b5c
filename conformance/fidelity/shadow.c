/*
 * STI and MOV SS keep things away for one instruction, whatever it does.
 *
 * The shadow belongs to the boundary of two instructions. When the second
 * one exits, the hypervisor has to remember, or to forget, the shadow.
 */
#include "suite.h"
#include "apic.h"
#include "debug.h"
#include "irq.h"

#define STI	"Intel SDM vol. 2, STI; AMD APM vol. 3, STI; AMD APM vol. 2, " \
		"Interrupt Shadows"
#define MOV_SS	"Intel SDM vol. 3, Masking Exceptions and Interrupts When " \
		"Switching Stacks; AMD APM vol. 3, MOV"

#define APIC_IRR	((enum apic_register)(0x200 + (IRQ_VECTOR >> 5) * 0x10))

/* An interrupt of our own waits; false: the APIC did not take it. */
__guest bool interrupt_pend(void)
{
	uint64_t begin = tsc_read();

	xapic_start();
	xapic_write(APIC_ICR, APIC_ICR_SELF | APIC_ICR_ASSERT | IRQ_VECTOR);
	while (!(xapic_read(APIC_IRR) >> (IRQ_VECTOR & 31) & 1))
		if (tsc_read() - begin > IRQ_PATIENCE_CYCLES)
			return false;
	return true;
}

/* The gate is the image's own: what asm_safe() sees is this vector. */
__guest void interrupt_end(void)
{
	irq_disable();
	xapic_write(APIC_EOI, 0);
	apic_stop();
}

#define CHECK_INTERRUPT(insn, ...)					\
	do {								\
		uint64_t after_ = 0;					\
		unsigned int vector_;					\
									\
		CHECK_EQ(true, interrupt_pend());			\
		vector_ = asm_safe("lea 1f(%%rip), %0\n\t" insn		\
				   "\n\t1: nop\n\tcli",			\
				   : "=&r"(after_) __VA_ARGS__);		\
		CHECK_EQ(IRQ_VECTOR, vector_);				\
		CHECK_EQ(after_, last_fault.rip);			\
		interrupt_end();					\
	} while (0)

PROBE(sti_shadow_covers_one_instruction,
	.rule = "After STI a pending interrupt comes behind the next instruction",
	.cite = STI, .needs = NEED_IRQCHIP, .skip = GUEST(xapic_missing),
	.control = "an STI that comes one instruction later is caught")
{
	CHECK_INTERRUPT("sti\n\tnop", :: "memory");
}

PROBE(sti_shadow_ends_with_an_exiting_instruction,
	.rule = "After STI and CPUID a pending interrupt comes behind the CPUID",
	.cite = STI, .needs = NEED_IRQCHIP, .skip = GUEST(xapic_missing),
	.control = "an STI that comes behind the CPUID is caught")
{
	CHECK_INTERRUPT("sti\n\tcpuid",
			:: "rax", "rbx", "rcx", "rdx", "memory");
}

PROBE(sti_shadow_covers_halt,
	.rule = "After STI and HLT a pending interrupt comes behind the HLT, at once",
	.cite = STI, .needs = NEED_IRQCHIP, .skip = GUEST(xapic_missing),
	.control = "an STI that comes later, without the HLT, is caught")
{
	CHECK_INTERRUPT("sti\n\thlt", :: "memory");
}

PROBE(popf_enables_interrupts_at_once,
	.rule = "After POPF sets IF a pending interrupt comes right behind it",
	.cite = "Intel SDM vol. 2, POPF/POPFD/POPFQ; AMD APM vol. 3, POPFx",
	.needs = NEED_IRQCHIP, .skip = GUEST(xapic_missing),
	.control = "a POPF that leaves IF clear is caught")
{
	CHECK_INTERRUPT("pushfq\n\torq $0x200, (%%rsp)\n\tpopfq",
			:: "memory", "cc");
}

PROBE(cli_in_the_shadow_keeps_interrupts_out,
	.rule = "STI followed by CLI lets no interrupt in",
	.cite = STI, .needs = NEED_IRQCHIP, .skip = GUEST(xapic_missing),
	.control = "an STI without the CLI is caught")
{
	CHECK_EQ(true, interrupt_pend());
	CHECK_EQ(NO_FAULT, asm_safe("sti\n\tcli\n\tnop", ::: "memory"));
	/* It is still there, and not lost. */
	CHECK_EQ(IRQ_VECTOR, asm_safe("sti\n\tnop\n\tnop\n\tcli", ::: "memory"));
	interrupt_end();
}

PROBE(mov_ss_holds_the_step_over_an_exit,
	.rule = "A step over MOV SS and CPUID traps once, behind the CPUID",
	.cite = MOV_SS, .rings = RING0 | RING3,
	.control = "a #DB whose RIP is one too high is caught")
{
	uint64_t after = 0, ss;

	__asm__ volatile("mov %%ss, %0" : "=r"(ss));
	CHECK_STEP(after, STEP_ON "mov %w[ss], %%ss\n\tcpuid\n\t1: nop\n\tnop",
		   : [after] "=&r"(after) : [ss] "r"(ss)
		   : "rax", "rbx", "rcx", "rdx", "memory", "cc");
}

static volatile uint16_t watched;

PROBE(mov_ss_holds_a_data_breakpoint_back,
	.rule = "A data breakpoint on what MOV SS loads traps one instruction later",
	.cite = MOV_SS,
	.control = "a #DB whose RIP is one too high is caught")
{
	uint64_t after = 0;

	watched = SEL_KDATA;
	watch_set((uint64_t)&watched, DR_ACCESS, 1);
	CHECK_STEP(after, "lea 1f(%%rip), %[after]\n\tmov %[ss], %%ss\n\t"
		   "cpuid\n\t1: nop\n\tnop",
		   : [after] "=&r"(after) : [ss] "m"(watched)
		   : "rax", "rbx", "rcx", "rdx", "memory");
	CHECK_EQ(DR6_B0, read_dr6() & DR6_CAUSE);
	watch_clear();
}

PROBE(mov_ss_before_int3_traps_inside,
	.rule = "A data breakpoint held back over INT3 is delivered in #BP's handler",
	.cite = MOV_SS "; Intel SDM vol. 3, Masking Exceptions and Interrupts When "
		"Switching Stacks (footnote on INT n, INT3)",
	.control = "an INT3 that does nothing is caught")
{
	watched = SEL_KDATA;
	watch_set((uint64_t)&watched, DR_ACCESS, 1);
	/* #DB at the handler's first byte goes on there; #BP comes last. */
	CHECK_EQ(VEC_BP, asm_safe("mov %[ss], %%ss\n\tint3\n\tnop"
				  "\n\t.pushsection .ex_table, \"a\"\n\t"
				  ".quad fault_stubs + %c[bp], "
				  "fault_stubs + %c[bp]\n\t"
				  ".popsection\n\t",
				  :: [ss] "m"(watched),
				     [bp] "i"(VEC_BP * STUB_BYTES)
				  : "memory"));
	CHECK_EQ(2, fault_count);
	CHECK_EQ(DR6_B0, read_dr6() & DR6_CAUSE);
	watch_clear();
}
