/*
 * The local APIC, by its page (xAPIC) and by its MSRs (x2APIC).
 *
 * A register has one number for both: its offset in the page, which is 16
 * times its index among the MSRs. The page is in the identity map and open to
 * CPL3; the MSRs need CPL0. Sources: Intel SDM vol. 3A, APIC; AMD APM vol. 2,
 * Advanced Programmable Interrupt Controller.
 */
#ifndef VMGAUGE_APIC_H
#define VMGAUGE_APIC_H

#include <stdint.h>

#include "cpu.h"

#define XAPIC_GPA		0xfee00000ull
#define X2APIC_MSR		0x800u
#define MSR_TSC_DEADLINE	0x6e0u
#define SPURIOUS_VECTOR		0xef

enum apic_register {
	APIC_ID = 0x020,
	APIC_VERSION = 0x030,
	APIC_TPR = 0x080,
	APIC_PPR = 0x0a0,
	APIC_EOI = 0x0b0,
	APIC_LDR = 0x0d0,
	APIC_DFR = 0x0e0,
	APIC_SVR = 0x0f0,
	APIC_ISR = 0x100,		/* eight of 32 bits, 16 bytes apart */
	APIC_TMR = 0x180,
	APIC_IRR = 0x200,
	APIC_ESR = 0x280,
	APIC_ICR = 0x300,		/* x2APIC: all 64 bits of it */
	APIC_ICR_HIGH = 0x310,
	APIC_LVT_TIMER = 0x320,
	APIC_LVT_LINT0 = 0x350,
	APIC_LVT_LINT1 = 0x360,
	APIC_LVT_ERROR = 0x370,
	APIC_TIMER_INITIAL = 0x380,
	APIC_TIMER_CURRENT = 0x390,
	APIC_TIMER_DIVIDE = 0x3e0,
	APIC_SELF_IPI = 0x3f0,		/* x2APIC only */
};

enum {
	APIC_SVR_ENABLE = 1 << 8,
	APIC_ICR_NMI = 4 << 8,
	APIC_ICR_INIT = 5 << 8,
	APIC_ICR_STARTUP = 6 << 8,
	APIC_ICR_ASSERT = 1 << 14,
	APIC_ICR_SELF = 1 << 18,
	APIC_ICR_OTHERS = 3 << 18,
	APIC_LVT_MASKED = 1 << 16,
	APIC_LVT_PERIODIC = 1 << 17,
	APIC_LVT_DEADLINE = 2 << 17,
	APIC_TIMER_DIVIDE_1 = 0xb,
};

static inline uint32_t xapic_read(enum apic_register r)
{
	return mmio_read32(XAPIC_GPA + (uint64_t)r);
}

static inline void xapic_write(enum apic_register r, uint32_t v)
{
	mmio_write32(XAPIC_GPA + (uint64_t)r, v);
}

static inline uint64_t x2apic_read(enum apic_register r)
{
	return rdmsr(X2APIC_MSR + ((uint32_t)r >> 4));
}

static inline void x2apic_write(enum apic_register r, uint64_t v)
{
	wrmsr(X2APIC_MSR + ((uint32_t)r >> 4), v);
}

/* To one CPU by its ID. An xAPIC's takes two writes: the target sticks. */
static inline void xapic_target(uint32_t id)
{
	xapic_write(APIC_ICR_HIGH, id << 24);
}

static inline void x2apic_send(uint32_t id, uint32_t command)
{
	x2apic_write(APIC_ICR, (uint64_t)id << 32 | command);
}

/*
 * At CPL0, on each CPU that is to take interrupts, in that mode; what comes
 * from elsewhere (an 8259's, say) is masked. apic_stop() disables the APIC by
 * software, and leaves its mode. The reasons are for a bench's skip().
 */
const char *xapic_missing(void);
const char *x2apic_missing(void);
const char *deadline_missing(void);
void xapic_start(void);
void x2apic_start(void);
void apic_stop(void);

#endif
