/*
 * Which interrupt comes next: TPR, IRR, ISR and PPR, and what EOI does.
 *
 * Much of this is done by hardware (APICv, AVIC) on some hosts and by the
 * hypervisor on others, and an operating system's spinlocks rest on it.
 */
#include "apic.h"
#include "irq.h"
#include "irq_log.h"
#include "suite.h"

#define PRIORITY "Intel SDM vol. 3, Task and Processor Priorities, Interrupt " \
		 "Acceptance for Fixed Interrupts; AMD APM vol. 2, Interrupt " \
		 "Priority, Task Priority Register"
#define PATIENCE_CYCLES	(1ull << 28)	/* for a local interrupt to be seen */

__guest bool bit_of(enum apic_register first, unsigned int vector)
{
	return xapic_read(first + (vector / 32 << 4)) >> (vector % 32) & 1;
}

/* Interrupts are off: it is pending, or merged into one that was. */
__guest void self_send(unsigned int vector)
{
	uint64_t begin = tsc_read();

	xapic_write(APIC_ICR, APIC_ICR_SELF | APIC_ICR_ASSERT | vector);
	while (!bit_of(APIC_IRR, vector) &&
	       tsc_read() - begin < PATIENCE_CYCLES)
		;
}

/* So that one is taken where it can be. */
__guest void window(void)
{
	irq_window();
	irq_window();
}

PROBE(task_priority_holds_lower_classes_back,
	.rule = "An interrupt of TPR's class or below waits in IRR until TPR falls",
	.cite = PRIORITY, .needs = NEED_IRQCHIP,
	.skip = GUEST(xapic_missing),
	.control = "a store that does nothing is caught")
{
	irq_log_open(NULL);
	xapic_write(APIC_TPR, 0x40);
	self_send(0x4f);
	window();
	CHECK_EQ(0, irq_log.count);
	CHECK(bit_of(APIC_IRR, 0x4f));
	self_send(0x50);
	window();
	CHECK_EQ(1, irq_log.count);
	CHECK_EQ(0x50, irq_log.vector[0]);
	xapic_write(APIC_TPR, 0x3f);
	window();
	CHECK_EQ(2, irq_log.count);
	CHECK_EQ(0x4f, irq_log.vector[1]);
	irq_log_close();
}

PROBE(cr8_is_the_task_priority,
	.rule = "CR8 is bits 7:4 of TPR; a write to CR8 clears bits 3:0",
	.cite = "Intel SDM vol. 3, Interaction of Task Priorities between CR8 "
		"and APIC; AMD APM vol. 2, CR8 (Task Priority Register, TPR)",
	.needs = NEED_IRQCHIP, .skip = GUEST(xapic_missing),
	.control = "a store that does nothing is caught")
{
	irq_log_open(NULL);
	xapic_write(APIC_TPR, 0x9a);
	CHECK_EQ(9, read_cr8());
	CHECK_EQ(0x9a, xapic_read(APIC_TPR));
	write_cr8(5);
	CHECK_EQ(0x50, xapic_read(APIC_TPR));
	write_cr8(0);
	CHECK_EQ(0, xapic_read(APIC_TPR));
	irq_log_close();
}

PROBE(pending_interrupts_come_highest_first,
	.rule = "Of the interrupts in IRR the highest vector is delivered first",
	.cite = PRIORITY, .needs = NEED_IRQCHIP,
	.skip = GUEST(xapic_missing),
	.control = "a store that does nothing is caught")
{
	irq_log_open(NULL);
	self_send(0x41);
	self_send(0x91);
	self_send(0x42);
	CHECK_EQ(0, irq_log.count);
	CHECK(irq_log_wait(3, PATIENCE_CYCLES));
	window();
	CHECK_EQ(3, irq_log.count);
	CHECK_EQ(0x91, irq_log.vector[0]);
	CHECK_EQ(0x42, irq_log.vector[1]);
	CHECK_EQ(0x41, irq_log.vector[2]);
	irq_log_close();
}

static uint32_t seen[4];

__guest void look_around(unsigned int vector)
{
	seen[0] = bit_of(APIC_IRR, vector);
	seen[1] = bit_of(APIC_ISR, vector);
	seen[2] = xapic_read(APIC_PPR);
	xapic_write(APIC_TPR, 0x75);
	seen[3] = xapic_read(APIC_PPR);
	xapic_write(APIC_TPR, 0);
	xapic_write(APIC_EOI, 0);
}

PROBE(request_moves_to_service_and_ends_by_eoi,
	.rule = "Delivery moves a vector from IRR to ISR, and EOI takes it out",
	.cite = PRIORITY, .needs = NEED_IRQCHIP,
	.skip = GUEST(xapic_missing),
	.control = "a store that does nothing is caught")
{
	irq_log_open(look_around);
	self_send(0x61);
	for (unsigned int i = 0; i < 8; i++)
		CHECK_EQ(i == 3 ? 2 : 0,
			 xapic_read(APIC_IRR + (i << 4)));
	CHECK(irq_log_wait(1, PATIENCE_CYCLES));
	CHECK_EQ(0, seen[0]);
	CHECK_EQ(1, seen[1]);
	CHECK(!bit_of(APIC_ISR, 0x61));
	irq_log_close();
}

PROBE(processor_priority_is_the_greater_class,
	.rule = "PPR's class is the greater of TPR's and of the vector in service",
	.cite = PRIORITY, .needs = NEED_IRQCHIP,
	.skip = GUEST(xapic_missing),
	.control = "a store that does nothing is caught")
{
	irq_log_open(look_around);
	xapic_write(APIC_TPR, 0x2b);
	CHECK_EQ(0x2b, xapic_read(APIC_PPR));
	self_send(0x61);
	CHECK(irq_log_wait(1, PATIENCE_CYCLES));
	CHECK_EQ(0x60, seen[2]);
	CHECK_EQ(0x75, seen[3]);
	CHECK_EQ(0, xapic_read(APIC_PPR));
	irq_log_close();
}

/* Its first call nests: what may interrupt it does so here. */
__guest void nest(unsigned int vector)
{
	if (vector == 0x52) {
		self_send(0x5f);
		self_send(0x61);
		window();
		seen[0] = irq_log.count;
		seen[1] = bit_of(APIC_ISR, 0x52);
		seen[2] = bit_of(APIC_ISR, 0x61);
		seen[3] = bit_of(APIC_IRR, 0x5f);
	}
	xapic_write(APIC_EOI, 0);
}

PROBE(higher_class_interrupts_a_handler,
	.rule = "A handler is interrupted by a higher class, and not by its own",
	.cite = PRIORITY, .needs = NEED_IRQCHIP,
	.skip = GUEST(xapic_missing),
	.control = "a store that does nothing is caught")
{
	irq_log_open(nest);
	self_send(0x52);
	CHECK(irq_log_wait(3, PATIENCE_CYCLES));
	CHECK_EQ(2, seen[0]);
	CHECK_EQ(0x61, irq_log.vector[1]);
	CHECK_EQ(1, seen[1]);		/* that EOI was the inner one's */
	CHECK_EQ(0, seen[2]);
	CHECK_EQ(1, seen[3]);
	CHECK_EQ(0x5f, irq_log.vector[2]);
	irq_log_close();
}

__guest void send_twice_more(unsigned int vector)
{
	if (irq_log.count == 1) {
		self_send(vector);
		xapic_write(APIC_ICR,
			    APIC_ICR_SELF | APIC_ICR_ASSERT | vector);
		seen[0] = bit_of(APIC_ISR, vector) && bit_of(APIC_IRR, vector);
	}
	xapic_write(APIC_EOI, 0);
}

PROBE(one_more_waits_while_one_is_served,
	.rule = "A vector in service can wait once more in IRR; a third one merges",
	.cite = PRIORITY, .needs = NEED_IRQCHIP,
	.skip = GUEST(xapic_missing),
	.control = "a store that does nothing is caught")
{
	irq_log_open(send_twice_more);
	self_send(0x71);
	CHECK(irq_log_wait(2, PATIENCE_CYCLES));
	window();
	CHECK_EQ(1, seen[0]);
	CHECK_EQ(2, irq_log.count);
	irq_log_close();
}
