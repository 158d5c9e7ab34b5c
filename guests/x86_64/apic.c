/*
 * The local APIC switched on and off; see apic.h.
 */
#include "apic.h"
#include "guest.h"

enum { APICBASE_X2APIC = 1 << 10, APICBASE_ENABLE = 1 << 11 };

#define PIC_MASK_1		0x21
#define PIC_MASK_2		0xa1

static bool feature(unsigned int bit)
{
	return cpuid_reg(1, 0, 2) >> bit & 1;
}

const char *xapic_missing(void)
{
	uint64_t base;

	if (!(cpuid_reg(1, 0, 3) >> 9 & 1))
		return "CPUID shows no APIC";
	if (rdmsr_safe(MSR_APICBASE, &base) != NO_FAULT)
		return "IA32_APIC_BASE cannot be read here";
	return NULL;
}

const char *x2apic_missing(void)
{
	const char *why = xapic_missing();
	uint64_t v;

	if (why)
		return why;
	if (!feature(21))
		return "CPUID shows no x2APIC";
	v = rdmsr(MSR_APICBASE) | APICBASE_ENABLE;
	if (wrmsr_safe(MSR_APICBASE, v | APICBASE_X2APIC) != NO_FAULT)
		return "the APIC cannot be put into x2APIC mode here";
	return NULL;
}

const char *deadline_missing(void)
{
	return feature(24) ? NULL : "CPUID shows no TSC-deadline timer";
}

/* An 8259 that a firmware left open would interrupt by vectors of faults. */
static void pic_mask(void)
{
	outb(PIC_MASK_1, 0xff);
	outb(PIC_MASK_2, 0xff);
}

/* From x2APIC mode there is no way back but through off. */
static void xapic_mode(void)
{
	uint64_t base = rdmsr(MSR_APICBASE);

	if (!(base & APICBASE_X2APIC))
		return;
	base &= ~(uint64_t)(APICBASE_X2APIC | APICBASE_ENABLE);
	wrmsr(MSR_APICBASE, base);
	wrmsr(MSR_APICBASE, base | APICBASE_ENABLE);
}

void xapic_start(void)
{
	if (!cpu_self()->index)
		pic_mask();
	xapic_mode();
	xapic_write(APIC_SVR, APIC_SVR_ENABLE | SPURIOUS_VECTOR);
}

void x2apic_start(void)
{
	if (!cpu_self()->index)
		pic_mask();
	wrmsr(MSR_APICBASE, rdmsr(MSR_APICBASE) | APICBASE_ENABLE |
	      APICBASE_X2APIC);
	x2apic_write(APIC_SVR, APIC_SVR_ENABLE | SPURIOUS_VECTOR);
}

void apic_stop(void)
{
	__asm__ volatile("cli" ::: "memory");
	if (rdmsr(MSR_APICBASE) & APICBASE_X2APIC) {
		x2apic_write(APIC_SVR, SPURIOUS_VECTOR);
		return;
	}
	xapic_write(APIC_LVT_TIMER, APIC_LVT_MASKED);
	xapic_write(APIC_SVR, SPURIOUS_VECTOR);
}
