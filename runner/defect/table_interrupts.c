/*
 * Fidelity: interrupts that a misbehaving VMM drops, doubles, delays or
 * delivers as others. The vectors are those that probes send themselves.
 */
#include "defect/part.h"
#include "defect/table.h"

#define VECTOR_IPI	0x52
#define VECTOR_TIMER	0x81
#define VECTOR_NMI	2

#define DROPPED(v)	.on = ON_EXCEPTION, .vector = (v), .act = ACT_SKIP
#define DOUBLED(v)	.on = ON_EXCEPTION, .vector = (v), .fn = interrupt_repeat
#define LATE(v)		DROPPED(v), .fn = interrupt_put_off

const struct defect defects_of_interrupts[] = {
	{ FIDELITY, .name = "ipi_dropped",
	  .does = "an IPI of vector 52H is never delivered",
	  .breaks = "an IPI to itself arrives",
	  DROPPED(VECTOR_IPI) },
	{ FIDELITY, .name = "ipi_doubled",
	  .does = "an IPI of vector 52H is delivered twice",
	  .breaks = "each IPI that was sent arrives once",
	  DOUBLED(VECTOR_IPI) },
	{ FIDELITY, .name = "ipi_late",
	  .does = "an IPI of vector 52H comes after the next access to a port only",
	  .breaks = "a pending interrupt is taken as soon as it may be",
	  LATE(VECTOR_IPI) },
	{ FIDELITY, .name = "ipi_as_another",
	  .does = "an IPI of vector 52H is delivered as 53H",
	  .breaks = "an IPI arrives by the vector that was sent",
	  .on = ON_EXCEPTION, .vector = VECTOR_IPI, .act = ACT_DELIVER,
	  .as = VECTOR_IPI + 1 },
	{ FIDELITY, .name = "ipi_changes_flags",
	  .does = "an IPI of vector 52H turns the carry of what it interrupts",
	  .breaks = "an interrupt changes nothing of the interrupted program",
	  FRAME(VECTOR_IPI, FLAGS, 0, 1) },
	{ FIDELITY, .name = "timer_dropped",
	  .does = "the APIC timer's interrupt is never delivered",
	  .breaks = "the APIC timer interrupts when it reaches 0",
	  DROPPED(VECTOR_TIMER) },
	{ FIDELITY, .name = "timer_doubled",
	  .does = "the APIC timer's interrupt is delivered twice",
	  .breaks = "a one-shot APIC timer interrupts once",
	  DOUBLED(VECTOR_TIMER) },
	{ FIDELITY, .name = "timer_late",
	  .does = "the APIC timer's interrupt waits for the next access to a port",
	  .breaks = "the APIC timer interrupts when it reaches 0",
	  LATE(VECTOR_TIMER) },
	{ FIDELITY, .name = "nmi_dropped",
	  .does = "an NMI is never delivered",
	  .breaks = "an NMI by IPI comes with interrupts off",
	  DROPPED(VECTOR_NMI) },
	{ FIDELITY, .name = "nmi_doubled",
	  .does = "an NMI is delivered twice",
	  .breaks = "each NMI by IPI comes once",
	  DOUBLED(VECTOR_NMI) },
	{ FIDELITY, .name = "wire_lost",
	  .does = "a wire of the I/O APIC is never raised",
	  .breaks = "a level of the I/O APIC interrupts by its entry",
	  .on = ON_WIRE, .level = 1 },
	{ FIDELITY, .name = "wire_stuck",
	  .does = "a wire of the I/O APIC that was raised stays so",
	  .breaks = "a level that is lowered interrupts no more after its EOI",
	  .on = ON_WIRE, .level = 0 },
	{ 0 },
};
