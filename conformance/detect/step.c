/*
 * Boundaries of instructions: single steps and shadows fall due behind an
 * instruction that exits, where a hypervisor has to remember them itself.
 */
#include "way.h"
#include "apic.h"
#include "debug.h"
#include "irq.h"

#define APIC_IRR	((enum apic_register)(0x200 + (IRQ_VECTOR >> 5) * 0x10))

/* Bits: no #DB, behind the wrong instruction, not once. */
__guest void step_put(unsigned int vector, uint64_t after)
{
	uint64_t value = (vector != VEC_DB ? 1 : 0) |
			 (last_fault.rip != after ? 2 : 0) |
			 (fault_count != 1 ? 4 : 0);

	value_put(value, value & 1 ? "there was no trap" : value & 2 ?
		  "the trap came behind another instruction" : value ?
		  "there was more than one trap" : "the trap was in place");
}

WAY(single_step_over_cpuid,
	.kind = WAY_VALUE,
	.probe.rule = "TF over CPUID: #DB is due right behind it",
	.probe.cite = "Intel SDM vol. 3, Single-Step Exception Condition; AMD APM "
		      "vol. 2, Single Stepping",
	.probe.rings = RING0 | RING3)
{
	uint64_t after = 0;
	unsigned int vector;

	vector = asm_safe(STEP_ON "cpuid\n\t1: nop\n\tnop",
			  : [after] "=&r"(after)
			  :: "rax", "rbx", "rcx", "rdx", "memory", "cc");
	step_put(vector, after);
}

WAY(mov_ss_shadow_over_cpuid,
	.kind = WAY_VALUE,
	.probe.rule = "TF over MOV SS and CPUID: one #DB, behind the CPUID",
	.probe.cite = "Intel SDM vol. 3, Masking Exceptions and Interrupts When "
		      "Switching Stacks; AMD APM vol. 3, MOV",
	.probe.rings = RING0 | RING3)
{
	uint64_t after = 0, ss;
	unsigned int vector;

	__asm__ volatile("mov %%ss, %0" : "=r"(ss));
	vector = asm_safe(STEP_ON "mov %w[ss], %%ss\n\tcpuid\n\t1: nop\n\tnop",
			  : [after] "=&r"(after) : [ss] "r"(ss)
			  : "rax", "rbx", "rcx", "rdx", "memory", "cc");
	step_put(vector, after);
}

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

WAY(sti_shadow_over_cpuid,
	.kind = WAY_VALUE,
	.probe.rule = "STI and CPUID with an interrupt pending: it is due behind the "
		      "CPUID",
	.probe.cite = "Intel SDM vol. 2, STI; AMD APM vol. 2, Interrupt Shadows",
	.probe.rings = RING0, .probe.needs = NEED_IRQCHIP,
	.probe.skip = GUEST(xapic_missing),
	.no_native = "STI needs CPL0: judged by the manual")
{
	uint64_t after = 0;
	unsigned int vector;
	bool late;

	if (!interrupt_pend()) {
		SKIP("the APIC takes no interrupt of its own");
		return;
	}
	vector = asm_safe("lea 1f(%%rip), %0\n\tsti\n\tcpuid\n\t1: nop\n\tcli",
			  : "=&r"(after)
			  :: "rax", "rbx", "rcx", "rdx", "memory");
	late = last_fault.rip != after;
	irq_disable();
	xapic_write(APIC_EOI, 0);
	apic_stop();
	if (vector != IRQ_VECTOR)
		value_put(1, "no interrupt came");
	else
		value_put(late ? 2 : 0, late ?
			  "it came behind another instruction" :
			  "it came in place");
}
