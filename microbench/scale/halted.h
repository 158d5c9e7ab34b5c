/*
 * Interrupts between vCPUs in the scaling family: whoever is interrupted
 * halts in the meantime, at every count, so that a curve is one operation's.
 *
 * A vCPU that halts leaves the host's CPU to others: any number of them can
 * be answered by two CPUs. Whoever waits for an answer spins, and where
 * vCPUs take turns it gives its CPU away at each turn, an exit that the host
 * takes off again. By the x2APIC, whose IDs do not end at 255.
 */
#ifndef VMGAUGE_SCALE_HALTED_H
#define VMGAUGE_SCALE_HALTED_H

#include "../interrupt/interrupt.h"

#define FIXED(vector)	(APIC_ICR_ASSERT | (vector))
#define OTHERS(vector)	(APIC_ICR_OTHERS | FIXED(vector))

/* Never, once the host's half has failed. */
__guest void answer_wait(const volatile uint64_t *counter, uint64_t before)
{
	while (*counter == before && mailbox->verdict < ABI_FAIL)
		if (mailbox->parks)
			bell_ring(ABI_BELL_YIELD);
}

/* One command to all others, until the last of them has counted. */
__guest void others_op(void)
{
	uint64_t before = *irq_counter(cpu_at(1));

	x2apic_write(APIC_ICR, OTHERS(IRQ_VECTOR));
	for (uint32_t i = 1; i < smp_cpus(); i++)
		answer_wait(irq_counter(cpu_at(i)), before);
}

__guest void others_wake(void)
{
	x2apic_write(APIC_ICR, OTHERS(WAKE_VECTOR));
}

/* Interrupts are off but in the HLT: what comes before it ends it at once. */
__guest void halted_peer(void)
{
	while (!smp_over())
		irq_halt();
}

#define HALTED								\
	.sleeps = true,							\
	.scales = true,							\
	.skip = GUEST(x2apic_skip),					\
	.setup_each = GUEST(x2apic_start),				\
	.peer = GUEST(halted_peer),					\
	.teardown = GUEST(interrupt_teardown)

#endif
