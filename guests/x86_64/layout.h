/*
 * Numbers that the assembler, the linker script and C share in the image.
 */
#ifndef VMGAUGE_LAYOUT_H
#define VMGAUGE_LAYOUT_H

#define IMAGE_BASE		0x100000

/* Types of the ELF note "vmgauge", whose value is an entry point. */
#define ABI_NOTE_PROCESS	1	/* for a plain process */
#define ABI_NOTE_CPU		2	/* for a CPU that is not the first */

/* A page of low memory that nobody else has: a SIPI's vector is its number. */
#define TRAMPOLINE_GPA		0x20000

#define SEL_KCODE		0x08
#define SEL_KDATA		0x10
#define SEL_UCODE32		0x18
#define SEL_UDATA		0x20
#define SEL_UCODE		0x28
#define SEL_TSS			0x30

/*
 * modes.h: selectors of the GDT that is loaded out of long mode, where those
 * above hold too.
 */
#define SEL_CODE32	0x40
#define SEL_DATA32	0x48
#define SEL_CODE16	0x50		/* base REAL_GPA, 64 KiB */
#define SEL_DATA16	0x58
#define SEL_TSS32	0x60		/* of the CPU while it is in there */
#define SEL_TSS32_OTHER	0x68		/* another task's: mode_tss[1] */
#define SEL_TASK_GATE	0x70		/* to that one */

/* Of 64 KiB in low memory that nobody else has: code goes to its start. */
#define REAL_GPA	0x30000
#define REAL_CODE_MAX	0x4000
#define REAL_FAULT	0x5000		/* struct real_fault, by its offset */

#define STUB_BYTES		16

/*
 * Each CPU's own memory: struct cpu (cpus.h), its TSS and GDT, and all of its
 * stacks, so that any stack pointer leads to it: it is aligned to its size.
 */
#define CPU_AREA_BYTES		0x10000
#define CPU_RING3_RSP		0		/* first of struct cpu */
#define CPU_TSS			0x1000
#define CPU_GDT			0x3800
#define CPU_GDT_POINTER		0x3900
#define CPU_STACK_TOP		0x8000
#define CPU_TRAP_TOP		0xa000
#define CPU_IST_TOP		0xc000
#define CPU_USER_TOP		0xf000

#define TSS_IOMAP		104
#define TSS_BYTES		(TSS_IOMAP + 8192 + 1)

#define PTE_TABLE		0x07		/* present, writable, user */
#define PTE_LEAF_2M		0x87		/* the same, and large */

#define CR4_PAE_BIT		0x20
#define CR0_PG_PE_BITS		0x80000001
#define CR0_CPU_BITS		0x80000031	/* PG, NE, ET, PE */
#define EFER_LME_BIT		0x100
#define MSR_EFER_INDEX		0xc0000080

#endif
