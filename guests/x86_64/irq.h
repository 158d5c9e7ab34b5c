/*
 * Interrupts in the image: gates, handlers, and what they leave behind.
 *
 * The handlers are few and short. Each counts in its CPU's own area; the one
 * that stamps leaves the TSC of its begin too. They work from CPL0 and CPL3.
 */
#ifndef VMGAUGE_IRQ_H
#define VMGAUGE_IRQ_H

#include <stdbool.h>
#include <stdint.h>

#include "cpus.h"

#define IRQ_VECTOR	0xf1	/* the benches' */
#define IRQ_PATIENCE_CYCLES	(1ull << 31)	/* for one to come: about 1 s */

typedef void irq_handler(void);		/* of a gate: never called */

/*
 * By how each says that it is through: not at all (an NMI, or no APIC), by
 * the page, by the MSR. The quiet ones do nothing else.
 */
irq_handler irq_count, irq_count_xapic, irq_count_x2apic;
irq_handler irq_quiet_xapic, irq_quiet_x2apic;
irq_handler irq_stamp_xapic;
/* INVLPG of the page of irq_invlpg_set(), counts, and then reads it. */
irq_handler irq_invlpg_x2apic;

/* A gate of DPL 0, for all CPUs; irq_uninstall() puts the image's own back. */
void irq_install(unsigned int vector, irq_handler *handler);
void irq_uninstall(unsigned int vector);
void irq_invlpg_set(uint64_t gva);

/* Of struct cpu's own[]. */
enum { IRQ_OWN_COUNT = 0, IRQ_OWN_TSC, IRQ_OWN_FREE };

static inline volatile uint64_t *irq_counter(struct cpu *cpu)
{
	return &cpu->own[IRQ_OWN_COUNT];
}

static inline uint64_t irq_tsc(const struct cpu *cpu)
{
	return *(const volatile uint64_t *)&cpu->own[IRQ_OWN_TSC];
}

static inline void irq_enable(void)
{
	__asm__ volatile("sti" ::: "memory");
}

static inline void irq_disable(void)
{
	__asm__ volatile("cli" ::: "memory");
}

/* NOP is where STI's shadow ends: what is pending comes before the next. */
static inline void irq_window(void)
{
	__asm__ volatile("sti\n\tnop\n\tcli" ::: "memory");
}

/*
 * Sleeps until an interrupt, which has been handled; interrupts are off before
 * and after. HLT is in STI's shadow, so that nothing is lost; where a shadow
 * does not survive an exit (QEMU's SVM) the handlers step over the HLT.
 */
void irq_halt(void);

/* Until this CPU's count is not `before`; false: IRQ_PATIENCE_CYCLES. */
bool irq_wait(uint64_t before);

#endif
