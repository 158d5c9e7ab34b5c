/*
 * EOI with nothing in service: the write by which every interrupt ends.
 *
 * It exits unless the hardware virtualises it (APICv; AVIC for edges). That
 * there is nothing to end makes it the bare price of the exit, which is what
 * the virtualisation saves; irq_line and irq_line_level have EOIs that end
 * something, the latter one that the IOAPIC has to hear of.
 */
#include "interrupt.h"

__guest void xapic_eoi_op(void)
{
	xapic_write(APIC_EOI, 0);
}

__guest void x2apic_eoi_op(void)
{
	x2apic_write(APIC_EOI, 0);
}

#define CITE_EOI "Intel SDM vol. 3A, Signaling Interrupt Servicing Completion; Intel SDM vol. " \
		 "3C, EOI Virtualization; AMD APM vol. 2, AVIC"
#define READING_EOI							\
	"One exit, or none where the EOI is virtualised: the exits seen tell."

BENCH(eoi,
	.summary = "EOI by the xAPIC, nothing in service",
	.reading = READING_EOI,
	.cite = CITE_EOI,
	.rings = RING0 | RING3,
	.needs = NEED_IRQCHIP,
	.skip = GUEST(xapic_missing),
	.setup = GUEST(xapic_start),
	.op = GUEST(xapic_eoi_op),
	.teardown = GUEST(apic_stop),
	.exits = EXITS_RANGE(0, 1, 0),
);

BENCH(x2apic_eoi,
	.summary = "EOI by the x2APIC, nothing in service",
	.reading = READING_EOI " Compare eoi: no instruction to decode.",
	.cite = CITE_EOI,
	.needs = NEED_IRQCHIP,
	.skip = GUEST(x2apic_missing),
	.setup = GUEST(x2apic_start),
	.op = GUEST(x2apic_eoi_op),
	.teardown = GUEST(apic_stop),
	.exits = EXITS_RANGE(0, 1, 0),
);
