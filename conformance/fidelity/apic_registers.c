/*
 * The registers of the xAPIC page: what they keep, and what they complain of.
 */
#include "apic.h"
#include "irq.h"
#include "irq_log.h"
#include "suite.h"

#define LVT	"Intel SDM vol. 3, Local Vector Table; AMD APM vol. 2, Local " \
		"Vector Table"
#define ERRORS	"Intel SDM vol. 3, Error Handling; AMD APM vol. 2, APIC Error " \
		"Interrupts"
#define PATIENCE_CYCLES	(1ull << 28)
#define QUIET_CYCLES	(1ull << 21)

enum { ESR_SENT_ILLEGAL = 1 << 5, ESR_ILLEGAL_REGISTER = 1 << 7 };

PROBE(version_names_a_local_apic,
	.rule = "The version is that of a local APIC, with three LVT entries or more",
	.cite = "Intel SDM vol. 3, Local APIC Version Register; AMD APM vol. 2, "
		"APIC Version Register",
	.needs = NEED_IRQCHIP, .skip = GUEST(xapic_missing),
	.control = "a load that gives its address is caught")
{
	uint32_t v;

	irq_log_open(NULL);
	v = xapic_read(APIC_VERSION);
	CHECK((v & 0xff) >= 0x10 && (v & 0xff) < 0x80);
	CHECK((v >> 16 & 0xff) >= 2);
	CHECK_EQ(0, v & 0x7e00ff00);
	irq_log_close();
}

PROBE(software_disable_masks_every_lvt,
	.rule = "While SVR bit 8 is clear all LVT masks are set and stay set",
	.cite = "Intel SDM vol. 3, Local APIC State After It Has Been Software "
		"Disabled; AMD APM vol. 2, Spurious Interrupts",
	.needs = NEED_IRQCHIP, .skip = GUEST(xapic_missing),
	.control = "a store that does nothing is caught")
{
	static const uint16_t lvt[] = { APIC_LVT_TIMER, APIC_LVT_LINT0,
					APIC_LVT_LINT1, APIC_LVT_ERROR };
	uint32_t svr;

	irq_log_open(NULL);
	svr = xapic_read(APIC_SVR);
	xapic_write(APIC_LVT_TIMER, 0x41);
	CHECK_EQ(0, xapic_read(APIC_LVT_TIMER) & APIC_LVT_MASKED);
	xapic_write(APIC_SVR, svr & ~(uint32_t)APIC_SVR_ENABLE);
	for (unsigned int i = 0; i < sizeof(lvt) / sizeof(*lvt); i++) {
		CHECK_EQ(APIC_LVT_MASKED, xapic_read(lvt[i]) & APIC_LVT_MASKED);
		xapic_write(lvt[i], 0x41);
		CHECK_EQ(APIC_LVT_MASKED, xapic_read(lvt[i]) & APIC_LVT_MASKED);
	}
	xapic_write(APIC_SVR, svr);
	for (unsigned int i = 0; i < sizeof(lvt) / sizeof(*lvt); i++)
		xapic_write(lvt[i], APIC_LVT_MASKED);
	irq_log_close();
}

PROBE(logical_destination_keeps_its_bits,
	.rule = "LDR keeps bits 31:24, DFR bits 31:28; the rest reads 0 and ones",
	.cite = "Intel SDM vol. 3, Logical Destination Mode; AMD APM vol. 2, "
		"Logical Destination Register, Destination Format Register",
	.needs = NEED_IRQCHIP, .skip = GUEST(xapic_missing),
	.control = "a store that does nothing is caught")
{
	uint32_t ldr, dfr;

	irq_log_open(NULL);
	ldr = xapic_read(APIC_LDR);
	dfr = xapic_read(APIC_DFR);
	xapic_write(APIC_LDR, 0xa5ffffff);
	CHECK_EQ(0xa5000000, xapic_read(APIC_LDR));
	xapic_write(APIC_DFR, 0);
	CHECK_EQ(0x0fffffff, xapic_read(APIC_DFR));
	xapic_write(APIC_DFR, 0xf0000000);
	CHECK_EQ(0xffffffff, xapic_read(APIC_DFR));
	xapic_write(APIC_LDR, ldr);
	xapic_write(APIC_DFR, dfr);
	irq_log_close();
}

__guest bool arrives(uint32_t high, uint32_t low, uint64_t patience_cycles)
{
	uint32_t before = irq_log.count;

	xapic_write(APIC_ICR_HIGH, high);
	xapic_write(APIC_ICR, APIC_ICR_ASSERT | low);
	return irq_log_wait(before + 1, patience_cycles);
}

PROBE(interrupt_to_itself_arrives_in_every_way,
	.rule = "An IPI to the own ID, to a logical name or to self arrives",
	.cite = "Intel SDM vol. 3, Determining IPI Destination; AMD APM vol. 2, "
		"Interrupt Command Register",
	.needs = NEED_IRQCHIP, .skip = GUEST(xapic_missing),
	.control = "a store that does nothing is caught")
{
	enum { LOGICAL = 1 << 11 };
	uint32_t ldr;

	irq_log_open(NULL);
	ldr = xapic_read(APIC_LDR);
	CHECK(arrives(xapic_read(APIC_ID), 0x51, PATIENCE_CYCLES));
	xapic_write(APIC_DFR, 0xffffffff);
	xapic_write(APIC_LDR, 0x40000000);
	CHECK(arrives(0xc0000000, LOGICAL | 0x52, PATIENCE_CYCLES));
	CHECK(arrives(0, APIC_ICR_SELF | 0x53, PATIENCE_CYCLES));
	CHECK_EQ(0x51, irq_log.vector[0]);
	CHECK_EQ(0x52, irq_log.vector[1]);
	CHECK_EQ(0x53, irq_log.vector[2]);
	CHECK_EQ(3, irq_log.count);
	xapic_write(APIC_LDR, ldr);
	irq_log_close();
}

PROBE(absent_destination_gets_nothing,
	.rule = "An IPI to a logical name that no CPU has is not taken by this one",
	.cite = "Intel SDM vol. 3, Determining IPI Destination; AMD APM vol. 2, "
		"Interrupt Command Register",
	.needs = NEED_IRQCHIP, .skip = GUEST(xapic_missing),
	.control = "a store that does nothing is caught")
{
	enum { LOGICAL = 1 << 11 };
	uint32_t ldr;

	irq_log_open(NULL);
	ldr = xapic_read(APIC_LDR);
	xapic_write(APIC_DFR, 0xffffffff);
	xapic_write(APIC_LDR, 0x02000000);
	CHECK(!arrives(0x80000000, LOGICAL | 0x51, QUIET_CYCLES));
	CHECK(arrives(0x02000000, LOGICAL | 0x52, PATIENCE_CYCLES));
	CHECK_EQ(0x52, irq_log.vector[0]);
	xapic_write(APIC_LDR, ldr);
	irq_log_close();
}

PROBE(illegal_vector_is_an_error,
	.rule = "Sending a vector below 16 sets ESR bit 5 and interrupts by LVT error",
	.cite = ERRORS, .needs = NEED_IRQCHIP,
	.skip = GUEST(xapic_missing), .wait_ms = 8000,
	.control = "a store that does nothing is caught")
{
	irq_log_open(NULL);
	xapic_write(APIC_ESR, 0);
	xapic_write(APIC_ESR, 0);
	CHECK_EQ(0, xapic_read(APIC_ESR));
	xapic_write(APIC_LVT_ERROR, 0xa1);
	xapic_write(APIC_ICR, APIC_ICR_SELF | APIC_ICR_ASSERT | 5);
	CHECK(irq_log_wait(1, PATIENCE_CYCLES));
	CHECK_EQ(0xa1, irq_log.vector[0]);
	xapic_write(APIC_ESR, 0);
	CHECK_EQ(ESR_SENT_ILLEGAL,
		 xapic_read(APIC_ESR) & ESR_SENT_ILLEGAL);
	xapic_write(APIC_ESR, 0);
	CHECK_EQ(0, xapic_read(APIC_ESR));
	xapic_write(APIC_LVT_ERROR, APIC_LVT_MASKED);
	irq_log_close();
}

PROBE(illegal_register_is_an_error,
	.rule = "A write to a reserved register of the page sets ESR bit 7",
	.cite = ERRORS, .needs = NEED_IRQCHIP,
	.skip = GUEST(xapic_missing),
	.control = "a store that does nothing is caught")
{
	irq_log_open(NULL);
	xapic_write(APIC_ESR, 0);
	xapic_write(APIC_ESR, 0);
	CHECK_EQ(0, xapic_read(APIC_ESR));
	xapic_write((enum apic_register)0x3f0, 0);
	xapic_write(APIC_ESR, 0);
	CHECK_EQ(ESR_ILLEGAL_REGISTER,
		 xapic_read(APIC_ESR) & ESR_ILLEGAL_REGISTER);
	irq_log_close();
}
