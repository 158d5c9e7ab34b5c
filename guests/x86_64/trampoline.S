/*
 * Where a CPU begins after INIT and SIPI: in real mode, on a page below 1 MiB
 * to which the first CPU has copied this, straight into long mode.
 *
 * No stop in protected mode: PE and PG may be set at once where CR3, PAE and
 * LME are there. It then has the registers of a CPU that the host starts, and
 * goes the same way (cpu_start).
 */
#include "layout.h"

	.section .rodata
	.globl trampoline_begin, trampoline_end
	.code16
trampoline_begin:			/* CS is the page, and IP is 0 */
	cli
	mov %cs, %ax
	mov %ax, %ds
	lgdtl trampoline_gdt - trampoline_begin
	mov $CR4_PAE_BIT, %eax
	mov %eax, %cr4
	mov $pml4, %eax
	mov %eax, %cr3
	mov $MSR_EFER_INDEX, %ecx
	mov $EFER_LME_BIT, %eax
	xor %edx, %edx
	wrmsr
	mov $CR0_CPU_BITS, %eax		/* INIT leaves the caches off */
	mov %eax, %cr0
	ljmpl $SEL_KCODE, $trampoline_long_mode

	.balign 4
trampoline_gdt:				/* as far as it is needed */
	.word SEL_UCODE32 - 1
	.long gdt
trampoline_end:

	.text
	.code64
trampoline_long_mode:			/* its APIC's ID leads to its area */
	mov trampoline_leaf, %eax
	mov %eax, %esi
	xor %ecx, %ecx
	cpuid
	cmp $1, %esi
	jne 1f
	shr $24, %ebx
	mov %ebx, %edx
1:	imul $CPU_AREA_BYTES, %rdx, %rdi
	add trampoline_areas, %rdi
	jmp cpu_start

	.section .note.GNU-stack, "", @progbits
