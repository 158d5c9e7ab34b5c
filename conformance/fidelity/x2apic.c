/*
 * The x2APIC: its registers are MSRs, so what the page ignores, faults here.
 */
#include "apic.h"
#include "irq.h"
#include "irq_log.h"
#include "suite.h"

#define X2APIC	"Intel SDM vol. 3, Extended XAPIC (x2APIC); AMD APM vol. 2, " \
		"x2APIC Support"
#define SPACE	"Intel SDM vol. 3, x2APIC Register Address Space; AMD APM " \
		"vol. 2, Accessing x2APIC Registers"
#define PATIENCE_CYCLES	(1ull << 28)

enum { BASE_X2APIC = 1 << 10, BASE_ENABLE = 1 << 11 };

__guest void end_by_msr(unsigned int vector)
{
	(void)vector;
	x2apic_write(APIC_EOI, 0);
}

__guest void x2apic_open(void)
{
	irq_log_begin(end_by_msr);
	x2apic_start();
	irq_window();			/* what an item before left */
	irq_log_begin(end_by_msr);
}

/* Back to the page, through off. */
__guest void x2apic_close(void)
{
	apic_stop();
	irq_log_end();
	xapic_start();
	apic_stop();
}

PROBE(reserved_registers_fault,
	.rule = "RDMSR of a register that the x2APIC does not have raises #GP",
	.cite = SPACE, .needs = NEED_IRQCHIP,
	.skip = GUEST(x2apic_missing),
	.control = "an RDMSR that does nothing is caught")
{
	/* ICR's upper half, DFR and APR belong to the page alone. */
	static const uint16_t msr[] = { 0x800, 0x801, 0x804, 0x807, 0x809,
					0x80e, 0x831, 0x83a, 0x83d };
	uint64_t v;

	x2apic_open();
	for (unsigned int i = 0; i < sizeof(msr) / sizeof(*msr); i++)
		CHECK_FAULT(VEC_GP, 0, rdmsr_safe(msr[i], &v));
	x2apic_close();
}

PROBE(read_only_registers_refuse_writes,
	.rule = "WRMSR of ID, version, PPR, LDR, ISR, TMR, IRR or current count: #GP",
	.cite = SPACE, .needs = NEED_IRQCHIP,
	.skip = GUEST(x2apic_missing),
	.control = "a WRMSR that does nothing is caught")
{
	static const uint16_t msr[] = { 0x802, 0x803, 0x80a, 0x80d, 0x810,
					0x817, 0x818, 0x820, 0x827, 0x839 };

	x2apic_open();
	for (unsigned int i = 0; i < sizeof(msr) / sizeof(*msr); i++)
		CHECK_FAULT(VEC_GP, 0, wrmsr_safe(msr[i], 0));
	x2apic_close();
}

PROBE(write_only_registers_refuse_reads,
	.rule = "RDMSR of EOI or of SELF IPI raises #GP",
	.cite = SPACE, .needs = NEED_IRQCHIP,
	.skip = GUEST(x2apic_missing),
	.control = "an RDMSR that does nothing is caught")
{
	uint64_t v;

	x2apic_open();
	CHECK_FAULT(VEC_GP, 0, rdmsr_safe(X2APIC_MSR + (APIC_EOI >> 4), &v));
	CHECK_FAULT(VEC_GP, 0,
		    rdmsr_safe(X2APIC_MSR + (APIC_SELF_IPI >> 4), &v));
	x2apic_close();
}

#define REFUSES(reg, value)						\
	CHECK_FAULT(VEC_GP, 0, wrmsr_safe(X2APIC_MSR + (reg >> 4), value))

PROBE(reserved_bits_fault,
	.rule = "WRMSR setting a reserved bit of an x2APIC register raises #GP",
	.cite = "Intel SDM vol. 3, Reserved Bit Checking; AMD APM vol. 2, "
		"Accessing x2APIC Registers",
	.needs = NEED_IRQCHIP, .skip = GUEST(x2apic_missing),
	.control = "a WRMSR that does nothing is caught")
{
	x2apic_open();
	REFUSES(APIC_EOI, 1);
	REFUSES(APIC_ESR, 1);
	REFUSES(APIC_TPR, 0x100);
	REFUSES(APIC_SVR, 0x200001ef);
	REFUSES(APIC_SVR, 1ull << 32 | 0x1ef);
	REFUSES(APIC_LVT_TIMER, 1 << 20 | APIC_LVT_MASKED);
	REFUSES(APIC_LVT_TIMER, 1ull << 32 | APIC_LVT_MASKED);
	REFUSES(APIC_TIMER_INITIAL, 1ull << 32);
	REFUSES(APIC_TIMER_DIVIDE, 0x10);
	REFUSES(APIC_SELF_IPI, 0x141);
	x2apic_close();
}

PROBE(mode_changes_follow_the_table,
	.rule = "EXTD without EN, xAPIC out of x2APIC, and x2APIC out of off raise #GP",
	.cite = "Intel SDM vol. 3, x2APIC State Transitions; AMD APM vol. 2, "
		"x2APIC Initialization",
	.needs = NEED_IRQCHIP, .skip = GUEST(x2apic_missing),
	.control = "a WRMSR that does nothing is caught")
{
	uint64_t off, page, msrs;

	x2apic_open();
	msrs = rdmsr(MSR_APICBASE);
	page = msrs & ~(uint64_t)BASE_X2APIC;
	off = page & ~(uint64_t)BASE_ENABLE;
	CHECK_FAULT(VEC_GP, 0, wrmsr_safe(MSR_APICBASE, page));
	CHECK_FAULT(VEC_GP, 0, wrmsr_safe(MSR_APICBASE, off | BASE_X2APIC));
	CHECK_EQ(msrs, rdmsr(MSR_APICBASE));
	CHECK_EQ(NO_FAULT, wrmsr_safe(MSR_APICBASE, off));
	CHECK_FAULT(VEC_GP, 0, wrmsr_safe(MSR_APICBASE, msrs));
	CHECK_FAULT(VEC_GP, 0, wrmsr_safe(MSR_APICBASE, off | BASE_X2APIC));
	CHECK_EQ(NO_FAULT, wrmsr_safe(MSR_APICBASE, page));
	CHECK_EQ(NO_FAULT, wrmsr_safe(MSR_APICBASE, msrs));
	x2apic_close();
}

PROBE(logical_id_follows_from_the_id,
	.rule = "LDR is the ID's cluster in 31:16, and one bit for its place there",
	.cite = "Intel SDM vol. 3, Logical Destination Mode in x2APIC Mode; AMD "
		"APM vol. 2, x2APIC Logical Destination",
	.needs = NEED_IRQCHIP, .skip = GUEST(x2apic_missing),
	.control = "an RDMSR that does nothing is caught")
{
	uint64_t id;

	x2apic_open();
	id = x2apic_read(APIC_ID);
	CHECK_EQ((id >> 4 & 0xffff) << 16 | 1ull << (id & 15),
		 x2apic_read(APIC_LDR));
	CHECK_EQ(cpuid_reg(1, 0, 1) >> 24, id & 0xff);
	x2apic_close();
}

PROBE(self_ipi_register_interrupts,
	.rule = "WRMSR of SELF IPI interrupts this CPU by that vector, once",
	.cite = "Intel SDM vol. 3, SELF IPI Register; AMD APM vol. 2, x2APIC "
		"Self-IPI",
	.needs = NEED_IRQCHIP, .skip = GUEST(x2apic_missing),
	.control = "a WRMSR that does nothing is caught")
{
	x2apic_open();
	x2apic_write(APIC_SELF_IPI, 0x93);
	CHECK(irq_log_wait(1, PATIENCE_CYCLES));
	irq_window();
	CHECK_EQ(1, irq_log.count);
	CHECK_EQ(0x93, irq_log.vector[0]);
	x2apic_close();
}

PROBE(command_register_is_one,
	.rule = "The ICR is one MSR of 64 bits, with 32 bits of destination",
	.cite = "Intel SDM vol. 3, Interrupt Command Register in x2APIC Mode; "
		"AMD APM vol. 2, x2APIC Interrupt Command Register",
	.needs = NEED_IRQCHIP, .skip = GUEST(x2apic_missing),
	.control = "a WRMSR that does nothing is caught")
{
	uint64_t id, command;

	x2apic_open();
	id = x2apic_read(APIC_ID);
	command = id << 32 | APIC_ICR_ASSERT | 0x94;
	x2apic_write(APIC_ICR, command);
	CHECK_EQ(command, x2apic_read(APIC_ICR));
	CHECK(irq_log_wait(1, PATIENCE_CYCLES));
	CHECK_EQ(0x94, irq_log.vector[0]);
	x2apic_close();
}
