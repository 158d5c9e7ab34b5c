/*
 * The two 8259s: masks, initialisation, and an interrupt all the way from the
 * 8254 through the local APIC's LINT0.
 */
#include "apic.h"
#include "irq.h"
#include "irq_log.h"
#include "suite.h"

#define I8259	"Intel 8259A data sheet, Initialization and Operation Command " \
		"Words"
enum { MASTER = 0x20, SLAVE = 0xa0, EOI = 0x20 };
enum { LVT_EXTINT = 7 << 8 };
#define VECTORS		0x30
#define PATIENCE_CYCLES	(1ull << 30)

__guest const char *no_pic(void)
{
	const char *why = xapic_missing();

	if (why)
		return why;
	outb(MASTER + 1, 0xa5);
	outb(SLAVE + 1, 0x5a);
	if (inb(MASTER + 1) == 0xa5 && inb(SLAVE + 1) == 0x5a)
		return NULL;
	return "there are no 8259s here";
}

__guest void init(uint16_t pic, uint8_t vectors, uint8_t wiring)
{
	outb(pic, 0x11);
	outb(pic + 1, vectors);
	outb(pic + 1, wiring);
	outb(pic + 1, 1);
}

__guest void pics_open(void)
{
	init(MASTER, VECTORS, 4);
	init(SLAVE, VECTORS + 8, 2);
}

__guest void pics_close(void)
{
	outb(MASTER + 1, 0xff);
	outb(SLAVE + 1, 0xff);
}

PROBE(masks_read_back,
	.rule = "Each 8259 keeps the eight bits of its mask",
	.cite = I8259, .needs = NEED_IRQCHIP,
	.skip = GUEST(no_pic),
	.control = "an OUT that does nothing is caught")
{
	static const uint8_t mask[] = { 0, 0x55, 0xaa, 0xff };

	for (unsigned int i = 0; i < 4; i++) {
		outb(MASTER + 1, mask[i]);
		outb(SLAVE + 1, mask[3 - i]);
		CHECK_EQ(mask[i], inb(MASTER + 1));
		CHECK_EQ(mask[3 - i], inb(SLAVE + 1));
	}
	pics_close();
}

PROBE(initialisation_clears_the_mask,
	.rule = "ICW1 clears the mask, and what was in service",
	.cite = I8259, .needs = NEED_IRQCHIP,
	.skip = GUEST(no_pic),
	.control = "an OUT that does nothing is caught")
{
	pics_close();
	pics_open();
	CHECK_EQ(0, inb(MASTER + 1));
	CHECK_EQ(0, inb(SLAVE + 1));
	outb(MASTER, 0x0b);		/* OCW3: in service */
	CHECK_EQ(0, inb(MASTER));
	pics_close();
}

static uint8_t served, requested;

__guest void look_at_pic(unsigned int vector)
{
	(void)vector;
	outb(MASTER, 0x0b);
	served = inb(MASTER);
	outb(MASTER, EOI);
}

/* Channel 0 of the 8254: one rising edge, soon. */
__guest void edge_soon(void)
{
	outb(0x43, 0x30);
	outb(0x40, 100);
	outb(0x40, 0);
}

PROBE(timer_comes_through_lint0,
	.rule = "IRQ 0 shows in the 8259's IRR, is taken by its vector, and is in ISR",
	.cite = I8259 "; Intel SDM vol. 3, Local Vector Table (ExtINT)",
	.needs = NEED_IRQCHIP | NEED_PIT, .skip = GUEST(no_pic),
	.control = "an OUT to the 8254 that does nothing is caught")
{
	uint64_t begin;

	irq_log_open(look_at_pic);
	xapic_write(APIC_LVT_LINT0, LVT_EXTINT);
	pics_open();
	outb(MASTER + 1, 0xfe);
	edge_soon();
	outb(MASTER, 0x0a);		/* OCW3: requests */
	for (begin = tsc_read(); !((requested = inb(MASTER)) & 1) &&
	     tsc_read() - begin < PATIENCE_CYCLES;)
		;
	CHECK_EQ(1, requested & 1);
	CHECK(irq_log_wait(1, PATIENCE_CYCLES));
	CHECK_EQ(VECTORS, irq_log.vector[0]);
	CHECK_EQ(1, served);
	outb(MASTER, 0x0b);
	CHECK_EQ(0, inb(MASTER));
	pics_close();
	xapic_write(APIC_LVT_LINT0, APIC_LVT_MASKED);
	irq_log_close();
}

PROBE(masked_request_waits,
	.rule = "A masked IRQ waits, and comes when the mask is lifted",
	.cite = I8259, .needs = NEED_IRQCHIP | NEED_PIT,
	.skip = GUEST(no_pic),
	.control = "an OUT that does nothing is caught")
{
	uint64_t begin;

	irq_log_open(look_at_pic);
	xapic_write(APIC_LVT_LINT0, LVT_EXTINT);
	pics_open();
	outb(MASTER + 1, 0xff);
	edge_soon();
	outb(MASTER, 0x0a);
	for (begin = tsc_read(); !(inb(MASTER) & 1) &&
	     tsc_read() - begin < PATIENCE_CYCLES;)
		;
	CHECK(!irq_log_wait(1, 1 << 20));
	outb(MASTER + 1, 0xfe);
	CHECK(irq_log_wait(1, PATIENCE_CYCLES));
	pics_close();
	xapic_write(APIC_LVT_LINT0, APIC_LVT_MASKED);
	irq_log_close();
}
