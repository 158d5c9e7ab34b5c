/*
 * What guest.S and machine.c share: a guest that does nothing but run trials.
 *
 * The host makes its tables and asks for a batch by the two ends of an array of
 * pairs of struct cpu_state, in and out; a bell says that all have run. Page 0
 * is not mapped, as in a process. Selectors are Linux's, since they are values.
 */
#ifndef VMGAUGE_DIFFER_GUEST_H
#define VMGAUGE_DIFFER_GUEST_H

#define GUEST_PML4		0x1000
#define GUEST_PDPT		0x2000
#define GUEST_PD		0x3000
#define GUEST_PT_LOW		0x4000
#define GUEST_PT_ARENA		0x5000
#define GUEST_GDT		0x6000
#define GUEST_TSS		0x6800
#define GUEST_IDT		0x7000
#define GUEST_ASKED		0x8000	/* struct guest_asked of machine.c */
#define GUEST_CODE		0x9000
#define GUEST_CODE_BYTES	0x3000
#define GUEST_STACK_TOP		0xe000
#define GUEST_STATES		0x100000

#define GUEST_KCODE		0x10
#define GUEST_KDATA		0x18
#define GUEST_UDATA		0x2b
#define GUEST_UCODE		0x33
#define GUEST_TR		0x40

#define GUEST_STUB_BYTES	16

#define GUEST_PORT		0x5600
#define GUEST_BELL_DONE		1
#define GUEST_BELL_BROKEN	2	/* its own code faulted */

/* Offsets in struct guest_asked. */
#define ASKED_CURRENT		0x00
#define ASKED_END		0x08
#define ASKED_PHASE		0x10
#define ASKED_CS		0x18
#define ASKED_SS		0x20
#define ASKED_XSTATE		0x28

/* Offsets in struct cpu_state. */
#define STATE_RAX		0x00
#define STATE_RCX		0x08
#define STATE_RDX		0x10
#define STATE_RBX		0x18
#define STATE_RSP		0x20
#define STATE_RBP		0x28
#define STATE_RSI		0x30
#define STATE_RDI		0x38
#define STATE_R8		0x40
#define STATE_R15		0x78
#define STATE_RIP		0x80
#define STATE_RFLAGS		0x88
#define STATE_VECTOR		0x90
#define STATE_ERROR		0x98
#define STATE_CR2		0xa0
#define STATE_XSAVE		0xc0
#define STATE_BYTES		0x400

#endif
