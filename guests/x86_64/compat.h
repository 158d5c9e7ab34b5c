/*
 * Compatibility mode: 32-bit code inside of 64-bit mode, at any CPL.
 *
 * compat_safe(SNIPPET32("insn")) is asm_safe() for one or more 32-bit
 * instructions; `compat` has their EAX, EBX, ECX, EDX, ESI, EDI before and
 * after, and EFLAGS after. DS and ES are the flat data segment of that CPL;
 * the stack is the caller's. compat_cs is the 32-bit code segment, and
 * compat_ds the data segment where it is not 0.
 */
#ifndef VMGAUGE_COMPAT_H
#define VMGAUGE_COMPAT_H

#include <stdint.h>

#include "fault.h"

struct compat_registers {
	uint32_t eax, ebx, ecx, edx, esi, edi, eflags;
};

extern struct compat_registers compat;
extern uint32_t compat_cs, compat_ds;

/* At CPL0: a 32-bit code segment of DPL 0, and compat_cs is it. */
void compat_prepare_cpl0(void);
/* For .skip: as above when the probe is to run at CPL0; never a reason. */
const char *compat_prepare(void);

void compat_call(uint64_t code);

#define SNIPPET32(insn)							\
	({								\
		uint64_t at_;						\
									\
		__asm__ volatile("lea 660f(%%rip), %0\n\tjmp 663f\n\t"	\
				 ".code32\n660:\n661:\n\t" insn		\
				 "\n662:\n\tret\n\t.code64\n663:"	\
				 EX_TABLE : "=r"(at_));			\
		at_;							\
	})

static inline unsigned int compat_safe(uint64_t code)
{
	fault_arm();
	compat_call(code);
	return fault_vector();
}

#endif
