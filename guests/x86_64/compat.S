/*
 * void compat_call(uint64_t code): into 32-bit code, and back by a far jump
 * to where we came from. See compat.h.
 *
 * What is not a 32-bit register need not survive the trip, so it waits on the
 * stack, which lies below 4 GiB.
 */
	.text
	.code64
	.globl compat_call
compat_call:
	push %rbx
	push %rbp
	push %r12
	push %r13
	push %r14
	push %r15
	mov %rdi, compat_code
	lea 3f(%rip), %rax
	mov %eax, compat_back
	mov %cs, %eax
	mov %ax, compat_back + 4
	mov %ss, %ecx
	mov compat_ds, %eax
	test %eax, %eax
	cmovz %ecx, %eax
	mov %ds, %edx
	push %rdx
	mov %es, %edx
	push %rdx
	mov %eax, %ds
	mov %ecx, %es
	mov compat_cs, %eax
	push %rax
	lea 2f(%rip), %rax
	push %rax
	mov compat + 4, %ebx
	mov compat + 8, %ecx
	mov compat + 12, %edx
	mov compat + 16, %esi
	mov compat + 20, %edi
	mov compat, %eax
	lretq

	.code32
2:	call *%es:compat_code
	/* Through ES, which is flat: DS may be the subject. */
	mov %eax, %es:compat
	mov %ebx, %es:compat + 4
	mov %ecx, %es:compat + 8
	mov %edx, %es:compat + 12
	mov %esi, %es:compat + 16
	mov %edi, %es:compat + 20
	pushf
	pop %eax
	mov %eax, %es:compat + 24
	ljmp *%es:compat_back

	.code64
3:	mov %esp, %esp
	cld
	pop %rdx
	mov %edx, %es
	pop %rdx
	mov %edx, %ds
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbp
	pop %rbx
	ret

	.data
	.balign 8
	.globl compat_cs, compat_ds
compat_cs:
	.long 0x1b			/* SEL_UCODE32, RPL 3 */
compat_ds:
	.long 0

	.bss
	.balign 8
	.globl compat
compat:	.skip 28
	.balign 8
compat_code:
	.skip 8
compat_back:				/* m16:32 */
	.skip 8

	.section .note.GNU-stack, "", @progbits
