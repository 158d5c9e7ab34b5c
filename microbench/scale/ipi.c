/*
 * IPIs against the number of vCPUs: in pairs, which have nothing to do with
 * each other, and one command to all.
 *
 * Pairs that scale show that KVM finds a destination without a lock that all
 * share; a broadcast cannot be flat, since one exit goes through all vCPUs.
 * interrupt/ipi and interrupt/ipi_broadcast have the same to vCPUs that run.
 */
#include "halted.h"

/* The odd one out has no peer: it interrupts itself, and halts for that. */
__guest uint32_t peer_id(void)
{
	uint32_t self = cpu_self()->index;

	return self + 1 < smp_cpus() ? self + 1 : self;
}

__guest void ipi_pairs_op(void)
{
	uint32_t id = peer_id();
	volatile uint64_t *counter = irq_counter(cpu_at(id));
	uint64_t before = *counter;

	x2apic_send(id, FIXED(IRQ_VECTOR));
	if (id != cpu_self()->index)
		answer_wait(counter, before);
	while (*counter == before && mailbox->verdict < ABI_FAIL)
		irq_halt();
}

__guest void ipi_pairs_wake(void)
{
	if (peer_id() != cpu_self()->index)
		x2apic_send(peer_id(), FIXED(WAKE_VECTOR));
}

#define CITE_IPI "Intel SDM vol. 3A, Interrupt Command Register; AMD APM vol. 2, " \
		 "Interprocessor Interrupts (IPI)"

BENCH(ipi_pairs,
	.summary = "Every other vCPU interrupts the next, which halts, and has its answer",
	.reading = "Flat up to the host's CPUs where pairs do not disturb each other. Command, EOI "
		   "and HLT are exits unless the hardware virtualises them; the rest is waking a "
		   "thread. Compare interrupt/x2apic_ipi_halt: one pair.",
	.cite = CITE_IPI,
	.vcpus = 2, .roles = ROLES_PAIRS,
	.setup = GUEST(x2apic_setup),
	.op = GUEST(ipi_pairs_op),
	.peers_wake = GUEST(ipi_pairs_wake),
	.exits = EXITS_PEERS(0, 4, 0, 4),
	.needs = NEED_IRQCHIP,
	HALTED,
);

BENCH(ipi_broadcast,
	.summary = "One command that interrupts all other vCPUs, which halt, and their answers",
	.reading = "The sender's exit grows with the number of vCPUs, and all of them have to be "
		   "woken: past the host's CPUs they take turns. interrupt/x2apic_ipi_broadcast has "
		   "those that fit spin instead.",
	.cite = CITE_IPI,
	.vcpus = 2, .roles = ROLES_FIRST,
	.setup = GUEST(x2apic_setup),
	.op = GUEST(others_op),
	.peers_wake = GUEST(others_wake),
	.exits = EXITS_PEERS(0, 1, 3, 4),
	.needs = NEED_IRQCHIP,
	HALTED,
);
