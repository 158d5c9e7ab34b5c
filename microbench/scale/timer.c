/*
 * A timer on every vCPU: each arms its TSC deadline, halts and is woken.
 *
 * An idle guest's vCPUs do nothing else, each many times a second. The host
 * has one timer for each of them, on the CPU where it runs, and so the row is
 * flat as far as there are CPUs; beyond them it stays so as long as those
 * that sleep outnumber those that want to run.
 */
#include "halted.h"

#define DISTANCE_CYCLES	(1u << 16)	/* some 20 us */

__guest const char *timer_skip(void)
{
	const char *why = deadline_missing();

	return why ? why : x2apic_skip();
}

__guest void timer_open(void)
{
	x2apic_start();
	x2apic_write(APIC_LVT_TIMER, APIC_LVT_DEADLINE | IRQ_VECTOR);
}

__guest void timer_op(void)
{
	uint64_t before = *own_counter();

	wrmsr(MSR_TSC_DEADLINE, tsc_read() + DISTANCE_CYCLES);
	while (*own_counter() == before && mailbox->verdict < ABI_FAIL)
		irq_halt();
}

/* It is the first CPU's only: the others' are done with. */
__guest void timer_teardown(void)
{
	wrmsr(MSR_TSC_DEADLINE, 0);
	interrupt_teardown();
}

BENCH(timer,
	.summary = "A TSC deadline 2^16 cycles ahead, HLT, and the wake-up, on every vCPU at once",
	.reading = "The wait is part of it. What is more than 2^16 cycles is arming, waking and the "
		   "handler; interrupt/halt_timer has one vCPU's lateness.",
	.cite = "Intel SDM vol. 3A, TSC-Deadline Mode",
	.needs = NEED_IRQCHIP,
	.sleeps = true,
	.scales = true,
	.skip = GUEST(timer_skip),
	.setup = GUEST(x2apic_setup),
	.setup_each = GUEST(timer_open),
	.op = GUEST(timer_op),
	.teardown = GUEST(timer_teardown),
	/*
	 * All four of an operation are usual on a busy host, where a batch has
	 * one: whatever else happens to a vCPU meanwhile needs room of its own.
	 */
	.exits = EXITS_PEERS(1, 4, 0, 1),
	.exits_vmx = EXITS_PEERS(1, 5, 0, 1),
);
