/*
 * Out of long mode and back; see modes.h.
 *
 * The way out is the manual's: compatibility mode, paging off, LME off, and
 * only then CR4 and CR3. What long mode was doing waits in `saved`.
 */
#include "layout.h"

#define CR0_PE_BIT	1
#define CR0_PG_BIT	0x80000000
#define EFER_LMA_BIT	0x400
#define PTE_A		0x20

	.text
	.code64
	.globl mode32_call
mode32_call:				/* edi: code, esi: CR0, edx: CR3, ecx: CR4 */
	mov %edi, wanted_code
	mov %esi, wanted_cr0
	mov %edx, wanted_cr3
	mov %ecx, wanted_cr4
	lea call_wanted(%rip), %eax
leave_long_mode:			/* eax: where to go on, in 32 bits */
	push %rbx
	push %rbp
	push %r12
	push %r13
	push %r14
	push %r15
	pushfq
	mov %rsp, saved_rsp
	mov %eax, go_on
	mov %cr3, %rax
	mov %rax, saved_cr3
	mov %cr4, %rax
	mov %rax, saved_cr4
	mov %cr0, %rax
	mov %rax, saved_cr0
	mov $MSR_EFER_INDEX, %ecx
	rdmsr
	mov %eax, saved_efer
	movl $256, mode_fault
	movl $0, mode_fault + 24
	movb $0x89, mode_gdt + SEL_TSS32 + 5
	lgdt mode_gdt_pointer
	lidt mode_idt_pointer
	pushq $SEL_CODE32
	pushq $1f
	lretq

	.code32
1:	mov $SEL_DATA32, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	mov $mode_stack_top, %esp
	mov %cr0, %eax
	and $~CR0_PG_BIT, %eax
	mov %eax, %cr0
	mov $MSR_EFER_INDEX, %ecx
	rdmsr
	and $~EFER_LME_BIT, %eax
	wrmsr
	mov $SEL_TSS32, %eax
	ltr %ax
	xor %ebp, %ebp
	jmp *go_on

call_wanted:
	mov wanted_cr4, %eax
	mov %eax, %cr4
	mov wanted_cr3, %eax
	mov %eax, %cr3
	mov wanted_cr0, %eax
	mov %eax, %cr0
	call *wanted_code
	.globl mode32_return
mode32_return:				/* from anywhere in there; eax: result */
	mov %eax, result
	mov $mode_stack_top, %esp
	mov $SEL_DATA32, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
enter_long_mode:
	mov saved_cr0, %eax
	and $~CR0_PG_BIT, %eax
	mov mode_pdpt, %edx
	test %edx, %edx
	jz 1f
	andl $~PTE_A, (%edx)
	andl $~PTE_A, 8(%edx)
	andl $~PTE_A, 16(%edx)
	andl $~PTE_A, 24(%edx)
1:	mov %eax, %cr0
	mov saved_cr4, %eax
	mov %eax, %cr4
	mov saved_cr3, %eax
	mov %eax, %cr3
	mov $MSR_EFER_INDEX, %ecx
	xor %edx, %edx
	mov saved_efer, %eax
	and $~EFER_LMA_BIT, %eax	/* not for software to set */
	wrmsr
	mov saved_cr0, %eax
	mov %eax, %cr0
	ljmp $SEL_KCODE, $1f

	.code64
1:	mov saved_rsp, %rsp
	mov %rsp, %rax
	and $-CPU_AREA_BYTES, %rax
	lgdt gdt_pointer
	lidt idt_pointer
	mov $SEL_KDATA, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	xor %eax, %eax
	mov %eax, %fs
	mov %eax, %gs
	movb $0x89, gdt + SEL_TSS + 5
	mov $SEL_TSS, %eax
	ltr %ax
	popfq
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbp
	pop %rbx
	mov result, %eax
	ret

/* Long mode with other tables is two journeys: there, and back. */
	.globl mode64_call
mode64_call:				/* rdi: fn, esi: CR3, edx: CR4 */
	mov %rdi, %rax
	mov %cr3, %rcx
	push %rcx
	mov %cr4, %rcx
	push %rcx
	mov %esi, wanted_cr3
	mov %edx, wanted_cr4
	push %rax
	lea other_tables(%rip), %eax
	call leave_long_mode
	pop %rax
	call *%rax
	pop %rdx
	pop %rsi
	mov %esi, wanted_cr3
	mov %edx, wanted_cr4
	lea other_tables(%rip), %eax
	jmp leave_long_mode

	.code32
other_tables:				/* as if they had been there before */
	mov wanted_cr3, %eax
	mov %eax, saved_cr3
	mov wanted_cr4, %eax
	mov %eax, saved_cr4
	jmp mode32_return

/*
 * Exceptions in 32 bits: kept, and resumed at mode_resume; those of VM86 lead
 * out of it, to the same place.
 */
	.section .text.stubs, "ax"
	.set vector, 0
	.balign STUB_BYTES
stubs32:
	.rept 32
	.balign STUB_BYTES
	.if (vector == 8) || (vector >= 10 && vector <= 14) || (vector == 17)
	.else
	pushl $0
	.endif
	pushl $vector
	jmp fault32
	.set vector, vector + 1
	.endr
	.balign STUB_BYTES
fault32:				/* vector, code, eip, cs, eflags */
	push %eax
	push %ds
	mov $SEL_DATA32, %eax
	mov %eax, %ds
	mov 8(%esp), %eax
	mov %eax, mode_fault
	mov 12(%esp), %eax
	mov %eax, mode_fault + 4
	mov 16(%esp), %eax
	mov %eax, mode_fault + 8
	mov 20(%esp), %eax
	mov %eax, mode_fault + 12
	mov 24(%esp), %eax
	mov %eax, mode_fault + 16
	mov %cr2, %eax
	mov %eax, mode_fault + 20
	incl mode_fault + 24
	testl $0x20000, 24(%esp)
	jnz 2f
	pop %ds				/* not by IRET: some hosts have none here */
	pop %eax
	add $16, %esp
	popf
	jmp *mode_resume
2:	mov mode_vm86_esp, %esp		/* of whoever went there by IRET */
	mov $SEL_DATA32, %eax
	mov %eax, %es
	jmp *mode_resume

/*
 * Real mode. The code of the caller lies at the start of the segment, and
 * this, copied behind it, takes it there and back.
 */
	.text
	.code64
	.globl real_call
real_call:				/* rdi: code, esi: bytes */
	mov %esi, %ecx
	mov %rdi, %rsi
	mov $REAL_GPA, %edi
	cld
	rep movsb
	movl $256, REAL_GPA + REAL_FAULT
	movl $0, REAL_GPA + REAL_FAULT + 8
	mov $real_begin, %esi
	mov $REAL_GPA + REAL_CODE_MAX, %edi
	mov $real_end - real_begin, %ecx
	rep movsb
	lea to_real(%rip), %eax
	jmp leave_long_mode

	.code32
to_real:
	xor %eax, %eax
	mov %eax, %cr4
	lidt real_idt_pointer
	ljmp $SEL_CODE16, $real_protected - real_begin + REAL_CODE_MAX
from_real:
	mov $SEL_DATA32, %ecx
	mov %ecx, %ds
	lidt mode_idt_pointer
	jmp mode32_return

	.section .rodata
	.code16
	.balign 16
real_begin:
real_vectors:				/* 4 bytes each, at REAL_CODE_MAX */
	.set vector, 0
	.rept 32
	.word real_stubs - real_begin + REAL_CODE_MAX + 8 * vector
	.word REAL_GPA >> 4
	.set vector, vector + 1
	.endr
real_stubs:
	.set vector, 0
	.rept 32
	.balign 8
	pushw $vector
	jmp real_fault
	.set vector, vector + 1
	.endr
real_fault:				/* vector, ip, cs, flags */
	push %bp
	mov %sp, %bp
	push %eax
	push %ds
	mov %cs, %ax
	mov %ax, %ds
	movzwl 2(%bp), %eax
	mov %eax, REAL_FAULT
	movzwl 4(%bp), %eax
	mov %eax, REAL_FAULT + 4
	incl REAL_FAULT + 8
	mov REAL_FAULT + 12, %ax
	mov %ax, 4(%bp)
	pop %ds
	pop %eax
	pop %bp
	add $2, %sp
	iretw
real_protected:
	mov $SEL_DATA16, %ax
	mov %ax, %ds
	mov %ax, %es
	mov %ax, %ss
	mov %ax, %fs
	mov %ax, %gs
	mov %cr0, %eax
	and $~CR0_PE_BIT, %eax
	mov %eax, %cr0
	ljmp $REAL_GPA >> 4, $1f - real_begin + REAL_CODE_MAX
1:	mov $REAL_GPA >> 4, %ax
	mov %ax, %ds
	mov %ax, %es
	mov %ax, %ss
	mov %ax, %fs
	mov %ax, %gs
	mov $0xfff0, %esp
	xor %bx, %bx
	call *%bx
	mov %cr0, %ecx
	or $CR0_PE_BIT, %ecx
	mov %ecx, %cr0
	ljmpl $SEL_CODE32, $from_real
real_end:

	.section .text.stubs, "ax"	/* 16 bits of a descriptor reach it */
	.balign 16
	.globl mode_tss
mode_tss:
	.long 0, mode_tss_stack_top, SEL_DATA32
	.fill 104 - 12, 1, 0
mode_tss_other:
	.fill 104, 1, 0

	.data
	.macro GATE32 stub
	.word \stub - IMAGE_BASE, SEL_CODE32
	.word 0x8e00, IMAGE_BASE >> 16
	.endm

	.balign 8
mode_idt:
	.set vector, 0
	.rept 32
	GATE32 (stubs32 + vector * STUB_BYTES)
	.set vector, vector + 1
	.endr
mode_idt_end:

	.balign 8
mode_gdt:				/* as far as the TSS those of gdt */
	.quad 0
	.quad 0x00af9b000000ffff
	.quad 0x00cf93000000ffff
	.quad 0x00cffb000000ffff
	.quad 0x00cff3000000ffff
	.quad 0x00affb000000ffff
	.quad 0, 0
	.quad 0x00cf9b000000ffff	/* SEL_CODE32 */
	.quad 0x00cf93000000ffff	/* SEL_DATA32 */
	.word 0xffff, REAL_GPA & 0xffff	/* SEL_CODE16 */
	.byte REAL_GPA >> 16, 0x9b, 0, 0
	.word 0xffff, REAL_GPA & 0xffff	/* SEL_DATA16 */
	.byte REAL_GPA >> 16, 0x93, 0, 0
	.word 103, mode_tss - IMAGE_BASE	/* SEL_TSS32 */
	.byte IMAGE_BASE >> 16, 0x89, 0, 0
	.word 103, mode_tss_other - IMAGE_BASE	/* SEL_TSS32_OTHER */
	.byte IMAGE_BASE >> 16, 0x89, 0, 0
	.word 0, SEL_TSS32_OTHER	/* SEL_TASK_GATE */
	.byte 0, 0x85, 0, 0
mode_gdt_end:

mode_gdt_pointer:
	.word mode_gdt_end - mode_gdt - 1
	.quad mode_gdt
mode_idt_pointer:
	.word mode_idt_end - mode_idt - 1
	.quad mode_idt
real_idt_pointer:
	.word 32 * 4 - 1
	.quad REAL_GPA + REAL_CODE_MAX

	.bss
	.balign 16
	.globl mode_fault, mode_resume, mode_vm86_esp, mode_pdpt, mode_gdt
mode_fault:
	.skip 28
mode_resume:
	.skip 4
mode_vm86_esp:
	.skip 4
mode_pdpt:
	.skip 4
wanted_code:
	.skip 4
wanted_cr0:
	.skip 4
wanted_cr3:
	.skip 4
wanted_cr4:
	.skip 4
go_on:
	.skip 4
result:
	.skip 4
saved_efer:
	.skip 4
	.balign 8
saved_rsp:
	.skip 8
saved_cr0:
	.skip 8
saved_cr3:
	.skip 8
saved_cr4:
	.skip 8
	.balign 16
	.skip 4096
mode_stack_top:
	.skip 4096
mode_tss_stack_top:

	.section .note.GNU-stack, "", @progbits
