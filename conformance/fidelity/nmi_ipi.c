/*
 * Interrupts that no flag holds back, and the instruction that ends the one
 * that a guest never sees.
 */
#include "apic.h"
#include "irq.h"
#include "irq_log.h"
#include "suite.h"

#define PATIENCE_CYCLES	(1ull << 28)

__guest void nmi_to_self(void)
{
	xapic_write(APIC_ICR_HIGH, xapic_read(APIC_ID));
	xapic_write(APIC_ICR, APIC_ICR_NMI | APIC_ICR_ASSERT);
}

PROBE(comes_with_interrupts_off_and_whatever_tpr,
	.rule = "An NMI is taken with IF clear and TPR at its highest",
	.cite = "Intel SDM vol. 3, Nonmaskable Interrupt (NMI), Interrupt Command "
		"Register; AMD APM vol. 2, Non-Maskable Interrupt (NMI)",
	.needs = NEED_IRQCHIP, .skip = GUEST(xapic_missing),
	.control = "a store that does nothing is caught")
{
	uint64_t begin;

	irq_log_open(NULL);
	xapic_write(APIC_TPR, 0xff);
	nmi_to_self();
	for (begin = tsc_read(); !irq_log.count &&
	     tsc_read() - begin < PATIENCE_CYCLES;)
		;
	CHECK_EQ(1, irq_log.count);
	CHECK_EQ(VEC_NMI, irq_log.vector[0]);
	xapic_write(APIC_TPR, 0);
	irq_log_close();
}

PROBE(comes_again_after_iret,
	.rule = "After IRET the next NMI is taken, with no EOI in between",
	.cite = "Intel SDM vol. 3, Handling Multiple NMIs; AMD APM vol. 2, NMI "
		"masking",
	.needs = NEED_IRQCHIP, .skip = GUEST(xapic_missing),
	.control = "a store that does nothing is caught")
{
	uint64_t begin;

	irq_log_open(NULL);
	for (uint32_t i = 1; i <= 3; i++) {
		nmi_to_self();
		for (begin = tsc_read(); irq_log.count < i &&
		     tsc_read() - begin < PATIENCE_CYCLES;)
			;
	}
	CHECK_EQ(3, irq_log.count);
	irq_log_close();
}

PROBE(rsm_is_undefined_outside_smm,
	.rule = "RSM outside of system-management mode raises #UD",
	.cite = "Intel SDM vol. 2, RSM; AMD APM vol. 3, RSM",
	.rings = RING0 | RING3,
	.control = "an RSM that does nothing is caught")
{
	CHECK_EQ(VEC_UD, asm_safe("rsm", ));
}
