/*
 * The guest that runs trials, as the host makes it; machine.c runs it.
 */
#ifndef VMGAUGE_DIFFER_MACHINE_H
#define VMGAUGE_DIFFER_MACHINE_H

#include "differ/guest.h"
#include "differ/trial.h"
#include "kvm/vm.h"

#define GUEST_RAM_BYTES	0x200000u
#define DATA_BYTES	(DIFFER_SLOTS * 0x2000u)
#define REST_GPA	(DIFFER_VA + 0x100000)		/* stack and code */
#define REST_BYTES	(DIFFER_ARENA_BYTES - 0x100000)

/* Tables and code into its memory; then registers, with XCR0 if `osxsave`. */
void guest_write(uint8_t *ram);
int guest_enter(struct vcpu *v, uint32_t xstate, bool osxsave,
		struct error *e);

/*
 * Of x87, SSE and AVX, what XSAVE saves in a guest: as CPUID says (0: there is
 * no XSAVE), and where CPL3 is not virtualised at all.
 */
uint32_t xstate_find(const struct kvm_cpuid2 *cpuid);
uint32_t xstate_native(void);

#endif
