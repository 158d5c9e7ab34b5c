/*
 * Gates; see irq.h. The handlers are in irq_handlers.S.
 */
#include <stdbool.h>
#include <stddef.h>

#include "guest.h"
#include "irq.h"
#include "layout.h"

struct gate {
	uint16_t offset_low;
	uint16_t selector;
	uint8_t ist;
	uint8_t type;
	uint16_t offset_middle;
	uint32_t offset_high;
	uint32_t reserved;
};

extern struct gate idt[];			/* entry.S */
extern const uint8_t fault_stubs[];
extern uint64_t irq_invlpg_gva;			/* irq_handlers.S */

_Static_assert(offsetof(struct cpu, own[IRQ_OWN_COUNT]) == 0xc0 &&
	       offsetof(struct cpu, own[IRQ_OWN_TSC]) == 0xc8,
	       "as irq_handlers.S has it");

static void gate_point(unsigned int vector, uint64_t to)
{
	idt[vector].offset_low = (uint16_t)to;
	idt[vector].offset_middle = (uint16_t)(to >> 16);
	idt[vector].offset_high = (uint32_t)(to >> 32);
}

void irq_install(unsigned int vector, irq_handler *handler)
{
	gate_point(vector, (uint64_t)handler);
}

void irq_uninstall(unsigned int vector)
{
	gate_point(vector, (uint64_t)fault_stubs + vector * STUB_BYTES);
}

void irq_invlpg_set(uint64_t gva)
{
	irq_invlpg_gva = gva;
}

bool irq_wait(uint64_t before)
{
	uint64_t begin = tsc_read();

	while (*irq_counter(cpu_self()) == before)
		if (tsc_read() - begin > IRQ_PATIENCE_CYCLES)
			return false;
	return true;
}
