/*
 * Interrupts arrive: each one, once, as what it was sent, as soon as it may,
 * and what they interrupt does not notice.
 */
#include "apic.h"
#include "irq.h"
#include "irq_log.h"
#include "suite.h"

#define DELIVERY "Intel SDM vol. 3, Handling Interrupts (local APIC), Interrupt Acceptance " \
		 "for Fixed Interrupts; AMD APM vol. 2, Local APIC, Interrupt Control"
#define PATIENCE_CYCLES	(1ull << 30)
enum { FIRST = 0x50, VECTORS = 8, PASSES = 5000 };

__guest void self_send(uint32_t vector)
{
	xapic_write(APIC_ICR, APIC_ICR_SELF | APIC_ICR_ASSERT | vector);
}

#define ARRIVE								\
	.cite = DELIVERY, .needs = NEED_IRQCHIP, .skip = GUEST(xapic_missing)

PROBE(each_one_arrives_once,
	.rule = "Of eight vectors that are pending each one arrives, and arrives once",
	ARRIVE, .control = "an interrupt that arrives as another's vector is caught")
{
	unsigned int count[VECTORS] = { 0 };

	irq_log_open(NULL);
	for (uint32_t i = 0; i < VECTORS; i++)
		self_send(FIRST + i);
	CHECK(irq_log_wait(VECTORS, PATIENCE_CYCLES));
	CHECK(!irq_log_wait(VECTORS + 1, 1 << 22));
	for (uint32_t i = 0; i < VECTORS && i < irq_log.count; i++)
		if (irq_log.vector[i] - FIRST < VECTORS)
			count[irq_log.vector[i] - FIRST]++;
	for (uint32_t i = 0; i < VECTORS; i++)
		CHECK_EQ(1, count[i]);
	irq_log_close();
}

PROBE(pending_one_comes_as_soon_as_it_may,
	.rule = "A pending interrupt comes once IF is set, and waits for nothing else",
	ARRIVE, .control = "an interrupt that arrives as another's vector is caught")
{
	irq_log_open(NULL);
	self_send(FIRST + 2);
	CHECK_EQ(0, irq_log.count);
	CHECK(irq_log_wait(1, PATIENCE_CYCLES));
	CHECK_EQ(FIRST + 2, irq_log.vector[0]);
	irq_log_close();
}

PROBE(interrupted_code_does_not_notice,
	.rule = "Registers and flags after an interrupt are what they were before it",
	ARRIVE, .control = "an interrupt that arrives as another's vector is caught")
{
	const uint64_t arithmetic = RFLAGS_CF | RFLAGS_PF | RFLAGS_AF |
				    RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF;
	uint64_t b = 0x1111, s = 0x3333, di = 0x5555, d = PASSES, flags = 0;

	irq_log_open(NULL);
	self_send(FIRST + 2);
	/* IN, MOV, LEA and JRCXZ change no flag: those of the CMP have to last. */
	__asm__ volatile("cmp %%rbx, %%rsi\n\tsti\n\t"
			 "1: in $0x80, %%al\n\t"
			 "lea -1(%%rdx), %%rdx\n\tmov %%rdx, %%rcx\n\t"
			 "jrcxz 2f\n\tmovl %c[count], %%ecx\n\tjrcxz 1b\n\t"
			 "2: pushfq\n\tcli\n\tpop %0"
			 : "=&r"(flags), "+b"(b), "+S"(s), "+D"(di), "+d"(d)
			 : [count] "i"(&irq_log.count)
			 : "rax", "rcx", "memory", "cc");
	CHECK_EQ(1, irq_log.count);
	irq_log_close();
	CHECK_EQ(0x1111, b);
	CHECK_EQ(0x3333, s);
	CHECK_EQ(0x5555, di);
	/* 3333H - 1111H: even parity, nothing else. */
	CHECK_EQ(RFLAGS_PF, flags & arithmetic);
}

PROBE(nmi_comes_once,
	.rule = "An NMI that was sent by IPI comes, and comes once",
	.cite = "Intel SDM vol. 3, Handling Multiple NMIs; AMD APM vol. 2, "
		"#NMI--Non-Maskable-Interrupt Exception (Vector 2)",
	.needs = NEED_IRQCHIP, .skip = GUEST(xapic_missing),
	.control = "an interrupt that arrives as another's vector is caught")
{
	irq_log_open(NULL);
	xapic_target(xapic_read(APIC_ID) >> 24);
	xapic_write(APIC_ICR, APIC_ICR_NMI | APIC_ICR_ASSERT);
	CHECK(irq_log_wait(1, PATIENCE_CYCLES));
	CHECK_EQ(VEC_NMI, irq_log.vector[0]);
	CHECK(!irq_log_wait(2, 1 << 22));
	irq_log_close();
}
