/*
 * INIT and SIPI; see sipi.h. The code that they lead to is trampoline.S.
 */
#include "abi.h"
#include "apic.h"
#include "guest.h"
#include "layout.h"
#include "sipi.h"

extern const uint8_t trampoline_begin[], trampoline_end[];

#define LEAF_X2APIC	0xbu		/* EDX: the ID, all of it */
#define LEAF_FEATURES	1u		/* EBX 31:24: its low 8 bits */
#define X2APIC_BIT	21

const uint64_t trampoline_areas = ABI_CPUS_GPA;
uint32_t trampoline_leaf;

_Static_assert(TRAMPOLINE_GPA >= ABI_MAILBOX_GPA + 0x10000 &&
	       TRAMPOLINE_GPA < 0x90000, "between the mailbox and the EBDA");

void sipi_prepare(void)
{
	bool x2apic = cpuid_reg(LEAF_FEATURES, 0, 2) >> X2APIC_BIT & 1 &&
		      cpuid_reg(0, 0, 0) >= LEAF_X2APIC;

	trampoline_leaf = x2apic ? LEAF_X2APIC : LEAF_FEATURES;
	__builtin_memcpy((void *)TRAMPOLINE_GPA, trampoline_begin,
			 (size_t)(trampoline_end - trampoline_begin));
	xapic_start();
}

void others_start(void)
{
	const uint32_t others = APIC_ICR_OTHERS | APIC_ICR_ASSERT;

	xapic_write(APIC_ICR, others | APIC_ICR_INIT);
	xapic_write(APIC_ICR, others | APIC_ICR_STARTUP | TRAMPOLINE_GPA >> 12);
}

void init_send(uint32_t id)
{
	xapic_target(id);
	xapic_write(APIC_ICR, APIC_ICR_INIT | APIC_ICR_ASSERT);
}

void sipi_send(uint32_t id)
{
	xapic_target(id);
	xapic_write(APIC_ICR, APIC_ICR_STARTUP | APIC_ICR_ASSERT |
		    TRAMPOLINE_GPA >> 12);
}
