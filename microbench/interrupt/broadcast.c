/*
 * One command that interrupts all other vCPUs, until every one has counted.
 *
 * The sender has one exit, in which KVM goes through all of them; each of the
 * others is pulled out of the guest and has an EOI. Where the vCPUs have to
 * take turns on the host's CPUs the others halt meanwhile (spinning they
 * would take the time of those that are to answer): that part of the curve is
 * a broadcast to sleepers.
 */
#include "interrupt.h"

#define OTHERS(vector)	(APIC_ICR_OTHERS | APIC_ICR_ASSERT | (vector))

__guest void all_wait(uint64_t target)
{
	for (uint32_t i = 1; i < smp_cpus(); i++)
		while (*irq_counter(cpu_at(i)) < target &&
		       mailbox->verdict < ABI_FAIL)
			if (mailbox->parks)
				cpu_relax();
}

/* All have counted as often: none goes on before the last. */
__guest void xapic_broadcast_op(void)
{
	uint64_t before = *irq_counter(cpu_at(1));

	xapic_write(APIC_ICR, OTHERS(IRQ_VECTOR));
	all_wait(before + 1);
}

__guest void x2apic_broadcast_op(void)
{
	uint64_t before = *irq_counter(cpu_at(1));

	x2apic_write(APIC_ICR, OTHERS(IRQ_VECTOR));
	all_wait(before + 1);
}

/* With interrupts on when it returns, whichever way it waited. */
__guest void broadcast_peer(void)
{
	while (!smp_over()) {
		if (!mailbox->parks)
			continue;
		irq_disable();
		if (!smp_over())
			irq_halt();
		irq_enable();
	}
}

__guest void xapic_broadcast_wake(void)
{
	if (mailbox->parks)
		xapic_write(APIC_ICR, OTHERS(WAKE_VECTOR));
}

__guest void x2apic_broadcast_wake(void)
{
	if (mailbox->parks)
		x2apic_write(APIC_ICR, OTHERS(WAKE_VECTOR));
}

#define CITE_BROADCAST "Intel SDM vol. 3A, Interrupt Command Register, Destination Shorthand; " \
		       "AMD APM vol. 2, Interprocessor Interrupts (IPI)"
#define READING_BROADCAST						\
	"One command, until the last of the others has counted. The sender's "	\
	"exit grows with their number; past the host's CPUs they halt, and "	\
	"have to be woken and to take turns. "

BENCH(ipi_broadcast,
	.summary = "IPI by the xAPIC to all other vCPUs, and their answers",
	.reading = READING_BROADCAST "An xAPIC has 255 IDs.",
	.cite = CITE_BROADCAST,
	.needs = NEED_IRQCHIP,
	.sleeps = true,
	.vcpus = 2, .scales = true, .roles = ROLES_FIRST,
	.skip = GUEST(xapic_skip),
	.setup = GUEST(xapic_setup),
	.setup_each = GUEST(xapic_open),
	.op = GUEST(xapic_broadcast_op),
	.peer = GUEST(broadcast_peer),
	.peers_wake = GUEST(xapic_broadcast_wake),
	.teardown = GUEST(interrupt_teardown),
	.exits = EXITS_PEERS(0, 1, 3, 3),
);

BENCH(x2apic_ipi_broadcast,
	.summary = "IPI by the x2APIC to all other vCPUs, and their answers",
	.reading = READING_BROADCAST "Compare ipi_broadcast: an MSR in place of the page.",
	.cite = CITE_BROADCAST,
	.needs = NEED_IRQCHIP,
	.sleeps = true,
	.vcpus = 2, .scales = true, .roles = ROLES_FIRST,
	.skip = GUEST(x2apic_skip),
	.setup = GUEST(x2apic_setup),
	.setup_each = GUEST(x2apic_open),
	.op = GUEST(x2apic_broadcast_op),
	.peer = GUEST(broadcast_peer),
	.peers_wake = GUEST(x2apic_broadcast_wake),
	.teardown = GUEST(interrupt_teardown),
	.exits = EXITS_PEERS(0, 1, 3, 3),
);
