/*
 * Starting a CPU as a machine's firmware and kernel do: INIT, and a SIPI that
 * names the page where it begins in real mode.
 *
 * By the xAPIC, at CPL0. The image's own way is quicker and needs no APIC: the
 * host makes a vCPU's state (smp.h); a bench asks for this by .sipi.
 *
 * An xAPIC's command has 8 bits for an ID, and a CPU that has not started yet
 * is in no other mode. So all are started as the manual's initialisation of
 * multiple processors does it, by a shorthand that names nobody, and each finds
 * out who it is: by CPUID leaf 0BH, which tells all 32 bits of an ID in either
 * mode, where there is an x2APIC, and by leaf 1 where there is none and so no
 * ID above 255. Source: Intel SDM vol. 3A, MP Initialization Protocol Algorithm
 * for MP Systems; Local APIC ID; Determination of x2APIC ID.
 */
#ifndef VMGAUGE_SIPI_H
#define VMGAUGE_SIPI_H

#include <stdint.h>

/* Once, before the first SIPI: the trampoline below 1 MiB, and the APIC on. */
void sipi_prepare(void);

/* Both to all CPUs but this one: each goes to its area's gate. */
void others_start(void);

/*
 * Of a CPU by its APIC's ID, which is its index, up to 254: it waits for a
 * SIPI then.
 */
void init_send(uint32_t id);
/* ... and goes to its area's gate. Nothing where it does not wait. */
void sipi_send(uint32_t id);

#endif
