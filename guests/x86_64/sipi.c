/*
 * INIT and SIPI; see sipi.h. The code that they lead to is trampoline.S.
 */
#include "abi.h"
#include "apic.h"
#include "guest.h"
#include "layout.h"
#include "sipi.h"

extern const uint8_t trampoline_begin[], trampoline_end[];

const uint64_t trampoline_areas = ABI_CPUS_GPA;

_Static_assert(TRAMPOLINE_GPA >= ABI_MAILBOX_GPA + 0x10000 &&
	       TRAMPOLINE_GPA < 0x90000, "between the mailbox and the EBDA");

void sipi_prepare(void)
{
	__builtin_memcpy((void *)TRAMPOLINE_GPA, trampoline_begin,
			 (size_t)(trampoline_end - trampoline_begin));
	xapic_start();
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
