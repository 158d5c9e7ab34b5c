/*
 * The log of interrupts; see irq_log.h.
 */
#include <stddef.h>

#include "apic.h"
#include "fault.h"
#include "irq.h"
#include "irq_log.h"

#define LOOKS_LEAST	4096u

struct irq_log irq_log;
static void (*log_then)(unsigned int vector);

static void log_add(unsigned int vector)
{
	uint32_t n = irq_log.count;

	/* An APIC may send that one whenever it likes; it takes no EOI. */
	if (vector == SPURIOUS_VECTOR)
		return;
	if (n < IRQ_LOG_MAX)
		irq_log.vector[n] = (uint8_t)vector;
	irq_log.count = n + 1;
	if (log_then)
		log_then(vector);
	else if (vector != VEC_NMI)
		xapic_write(APIC_EOI, 0);
}

void irq_log_begin(void (*then)(unsigned int vector))
{
	irq_log.count = 0;
	log_then = then;
	interrupt_hook = log_add;
}

void irq_log_end(void)
{
	interrupt_hook = NULL;
}

/* What an item before left in service, or waiting, is not ours. */
static void apic_drain(void)
{
	for (int i = 0; i < 8; i++)
		irq_window();
	for (int i = 0; i < 16; i++)
		xapic_write(APIC_EOI, 0);
}

void irq_log_open(void (*then)(unsigned int vector))
{
	irq_log_begin(NULL);
	xapic_start();
	xapic_write(APIC_TPR, 0);
	apic_drain();
	irq_log_begin(then);
}

void irq_log_close(void)
{
	irq_disable();
	xapic_write(APIC_TPR, 0);
	irq_log_begin(NULL);
	apic_drain();
	apic_stop();
	irq_log_end();
}

bool irq_log_wait(uint32_t count, uint64_t patience_cycles)
{
	uint64_t begin = tsc_read(), looks = 0;

	/* On all the while: some hosts see no window of one instruction. */
	irq_enable();
	/* Time alone ends it on a busy host before there was a CPU to look. */
	while (irq_log.count < count && (looks++ < LOOKS_LEAST ||
	       tsc_read() - begin < patience_cycles))
		;
	irq_disable();
	return irq_log.count >= count;
}
