/*
 * Where the image begins: a direct long-mode entry, and the 32-bit entry of
 * the PVH and Multiboot protocols.
 *
 * Both lead to long_mode_start with paging on. Tables that the CPU reads
 * (page tables, IDT, GDT) are made by the assembler and the linker: a host
 * that interprets ring 0 takes microseconds for each instruction, so boot
 * code is the wrong place for loops.
 */
#include "layout.h"

	/* PVH: "enter me at this 32-bit physical address". */
	.section .note.Xen, "a", @note
	.align 4
	.long 4, 4, 18			/* name, desc, XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz "Xen"
	.long boot_start

	/* Ours: "enter me here in a plain process", see ABI_NOTE_PROCESS. */
	.align 4
	.long 8, 4, ABI_NOTE_PROCESS
	.asciz "vmgauge"
	.long process_start
	.align 4
	.long 8, 4, ABI_NOTE_CPU
	.asciz "vmgauge"
	.long cpu_start

	/*
	 * Multiboot 2, for GRUB on machines of any kind: enter at an address,
	 * since the entry of the ELF file is for long mode.
	 */
	.section .multiboot2, "a"
	.balign 8
multiboot2:
	.long 0xe85250d6, 0, multiboot2_end - multiboot2
	.long -(0xe85250d6 + (multiboot2_end - multiboot2))
	.word 3, 0			/* entry address */
	.long 12, boot_start
	.balign 8
	.word 0, 0			/* end of tags */
	.long 8
multiboot2_end:

	/*
	 * Multiboot 1, only in the 32-bit copy of the image: QEMU refuses a
	 * 64-bit one with this header. Pages aligned, no more is asked.
	 */
	.section .multiboot1, "a"
	.balign 4
	.long 0x1badb002, 1, -(0x1badb002 + 1)

	.section .text.entry, "ax"
	.code64
	.globl image_start
image_start:				/* %rdi: GPA of the mailbox */
	mov $pml4, %eax
	mov %rax, %cr3

long_mode_start:
	lgdt gdt_pointer
	lidt idt_pointer
	mov $cpu0 + CPU_STACK_TOP, %rsp
	pushq $SEL_KCODE
	pushq $1f
	lretq
1:	mov $SEL_KDATA, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	xor %eax, %eax
	mov %eax, %fs
	mov %eax, %gs
	movb $0x89, gdt_tss + 5		/* not busy, when we start again */
	mov $tss, %eax			/* descriptor: base, then load */
	mov %ax, gdt_tss + 2
	shr $16, %eax
	mov %al, gdt_tss + 4
	mov %ah, gdt_tss + 7
	mov $SEL_TSS, %eax
	ltr %ax
	xor %ebp, %ebp
	call guest_main
	ud2

/*
 * Any other CPU, in long mode. %rdi: its area, which the first CPU has made
 * (cpu_area_make()).
 */
	.globl cpu_start
cpu_start:
	mov $pml4, %eax
	mov %rax, %cr3
	lgdt CPU_GDT_POINTER(%rdi)
	lidt idt_pointer
	lea CPU_STACK_TOP(%rdi), %rsp
	pushq $SEL_KCODE
	pushq $1f
	lretq
1:	mov $SEL_KDATA, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	xor %eax, %eax
	mov %eax, %fs
	mov %eax, %gs
	movb $0x89, CPU_GDT + SEL_TSS + 5(%rdi)	/* not busy, if started again */
	mov $SEL_TSS, %eax
	ltr %ax
	xor %ebp, %ebp
	call smp_secondary_main
	ud2

	.globl image_again
image_again:				/* machine_restart(): as unattended */
	xor %edi, %edi
	jmp image_start

	.code32
	.globl boot_start
boot_start:				/* %ebx: GPA of the loader's facts */
	cld
	mov %eax, boot_magic
	mov %ebx, boot_info_gpa
	mov $pml4, %eax
	mov %eax, %cr3
	mov %cr4, %eax
	or $CR4_PAE_BIT, %eax
	mov %eax, %cr4
	mov $MSR_EFER_INDEX, %ecx
	rdmsr
	or $EFER_LME_BIT, %eax
	wrmsr
	mov %cr0, %eax
	or $CR0_PG_PE_BITS, %eax
	mov %eax, %cr0
	lgdt gdt_pointer
	ljmp $SEL_KCODE, $boot_long_mode

	.code64
boot_long_mode:
	xor %edi, %edi			/* no mailbox: serial transport */
	jmp long_mode_start

/*
 * void ring3_call(void (*fn)(void)): leave by IRETQ, come back by a UD2 that
 * the exception handler knows by its address. A gate for INT n would be the
 * textbook's way, but KVM without hardware assistance cannot run INT n at
 * CPL3; exceptions work everywhere. What ring 0 was doing waits in struct cpu.
 */
	.text
	.globl ring3_call
ring3_call:
	cmpb $0, in_process
	jne already_ring3
	pushfq				/* whether interrupts are on */
	push %rbx
	push %rbp
	push %r12
	push %r13
	push %r14
	push %r15
	mov %rsp, %rax
	and $-CPU_AREA_BYTES, %rax
	mov %rsp, CPU_RING3_RSP(%rax)
	add $CPU_USER_TOP, %rax
	pushq $SEL_UDATA | 3
	push %rax
	pushfq
	pushq $SEL_UCODE | 3
	pushq $1f
	iretq
1:	call *%rdi
	.globl ring3_leave
ring3_leave:
	ud2

	.globl ring3_return
ring3_return:			/* on any CPL0 stack; never returns */
	mov $SEL_KDATA, %eax
	mov %eax, %ss
	mov %rsp, %rax
	and $-CPU_AREA_BYTES, %rax
	mov CPU_RING3_RSP(%rax), %rsp
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbp
	pop %rbx
	popfq
	ret

/*
 * A plain process: it is at CPL3 and stays there, and what an exception
 * handler does here, a signal handler of the host's program does there. It
 * is given fault_excuse() for that. %rdi: the mailbox, %rsi: where to put it.
 */
	.globl process_start
process_start:
	movq $fault_excuse, (%rsi)
	movb $1, in_process
	mov $cpu0 + CPU_USER_TOP, %rsp
	xor %ebp, %ebp
	call guest_main
	ud2

already_ring3:
	jmp *%rdi

/*
 * Exception stubs. Each is STUB_BYTES long, so that the linker can compute
 * gate addresses; they live at the start of the image because a gate holds
 * only 16 bits of the offset in a field that a relocation can fill.
 */
	.section .text.stubs, "ax"
	.balign STUB_BYTES
	.globl fault_stubs
fault_stubs:
	.set vector, 0
	.rept 256
	.balign STUB_BYTES
	.if (vector == 8) || (vector == 17) || (vector == 21) || \
	    (vector >= 10 && vector <= 14) || (vector == 29) || (vector == 30)
	.else
	pushq $0
	.endif
	pushq $vector
	jmp fault_common
	.set vector, vector + 1
	.endr
	.balign STUB_BYTES
fault_common:				/* struct trap_frame of fault.c */
	push %rax
	push %rcx
	push %rdx
	push %rbx
	push %rbp
	push %rsi
	push %rdi
	push %r8
	push %r9
	push %r10
	push %r11
	push %r12
	push %r13
	push %r14
	push %r15
	cld
	mov %rsp, %rdi
	call fault_handle
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %r11
	pop %r10
	pop %r9
	pop %r8
	pop %rdi
	pop %rsi
	pop %rbp
	pop %rbx
	pop %rdx
	pop %rcx
	pop %rax
	add $16, %rsp
	iretq

	.macro GATE stub, dpl, ist
	.word \stub - IMAGE_BASE, SEL_KCODE
	.byte \ist, 0x8e | (\dpl << 5)
	.word IMAGE_BASE >> 16
	.long 0, 0
	.endm

	.data
	.balign 16
	.globl idt
idt:				/* but for the last: what is beyond is a #GP */
	.set vector, 0
	.rept 255
	/* #BP and #OF from CPL3 are the program's right: DPL 3. */
	.if vector == 8 || vector == 2
	GATE (fault_stubs + vector * STUB_BYTES), 0, 1
	.elseif vector == 3 || vector == 4
	GATE (fault_stubs + vector * STUB_BYTES), 3, 0
	.else
	GATE (fault_stubs + vector * STUB_BYTES), 0, 0
	.endif
	.set vector, vector + 1
	.endr
idt_end:

	.balign 8
	.globl gdt
gdt:
	.quad 0
	.quad 0x00af9b000000ffff	/* SEL_KCODE: 64-bit, DPL 0 */
	.quad 0x00cf93000000ffff	/* SEL_KDATA */
	.quad 0x00cffb000000ffff	/* SEL_UCODE32 */
	.quad 0x00cff3000000ffff	/* SEL_UDATA */
	.quad 0x00affb000000ffff	/* SEL_UCODE: 64-bit, DPL 3 */
gdt_tss:
	.word TSS_BYTES - 1, 0
	.byte 0, 0x89, 0, 0
	.quad 0
gdt_end:

	.balign 8
	.globl gdt_pointer, idt_pointer
gdt_pointer:
	.word gdt_end - gdt - 1
	.quad gdt
idt_pointer:
	.word idt_end - idt - 1
	.quad idt

/* A TSS whose port bitmap allows all; the last byte must be ones. */
	.balign 16
	.globl tss
tss:	.long 0
	.quad cpu0 + CPU_TRAP_TOP, 0, 0	/* RSP0 to RSP2 */
	.quad 0
	.quad cpu0 + CPU_IST_TOP	/* IST1: #DF and NMI */
	.fill 6, 8, 0
	.quad 0
	.word 0, TSS_IOMAP
	.fill 8192, 1, 0
	.byte 0xff
tss_end:
	.if (tss_end - tss) != TSS_BYTES
	.error "the TSS is not as long as its descriptor says"
	.endif

/* Identity map of the first 4 GiB by 2 MiB pages, all for CPL3 as well. */
	.balign 4096
	.globl pml4
pml4:	.quad pdpt + PTE_TABLE
	.fill 511, 8, 0
pdpt:	.quad pd + PTE_TABLE, pd + 0x1000 + PTE_TABLE
	.quad pd + 0x2000 + PTE_TABLE, pd + 0x3000 + PTE_TABLE
	.fill 508, 8, 0
pd:
	.set gpa, 0
	.rept 2048
	.quad gpa + PTE_LEAF_2M
	.set gpa, gpa + 0x200000
	.endr

	/* What machine_restart() must not clear. */
	.section .keep, "aw", @nobits
	.globl boot_magic, boot_info_gpa
boot_magic:
	.skip 8
boot_info_gpa:
	.skip 8
	.globl in_process
in_process:
	.skip 8

	.section .note.GNU-stack, "", @progbits
