/*
 * Leaving long mode and coming back: 32-bit protected mode with the paging
 * that the caller wants, real mode, and long mode with other tables.
 *
 * Code of such a mode is given as the address of instructions that the
 * assembler made for it (.code32, .code16) and that return by RET; it may
 * change any register but ESP and EBP. Interrupts are off. An exception there
 * is a value, too: it is kept in mode_fault, and execution goes on at
 * mode_resume, which the code sets beforehand. Selectors are in layout.h. Not
 * from CPL3, and not with PCIDs or protection keys enabled.
 */
#ifndef VMGAUGE_MODES_H
#define VMGAUGE_MODES_H

#include <stdint.h>

#include "layout.h"

struct mode_fault {			/* a vector of NO_FAULT: there was none */
	uint32_t vector, error_code, eip, cs, eflags, cr2, count;
};

struct tss32 {
	uint32_t link, esp0, ss0, esp1, ss1, esp2, ss2, cr3, eip, eflags;
	uint32_t eax, ecx, edx, ebx, esp, ebp, esi, edi;
	uint32_t es, cs, ss, ds, fs, gs, ldt, trap_iomap;
};

struct real_fault {			/* `resume` is the code's, an offset */
	uint32_t vector, ip, count, resume;
};

extern volatile struct mode_fault mode_fault;
extern volatile uint32_t mode_resume;
extern volatile uint32_t mode_vm86_esp;	/* ... of who went to VM86 by IRET */
/*
 * Four PDPTEs of PAE paging, mapped where they lie, or 0: their bit 5 is
 * cleared as the last thing before their paging ends. It is reserved, yet QEMU
 * sets it as if it were an accessed flag, and a hypervisor that emulates the
 * MOV to CR0 on the way back walks the tables, and finds a reserved bit set.
 */
extern volatile uint32_t mode_pdpt;
extern struct tss32 mode_tss[2];

static inline volatile struct real_fault *real_fault(void)
{
	return (volatile struct real_fault *)(uintptr_t)(REAL_GPA + REAL_FAULT);
}

/*
 * In 32-bit protected mode, with CR0.PG and WP as in `cr0`, that CR4, and CR3.
 * What the code leaves in EAX is returned. PAE is what CR4 says.
 */
uint32_t mode32_call(const void *code, uint32_t cr0, uint32_t cr3,
		     uint32_t cr4);

/* In real mode, all segments at REAL_GPA, after `bytes` were copied there. */
uint32_t real_call(const void *code, uint32_t bytes);

/* In long mode with that CR3 and CR4, such as LA57: fn() is called there. */
void mode64_call(void (*fn)(void), uint32_t cr3, uint32_t cr4);

/*
 * The address of such instructions, from the label 1 on, which this puts in
 * the middle of the caller; a RET follows them. Inputs of the text are %1 on.
 */
#define CODE32(begin, insns, ...)					\
	__asm__ volatile("lea 1f(%%rip), %0\n\tjmp 2f\n\t.code32\n\t"	\
			 "1:\n\t" insns "\n\tret\n\t.code64\n\t2:"	\
			 : "=&r"(begin) : __VA_ARGS__)

/* CR0 without paging; with it, CR0_PG and CR0_WP are the caller's to add. */
#define MODE_CR0	(CR0_PE | CR0_NE | 0x10)

#endif
