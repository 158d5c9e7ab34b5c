/*
 * Starting a CPU as a machine's firmware and kernel do: INIT, and a SIPI that
 * names the page where it begins in real mode.
 *
 * By the xAPIC, at CPL0. The image's own way is quicker and needs no APIC: the
 * host makes a vCPU's state (smp.h); a bench asks for this by .sipi.
 */
#ifndef VMGAUGE_SIPI_H
#define VMGAUGE_SIPI_H

#include <stdint.h>

/* Once, before the first SIPI: the trampoline below 1 MiB, and the APIC on. */
void sipi_prepare(void);

/* Of a CPU by its APIC's ID, which is its index: it waits for a SIPI then. */
void init_send(uint32_t id);
/* ... and goes to its area's gate. Nothing where it does not wait. */
void sipi_send(uint32_t id);

#endif
