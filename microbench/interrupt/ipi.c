/*
 * An interrupt from one vCPU to another, and the answer: a round trip.
 *
 * The answer is a line of memory that the receiver's handler writes and the
 * sender reads, so that the time is the way there, the handler's first part,
 * and a cache line on its way back. A receiver that runs is pulled out of the
 * guest to be told (an exit for the host's own interrupt, which is counted
 * apart) unless interrupts are posted; one that halts has to be woken. The
 * EOI is the receiver's, while the sender goes on.
 *
 * Exits are those of both vCPUs: command and EOI; with HLT that as well, and
 * a window where the interrupt comes between HLT's CLI and the next STI.
 * AVIC or IPI virtualisation takes the command away, APICv the EOI.
 */
#include "interrupt.h"

#define RECEIVER	1u		/* the second vCPU, and its APIC's ID */
#define FIXED(vector)	(APIC_ICR_ASSERT | (vector))
#define NMI		(APIC_ICR_ASSERT | APIC_ICR_NMI)

/* The xAPIC's target sticks: it is written once. */
__guest void xapic_ipi_setup(void)
{
	xapic_setup();
	xapic_target(RECEIVER);
}

__guest void nmi_setup(void)
{
	xapic_ipi_setup();
	irq_install(VEC_NMI, irq_count);
}

__guest void ipi_spin_peer(void)
{
	while (!smp_over())
		if (mailbox->parks)
			cpu_relax();
}

__guest void ipi_halt_peer(void)
{
	while (!smp_over())
		irq_halt();
}

__guest void xapic_ipi_op(void)
{
	volatile uint64_t *counter = irq_counter(cpu_at(RECEIVER));
	uint64_t before = *counter;

	xapic_write(APIC_ICR, FIXED(IRQ_VECTOR));
	count_wait(counter, before);
}

__guest void x2apic_ipi_op(void)
{
	volatile uint64_t *counter = irq_counter(cpu_at(RECEIVER));
	uint64_t before = *counter;

	x2apic_send(RECEIVER, FIXED(IRQ_VECTOR));
	count_wait(counter, before);
}

__guest void nmi_ipi_op(void)
{
	volatile uint64_t *counter = irq_counter(cpu_at(RECEIVER));
	uint64_t before = *counter;

	xapic_write(APIC_ICR, NMI);
	count_wait(counter, before);
}

__guest void xapic_ipi_wake(void)
{
	xapic_write(APIC_ICR, FIXED(WAKE_VECTOR));
}

__guest void x2apic_ipi_wake(void)
{
	x2apic_send(RECEIVER, FIXED(WAKE_VECTOR));
}

#define CITE_IPI "Intel SDM vol. 3A, Issuing Interprocessor Interrupts; AMD APM vol. 2, " \
		 "Interprocessor Interrupts (IPI)"
#define READING_IPI							\
	"Until the receiver's handler has counted: a round trip. With two "	\
	"exits an operation nothing is posted; fewer mean that the hardware "	\
	"takes part (APICv, AVIC, IPI virtualisation). "

BENCH(ipi,
	.summary = "IPI by the xAPIC to a vCPU that runs, and its answer",
	.reading = READING_IPI "Compare self_ipi: the rest is the other CPU's.",
	.cite = CITE_IPI,
	.vmexit_name = "ipi",
	.rings = RING0 | RING3,
	.needs = NEED_IRQCHIP | NEED_PREEMPTION,
	.vcpus = 2, .roles = ROLES_FIRST,
	.skip = GUEST(xapic_skip),
	.setup = GUEST(xapic_ipi_setup),
	.setup_each = GUEST(xapic_open),
	.op = GUEST(xapic_ipi_op),
	.peer = GUEST(ipi_spin_peer),
	.teardown = GUEST(interrupt_teardown),
	.exits = EXITS_RANGE(0, 2, 0),
);

BENCH(x2apic_ipi,
	.summary = "IPI by the x2APIC to a vCPU that runs, and its answer",
	.reading = READING_IPI "Compare ipi: an MSR in place of the page.",
	.cite = CITE_IPI,
	.needs = NEED_IRQCHIP | NEED_PREEMPTION,
	.vcpus = 2, .roles = ROLES_FIRST,
	.skip = GUEST(x2apic_skip),
	.setup = GUEST(x2apic_setup),
	.setup_each = GUEST(x2apic_open),
	.op = GUEST(x2apic_ipi_op),
	.peer = GUEST(ipi_spin_peer),
	.teardown = GUEST(interrupt_teardown),
	.exits = EXITS_RANGE(0, 2, 0),
);

BENCH(ipi_halt,
	.summary = "IPI by the xAPIC to a vCPU that halts, and its answer",
	.reading = READING_IPI "What it is dearer than ipi is HLT's exit and waking a thread: "
		   "halt_ipi and halt_ipi_polled tell what halt polling has to do with it.",
	.cite = CITE_IPI,
	.vmexit_name = "ipi_halt",
	.needs = NEED_IRQCHIP,
	.sleeps = true,
	.vcpus = 2, .roles = ROLES_FIRST,
	.skip = GUEST(xapic_skip),
	.setup = GUEST(xapic_ipi_setup),
	.setup_each = GUEST(xapic_start),
	.op = GUEST(xapic_ipi_op),
	.peer = GUEST(ipi_halt_peer),
	.peers_wake = GUEST(xapic_ipi_wake),
	.teardown = GUEST(interrupt_teardown),
	.exits = EXITS_PEERS(0, 4, 0, 4),
);

BENCH(x2apic_ipi_halt,
	.summary = "IPI by the x2APIC to a vCPU that halts, and its answer",
	.reading = READING_IPI "Compare ipi_halt: an MSR in place of the page.",
	.cite = CITE_IPI,
	.needs = NEED_IRQCHIP,
	.sleeps = true,
	.vcpus = 2, .roles = ROLES_FIRST,
	.skip = GUEST(x2apic_skip),
	.setup = GUEST(x2apic_setup),
	.setup_each = GUEST(x2apic_start),
	.op = GUEST(x2apic_ipi_op),
	.peer = GUEST(ipi_halt_peer),
	.peers_wake = GUEST(x2apic_ipi_wake),
	.teardown = GUEST(interrupt_teardown),
	.exits = EXITS_PEERS(0, 4, 0, 4),
);

BENCH(nmi_ipi,
	.summary = "NMI by the xAPIC to a vCPU that runs, and its answer",
	.reading = "As ipi without an EOI; SVM without vNMI has to intercept the IRET that "
		   "ends an NMI, VMX has not.",
	.cite = CITE_IPI "; AMD APM vol. 2, NMI Support",
	.rings = RING0 | RING3,
	.needs = NEED_IRQCHIP | NEED_PREEMPTION,
	.vcpus = 2, .roles = ROLES_FIRST,
	.skip = GUEST(xapic_skip),
	.setup = GUEST(nmi_setup),
	.setup_each = GUEST(xapic_open),
	.op = GUEST(nmi_ipi_op),
	.peer = GUEST(ipi_spin_peer),
	.teardown = GUEST(interrupt_teardown),
	.exits = EXITS_RANGE(1, 2, 0),
	.exits_vmx = EXITS_RANGE(0, 1, 0),
);
