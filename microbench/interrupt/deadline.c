/*
 * The TSC-deadline timer: one write arms it, and it interrupts when the TSC
 * has got there.
 *
 * A deadline that is past interrupts at once, and the operation is the write,
 * the injection and the EOI. One that is ahead needs a timer of the host (or
 * VMX's preemption timer, whose expiry is an exit of its own); the guest
 * spins, so the operation includes the wait of DISTANCE cycles. How late the
 * handler comes is timer.c's subject.
 */
#include "interrupt.h"

#define DISTANCE	3000	/* as in kvm-unit-tests' vmexit */

__guest const char *deadline_skip(void)
{
	const char *why = deadline_missing();

	return why ? why : xapic_skip();
}

__guest void deadline_open(void)
{
	xapic_start();
	xapic_write(APIC_LVT_TIMER, APIC_LVT_DEADLINE | IRQ_VECTOR);
	/* The mode is set before the MSR is written: SDM, "TSC-Deadline Mode". */
	__asm__ volatile("mfence" ::: "memory");
	irq_enable();
}

__guest void deadline_op(uint64_t distance)
{
	uint64_t before = *own_counter();

	wrmsr(MSR_TSC_DEADLINE, tsc_read() + distance);
	count_wait(own_counter(), before);
}

__guest void tscdeadline_immed_op(void)
{
	deadline_op(0);
}

__guest void tscdeadline_op(void)
{
	deadline_op(DISTANCE);
}

#define CITE_DEADLINE "Intel SDM vol. 3A, TSC-Deadline Mode"

BENCH(tscdeadline_immed,
	.summary = "TSC deadline that is past: armed, handled",
	.reading = "Write, injection and EOI; less exits where the hardware virtualises the APIC.",
	.cite = CITE_DEADLINE,
	.vmexit_name = "tscdeadline_immed",
	.needs = NEED_IRQCHIP,
	.skip = GUEST(deadline_skip),
	.setup = GUEST(xapic_setup),
	.setup_each = GUEST(deadline_open),
	.op = GUEST(tscdeadline_immed_op),
	.teardown = GUEST(interrupt_teardown),
	.exits = EXITS_RANGE(1, 2, 0),
);

BENCH(tscdeadline,
	.summary = "TSC deadline 3,000 cycles ahead: armed, awaited, handled",
	.reading = "The wait is part of it. Less tscdeadline_immed, and less the 3,000 cycles, it "
		   "is what the host's timer costs.",
	.cite = CITE_DEADLINE,
	.vmexit_name = "tscdeadline",
	.needs = NEED_IRQCHIP,
	.skip = GUEST(deadline_skip),
	.setup = GUEST(xapic_setup),
	.setup_each = GUEST(deadline_open),
	.op = GUEST(tscdeadline_op),
	.teardown = GUEST(interrupt_teardown),
	.exits = EXITS_RANGE(1, 2, 0),
	.exits_vmx = EXITS_RANGE(1, 3, 0),
);
