/*
 * The guest that runs trials; see guest.h. It is copied to GUEST_CODE and has
 * no data of its own.
 *
 * Each trial is three exceptions. CPL3 loads the vectors and raises one; its
 * handler loads the rest and enters the trial, at CPL3 or CPL0; the trial ends
 * in one, its own or the UD2 behind it, whose handler saves what there is; CPL3
 * saves the vectors. Vectors are CPL3's matter since an interpreter of CPL0
 * need not know them. All exceptions have a stack of their own, whatever the
 * trial did to RSP.
 */
#include "runner/differ/guest.h"

#define ASKED(x)	(GUEST_ASKED + ASKED_##x)
#define PHASE_LOAD	0
#define PHASE_TRIAL	1
#define PHASE_SAVE	2
#define UD		6

	.section .rodata
	.balign 16
	.globl differ_guest_start, differ_guest_end, differ_guest_entry
differ_guest_start:
	.set vector, 0
	.rept 256
	.balign GUEST_STUB_BYTES
	.if (vector == 8) || (vector == 17) || (vector == 21) || \
	    (vector >= 10 && vector <= 14) || (vector == 29) || (vector == 30)
	.else
	pushq $0
	.endif
	pushq $vector
	jmp exception
	.set vector, vector + 1
	.endr
	.balign GUEST_STUB_BYTES

exception:	/* vector, error code, RIP, CS, RFLAGS, RSP, SS */
	push %rax
	mov ASKED(PHASE), %rax
	cmp $PHASE_TRIAL, %rax
	je ended
	cmpq $UD, 8(%rsp)
	jne broken
	cmp $PHASE_SAVE, %rax
	je next

	/* The vectors are loaded: enter the trial. */
	mov ASKED(CURRENT), %rbx
	movq $PHASE_TRIAL, ASKED(PHASE)
	pushq ASKED(SS)
	pushq STATE_RSP(%rbx)
	pushq STATE_RFLAGS(%rbx)
	pushq ASKED(CS)
	pushq STATE_RIP(%rbx)
	mov STATE_RAX(%rbx), %rax
	mov STATE_RCX(%rbx), %rcx
	mov STATE_RDX(%rbx), %rdx
	mov STATE_RBP(%rbx), %rbp
	mov STATE_RSI(%rbx), %rsi
	mov STATE_RDI(%rbx), %rdi
	.irp n, 8, 9, 10, 11, 12, 13, 14, 15
	mov STATE_R8 + (\n - 8) * 8(%rbx), %r\n
	.endr
	mov STATE_RBX(%rbx), %rbx
	iretq

ended:
	push %rbx
	mov ASKED(CURRENT), %rbx
	add $STATE_BYTES, %rbx
	mov %rcx, STATE_RCX(%rbx)
	mov %rdx, STATE_RDX(%rbx)
	mov %rbp, STATE_RBP(%rbx)
	mov %rsi, STATE_RSI(%rbx)
	mov %rdi, STATE_RDI(%rbx)
	.irp n, 8, 9, 10, 11, 12, 13, 14, 15
	mov %r\n, STATE_R8 + (\n - 8) * 8(%rbx)
	.endr
	popq STATE_RBX(%rbx)
	popq STATE_RAX(%rbx)
	popq STATE_VECTOR(%rbx)
	popq STATE_ERROR(%rbx)
	popq STATE_RIP(%rbx)
	pop %rax
	popq STATE_RFLAGS(%rbx)
	popq STATE_RSP(%rbx)
	mov %cr2, %rax
	mov %rax, STATE_CR2(%rbx)
	movq $PHASE_SAVE, ASKED(PHASE)
	lea save(%rip), %rcx
	jmp at_cpl3

next:
	mov ASKED(CURRENT), %rbx
	add $2 * STATE_BYTES, %rbx
	mov %rbx, ASKED(CURRENT)
	cmp ASKED(END), %rbx
	jb begin
	mov $GUEST_BELL_DONE, %eax
ring:
	mov $GUEST_PORT, %edx
	out %eax, (%dx)
differ_guest_entry:	/* also of the next batch */
begin:
	mov ASKED(CURRENT), %rbx
	movq $PHASE_LOAD, ASKED(PHASE)
	lea load(%rip), %rcx

at_cpl3:		/* RCX: where; RBX: which state */
	mov $GUEST_STACK_TOP, %esp
	lea STATE_XSAVE(%rbx), %rdi
	mov ASKED(XSTATE), %eax
	xor %edx, %edx
	pushq $GUEST_UDATA
	pushq $0
	pushq $2
	pushq $GUEST_UCODE
	push %rcx
	iretq

broken:
	mov $GUEST_BELL_BROKEN, %eax
	jmp ring

	/* At CPL3. No XSAVE, no mask: then the state is FXSAVE's. */
load:
	test %eax, %eax
	jz 1f
	xrstor (%rdi)
	ud2
1:	fxrstor (%rdi)
	ud2
save:
	test %eax, %eax
	jz 1f
	xsave (%rdi)
	ud2
1:	fxsave (%rdi)
	ud2
differ_guest_end:
	.section .note.GNU-stack, "", @progbits
