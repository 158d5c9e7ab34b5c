/*
 * A level through the I/O APIC: one interrupt is under way until its EOI comes
 * back, which remote IRR shows, and another follows while the wire is held.
 *
 * The wire is the host half's, on pin 5.
 */
#include "apic.h"
#include "host_step.h"
#include "irq.h"
#include "irq_log.h"
#include "kvm/irq.h"

#define LEVELS	"Intel 82093AA data sheet, I/O Redirection Table Registers (Remote IRR, " \
		"Trigger Mode); Intel SDM vol. 3, EOI"
#define IOAPIC_GPA	0xfec00000ull
#define VECTOR		0x71u
#define PATIENCE_CYCLES	(1ull << 30)
#define ENTRY		(0x10 + 2 * (uint32_t)IRQ_GSI_PIN)
enum { LEVEL = 1 << 15, REMOTE_IRR = 1 << 14, MASKED = 1 << 16 };
enum { LOWER = 0, RAISE = 1 };

__host int wire_step(struct item_host *h, struct vcpu *v, uint8_t n,
		     struct error *e)
{
	(void)v;
	return irq_line_set(h->vm, IRQ_GSI_PIN, n, e);
}

__host void wire_prepare(struct item_host *h)
{
	steps_begin(h, wire_step);
}

__guest uint32_t io_read(uint32_t reg)
{
	mmio_write32(IOAPIC_GPA, reg);
	return mmio_read32(IOAPIC_GPA + 0x10);
}

__guest void io_write(uint32_t reg, uint32_t v)
{
	mmio_write32(IOAPIC_GPA, reg);
	mmio_write32(IOAPIC_GPA + 0x10, v);
}

/* In the handler: what the entry and the APIC said; lowered by `last`. */
static volatile uint32_t remote_irr, trigger, served, last;

__guest void serve(unsigned int vector)
{
	remote_irr += (io_read(ENTRY) & REMOTE_IRR) != 0;
	trigger += xapic_read(APIC_TMR + (vector >> 5) * 0x10) >>
		   (vector & 31) & 1;
	if (++served == last)
		step(LOWER);
	xapic_write(APIC_EOI, 0);
}

__guest void wire_open(uint32_t mode, uint32_t lowered_by)
{
	remote_irr = trigger = served = 0;
	last = lowered_by;
	irq_log_open(serve);
	io_write(ENTRY + 1, xapic_read(APIC_ID));
	io_write(ENTRY, mode | VECTOR);
}

__guest void wire_close(void)
{
	step(LOWER);
	io_write(ENTRY, MASKED | VECTOR);
	irq_log_close();
}

#define LEVEL_PROBE							\
	.cite = LEVELS, .needs = NEED_VMM | NEED_IRQCHIP,		\
	.prepare = HOST(wire_prepare), .skip = GUEST(xapic_missing)

PROBE(remote_irr_is_set_until_the_eoi,
	.rule = "Remote IRR is set from a level's delivery to its EOI, TMR says level",
	LEVEL_PROBE,
	.control = "a store that does nothing is caught")
{
	wire_open(LEVEL, 1);
	CHECK_EQ(0, io_read(ENTRY) & REMOTE_IRR);
	step(RAISE);
	CHECK(irq_log_wait(1, PATIENCE_CYCLES));
	CHECK_EQ(VECTOR, irq_log.vector[0]);
	CHECK_EQ(1, remote_irr);
	CHECK_EQ(1, trigger);
	CHECK_EQ(0, io_read(ENTRY) & REMOTE_IRR);
	CHECK(!irq_log_wait(2, 1 << 22));
	wire_close();
}

PROBE(held_level_comes_again_after_each_eoi,
	.rule = "While its wire is held a level interrupts again after each EOI",
	LEVEL_PROBE,
	.control = "a store that does nothing is caught")
{
	wire_open(LEVEL, 3);
	step(RAISE);
	CHECK(irq_log_wait(3, PATIENCE_CYCLES));
	CHECK(!irq_log_wait(4, 1 << 22));
	CHECK_EQ(3, served);
	wire_close();
}

PROBE(held_edge_comes_once,
	.rule = "An edge interrupts once while its wire is held, without remote IRR",
	LEVEL_PROBE,
	.control = "a store that does nothing is caught")
{
	wire_open(0, 0);
	step(RAISE);
	CHECK(irq_log_wait(1, PATIENCE_CYCLES));
	CHECK(!irq_log_wait(2, 1 << 22));
	CHECK_EQ(0, remote_irr);
	CHECK_EQ(0, trigger);
	step(LOWER);
	step(RAISE);
	CHECK(irq_log_wait(2, PATIENCE_CYCLES));
	wire_close();
}

PROBE(masked_level_waits_for_its_mask,
	.rule = "A level that is masked does not interrupt, and does when it is unmasked",
	LEVEL_PROBE,
	.control = "a store that does nothing is caught")
{
	wire_open(LEVEL | MASKED, 1);
	step(RAISE);
	CHECK(!irq_log_wait(1, 1 << 22));
	CHECK_EQ(0, io_read(ENTRY) & REMOTE_IRR);
	io_write(ENTRY, LEVEL | VECTOR);
	CHECK(irq_log_wait(1, PATIENCE_CYCLES));
	wire_close();
}
