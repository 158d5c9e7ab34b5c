/*
 * What the interrupt benches share: APICs switched on with a handler behind
 * IRQ_VECTOR, waiting for it, and whether any interrupt comes at all.
 *
 * Nothing here waits with PAUSE: a hypervisor may take a vCPU that spins so
 * for an idle one, and that exit is not an interrupt's. Only where vCPUs take
 * turns on a CPU are they asked to give it away.
 */
#ifndef VMGAUGE_INTERRUPT_H
#define VMGAUGE_INTERRUPT_H

#include "apic.h"
#include "irq.h"
#include "smp.h"
#include "suite.h"

#define WAKE_VECTOR	0xe1	/* ends a peer's HLT, and is not counted */

__guest void xapic_setup(void)
{
	irq_install(IRQ_VECTOR, irq_count_xapic);
	irq_install(WAKE_VECTOR, irq_quiet_xapic);
}

__guest void x2apic_setup(void)
{
	irq_install(IRQ_VECTOR, irq_count_x2apic);
	irq_install(WAKE_VECTOR, irq_quiet_x2apic);
}

/* On each CPU, interrupts on. */
__guest void xapic_open(void)
{
	xapic_start();
	irq_enable();
}

__guest void x2apic_open(void)
{
	x2apic_start();
	irq_enable();
}

__guest void interrupt_teardown(void)
{
	apic_stop();
	irq_uninstall(IRQ_VECTOR);
	irq_uninstall(WAKE_VECTOR);
}

__guest volatile uint64_t *own_counter(void)
{
	return irq_counter(cpu_self());
}

/*
 * Until the CPU's count is not `before`: not taken at once by every CPU, and
 * by no hypervisor before an entry. Never, once the host's half has failed.
 */
__guest void count_wait(const volatile uint64_t *counter, uint64_t before)
{
	while (*counter == before && mailbox->verdict < ABI_FAIL)
		if (mailbox->parks)
			cpu_relax();
}

__guest void xapic_self(void)
{
	xapic_write(APIC_ICR, APIC_ICR_SELF | APIC_ICR_ASSERT | IRQ_VECTOR);
}

__guest void x2apic_self(void)
{
	x2apic_write(APIC_SELF_IPI, IRQ_VECTOR);
}

/* NULL, or that it does not come: begun with interrupts off. */
__guest const char *tried(void (*setup)(void), void (*start)(void),
			  void (*send)(void))
{
	uint64_t before;
	bool came;

	setup();
	start();
	before = *own_counter();
	send();
	irq_enable();
	came = irq_wait(before);
	interrupt_teardown();
	return came ? NULL : "an interrupt that the CPU sends to itself does "
			     "not come";
}

__guest const char *xapic_skip(void)
{
	const char *why = xapic_missing();

	return why ? why : tried(xapic_setup, xapic_start, xapic_self);
}

__guest const char *x2apic_skip(void)
{
	const char *why = x2apic_missing();

	return why ? why : tried(x2apic_setup, x2apic_start, x2apic_self);
}

#endif
