/*
 * What executes the operations of the bytecode guest, in the guest: each by
 * the instruction that it is named for, whatever that raises.
 */
#ifndef VMGAUGE_STABILITY_BYTECODE_GUEST_H
#define VMGAUGE_STABILITY_BYTECODE_GUEST_H

#include "bytecode.h"

#define CODE_CR3_BITS	0xfff0000000000018ull	/* not where the tables lie */

/* A tail of the sequence is another: the last line of a fault is not lost. */
__guest void code_mmio(const struct code_op *o, bool write)
{
	uint64_t at = o->where, v = o->value;

	switch (o->width * 2 + write) {
	case 2:
		asm_safe("movb (%0), %b1", :: "r"(at), "q"(v) : "memory");
		break;
	case 3:
		asm_safe("movb %b1, (%0)", :: "r"(at), "q"(v) : "memory");
		break;
	case 4:
		asm_safe("movw (%0), %w1", :: "r"(at), "q"(v) : "memory");
		break;
	case 5:
		asm_safe("movw %w1, (%0)", :: "r"(at), "q"(v) : "memory");
		break;
	case 8:
		asm_safe("movl (%0), %k1", :: "r"(at), "q"(v) : "memory");
		break;
	case 9:
		asm_safe("movl %k1, (%0)", :: "r"(at), "q"(v) : "memory");
		break;
	case 16:
		asm_safe("movq (%0), %q1", :: "r"(at), "q"(v) : "memory");
		break;
	default:
		asm_safe("movq %q1, (%0)", :: "r"(at), "q"(v) : "memory");
		break;
	}
}

__guest void code_pio(const struct code_op *o, bool write)
{
	uint16_t port = (uint16_t)o->where;
	uint32_t v = (uint32_t)o->value;

	switch ((o->width & 3) * 2 + write) {
	case 2:
		asm_safe("inb %1, %b0", : "+a"(v) : "d"(port));
		break;
	case 3:
		asm_safe("outb %b0, %1", :: "a"(v), "d"(port));
		break;
	case 4:
		asm_safe("inw %1, %w0", : "+a"(v) : "d"(port));
		break;
	case 5:
		asm_safe("outw %w0, %1", :: "a"(v), "d"(port));
		break;
	case 0:
		asm_safe("inl %1, %0", : "+a"(v) : "d"(port));
		break;
	default:
		asm_safe("outl %0, %1", :: "a"(v), "d"(port));
		break;
	}
}

/* One bit turned, and back. */
__guest void code_flip(const struct code_op *o)
{
	uint64_t bit = 1ull << o->bit, was = 0;

	if (o->kind == CODE_FLIP_MSR) {
		if (rdmsr_safe(o->where, &was) == NO_FAULT &&
		    wrmsr_safe(o->where, was ^ bit) == NO_FAULT)
			wrmsr_safe(o->where, was);
		return;
	}
	switch (o->where) {
	case 0:
		asm_safe("mov %%cr0, %0", : "+r"(was));
		write_cr0_safe(was ^ bit);
		write_cr0_safe(was);
		break;
	case 3:
		asm_safe("mov %%cr3, %0", : "+r"(was));
		/* Not where the tables lie: this code would be gone. */
		asm_safe("mov %0, %%cr3", :: "r"(was ^ (bit & CODE_CR3_BITS))
			 : "memory");
		asm_safe("mov %0, %%cr3", :: "r"(was) : "memory");
		break;
	case 4:
		asm_safe("mov %%cr4, %0", : "+r"(was));
		write_cr4_safe(was ^ bit);
		write_cr4_safe(was);
		break;
	default:
		asm_safe("mov %%cr8, %0", : "+r"(was));
		asm_safe("mov %0, %%cr8", :: "r"(was ^ bit) : "memory");
		break;
	}
}

__guest void code_do(const struct code_op *o)
{
	uint64_t v;

	switch (o->kind) {
	case CODE_IN:
	case CODE_OUT:
		code_pio(o, o->kind == CODE_OUT);
		break;
	case CODE_READ:
	case CODE_WRITE:
	case CODE_APIC_READ:
	case CODE_APIC_WRITE:
		code_mmio(o, o->kind & 1);
		break;
	case CODE_RDMSR:
		rdmsr_safe(o->where, &v);
		break;
	case CODE_WRMSR:
		wrmsr_safe(o->where, o->value);
		break;
	case CODE_FLIP_MSR:
	case CODE_FLIP_CR:
		code_flip(o);
		break;
	case CODE_CPUID:
		cpuid_reg(o->where, o->bit, 0);
		break;
	default:
		asm_safe("invlpg (%0)", :: "r"(o->value) : "memory");
		asm_safe("wbinvd", ::: "memory");
		break;
	}
}

_Static_assert((CODE_WRITE & 1) && !(CODE_READ & 1) && (CODE_APIC_WRITE & 1) &&
	       !(CODE_APIC_READ & 1), "code_mmio() is told by the kind's bit");

#endif
