/*
 * The I/O APIC: what its redirection entries keep, and an edge through one.
 */
#include "apic.h"
#include "irq.h"
#include "irq_log.h"
#include "suite.h"

#define IOAPIC	"Intel 82093AA data sheet, I/O APIC Registers; I/O Redirection " \
		"Table Registers"
#define IOAPIC_GPA	0xfec00000ull
enum { IO_ID = 0, IO_VERSION = 1, IO_ENTRY = 0x10, IO_MASKED = 1 << 16 };
#define PATIENCE_CYCLES	(1ull << 30)

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

__guest const char *no_ioapic(void)
{
	uint32_t v = io_read(IO_VERSION);

	if (xapic_missing())
		return xapic_missing();
	return v == 0xffffffff || !v ? "there is no I/O APIC at FEC00000H" : NULL;
}

__guest uint32_t last_entry(void)
{
	return IO_ENTRY + 2 * (io_read(IO_VERSION) >> 16 & 0xff);
}

PROBE(entries_keep_their_bits,
	.rule = "A redirection entry keeps vector, modes and destination, not its status",
	.cite = IOAPIC, .needs = NEED_IRQCHIP,
	.skip = GUEST(no_ioapic),
	.control = "a load that gives its address is caught")
{
	uint32_t entry = last_entry(), low = io_read(entry);
	uint32_t high = io_read(entry + 1);

	CHECK(entry >= IO_ENTRY + 2 * 15);
	/* Masked, level, low, logical; status and remote IRR are read only. */
	io_write(entry, 0x1f8a5);
	CHECK_EQ(0x1a8a5, io_read(entry));
	io_write(entry, 0x10031);
	CHECK_EQ(0x10031, io_read(entry));
	io_write(entry + 1, 0x5a000000);
	CHECK_EQ(0x5a000000, io_read(entry + 1) & 0xff000000);
	io_write(entry + 1, high);
	io_write(entry, low | IO_MASKED);
}

PROBE(version_cannot_be_written,
	.rule = "The version and the number of entries are read only",
	.cite = IOAPIC, .needs = NEED_IRQCHIP,
	.skip = GUEST(no_ioapic),
	.control = "a load that gives its address is caught")
{
	uint32_t v = io_read(IO_VERSION);

	CHECK((v & 0xff) >= 0x11 && (v & 0xff) < 0x40);
	io_write(IO_VERSION, ~v);
	CHECK_EQ(v, io_read(IO_VERSION));
}

PROBE(edge_becomes_its_vector,
	.rule = "The 8254's edge comes by the vector of its entry, and not if masked",
	.cite = IOAPIC, .needs = NEED_IRQCHIP | NEED_PIT,
	.skip = GUEST(no_ioapic),
	.control = "an OUT that does nothing is caught")
{
	uint32_t high;

	irq_log_open(NULL);
	high = xapic_read(APIC_ID);
	/* Pin 2 where firmware says so, pin 0 where nobody did. */
	for (uint32_t pin = 0; pin <= 2; pin += 2) {
		io_write(IO_ENTRY + 2 * pin + 1, high);
		io_write(IO_ENTRY + 2 * pin, 0x71);
	}
	outb(0x43, 0x30);
	outb(0x40, 100);
	outb(0x40, 0);
	CHECK(irq_log_wait(1, PATIENCE_CYCLES));
	CHECK_EQ(0x71, irq_log.vector[0]);
	for (uint32_t pin = 0; pin <= 2; pin += 2)
		io_write(IO_ENTRY + 2 * pin, IO_MASKED | 0x71);
	outb(0x43, 0x30);
	outb(0x40, 100);
	outb(0x40, 0);
	CHECK(!irq_log_wait(2, 1 << 22));
	irq_log_close();
}
