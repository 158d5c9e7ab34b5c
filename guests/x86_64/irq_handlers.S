/*
 * Interrupt handlers; see irq.h. By hand, so that every compiler's image has
 * the same: where CPL0 is interpreted each instruction counts.
 *
 * What interrupts a CPU at CPL0 goes on with its stack, and at CPL3 with that
 * of its TSS: either leads to its area.
 */
#include "layout.h"

/* Of struct cpu: own[IRQ_OWN_COUNT] and own[IRQ_OWN_TSC]; irq.c checks it. */
#define CPU_IRQ_COUNT	0xc0
#define CPU_IRQ_TSC	0xc8

#define XAPIC_EOI	0xfee000b0
#define X2APIC_EOI	0x80b

	.macro BEGIN
	push %rdx
	push %rax
	.endm

	.macro END
	pop %rax
	pop %rdx
	iretq
	.endm

	/* What would have ended the HLT came before it: then there is none. */
	.macro HALT_END
	cmpq $irq_halt_hlt, 16(%rsp)
	jne 1f
	incq 16(%rsp)
1:
	.endm

	.macro COUNT
	mov %rsp, %rax
	and $-CPU_AREA_BYTES, %rax
	incq CPU_IRQ_COUNT(%rax)
	.endm

	.macro STAMP			/* as tsc_read() */
	lfence
	rdtsc
	lfence
	shl $32, %rdx
	or %rax, %rdx
	mov %rsp, %rax
	and $-CPU_AREA_BYTES, %rax
	mov %rdx, CPU_IRQ_TSC(%rax)
	.endm

	.macro EOI_XAPIC
	xor %eax, %eax
	mov $XAPIC_EOI, %edx
	mov %eax, (%rdx)
	.endm

	.macro EOI_X2APIC
	push %rcx
	mov $X2APIC_EOI, %ecx
	xor %eax, %eax
	xor %edx, %edx
	wrmsr
	pop %rcx
	.endm

	.text
	.globl irq_count
irq_count:
	BEGIN
	COUNT
	END

	.globl irq_count_xapic
irq_count_xapic:
	BEGIN
	HALT_END
	COUNT
	EOI_XAPIC
	END

	.globl irq_count_x2apic
irq_count_x2apic:
	BEGIN
	HALT_END
	COUNT
	EOI_X2APIC
	END

	.globl irq_quiet_xapic
irq_quiet_xapic:
	BEGIN
	HALT_END
	EOI_XAPIC
	END

	.globl irq_quiet_x2apic
irq_quiet_x2apic:
	BEGIN
	HALT_END
	EOI_X2APIC
	END

	.globl irq_stamp_xapic
irq_stamp_xapic:
	BEGIN
	STAMP
	HALT_END
	COUNT
	EOI_XAPIC
	END

	.globl irq_invlpg_x2apic
irq_invlpg_x2apic:
	BEGIN
	mov irq_invlpg_gva, %rdx
	invlpg (%rdx)
	HALT_END
	COUNT
	mov (%rdx), %rax
	EOI_X2APIC
	END

	.globl irq_halt
irq_halt:
	sti
irq_halt_hlt:
	hlt
	cli
	ret

	.bss
	.balign 8
	.globl irq_invlpg_gva
irq_invlpg_gva:
	.skip 8

	.section .note.GNU-stack, "", @progbits
