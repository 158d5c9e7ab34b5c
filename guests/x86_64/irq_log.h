/*
 * Which interrupts came, and in which order.
 *
 * Benches want handlers of a few instructions (irq.h); a probe wants to know
 * what arrived. From irq_log_begin() on, every interrupt and NMI that has no
 * gate of its own is written down, and then `then` is called in its handler,
 * or, where that is NULL, the xAPIC told that it is over.
 */
#ifndef VMGAUGE_IRQ_LOG_H
#define VMGAUGE_IRQ_LOG_H

#include <stdbool.h>
#include <stdint.h>

#define IRQ_LOG_MAX	16u

struct irq_log {
	volatile uint32_t count;	/* also of what found no room */
	volatile uint8_t vector[IRQ_LOG_MAX];
};

extern struct irq_log irq_log;

void irq_log_begin(void (*then)(unsigned int vector));
void irq_log_end(void);

/*
 * The xAPIC is on, with TPR 0 and nothing pending; what comes is logged, as
 * by irq_log_begin(). irq_log_close() leaves it as apic_stop() does.
 */
void irq_log_open(void (*then)(unsigned int vector));
void irq_log_close(void);

/*
 * With interrupts on until there are `count` of them; false: patience ended,
 * and the CPU was there to look thousands of times.
 */
bool irq_log_wait(uint32_t count, uint64_t patience_cycles);

#endif
