/*
 * Each exception arrives with its own vector, error code and RIP.
 *
 * A hypervisor that emulates an instruction must also emulate how it fails;
 * one that injects an exception must say where it happened.
 */
#include "suite.h"
#include "layout.h"

#define EXCEPTIONS	"Intel SDM vol. 3, Exception and Interrupt Reference; " \
			"AMD APM vol. 2, Vectors"
#define BOTH		(RING0 | RING3)
#define NOT_CANONICAL	(1ull << 63)

extern uint64_t idt[];

PROBE(divide_error_points_at_the_divide,
	.rule = "DIV by zero raises #DE, a fault: RIP is the DIV itself",
	.cite = EXCEPTIONS, .rings = BOTH,
	.control = "a #DE whose RIP is one too high is caught")
{
	uint64_t at = 0;
	uint32_t a = 1, d = 0;

	CHECK_EQ(VEC_DE, asm_safe("lea 1f(%%rip), %0\n\t1: divl %3",
				  : "=&r"(at), "+a"(a), "+d"(d) : "r"(0)
				  : "cc"));
	CHECK_EQ(at, last_fault.rip);
	CHECK_EQ(1, a);
}

PROBE(undefined_opcode_points_at_itself,
	.rule = "UD2 raises #UD, a fault: RIP is the UD2 itself",
	.cite = EXCEPTIONS, .rings = BOTH,
	.control = "a #UD whose RIP is one too high is caught")
{
	uint64_t at = 0;

	CHECK_EQ(VEC_UD, asm_safe("lea 1f(%%rip), %0\n\t1: ud2",
				  : "=&r"(at)));
	CHECK_EQ(at, last_fault.rip);
}

PROBE(breakpoint_points_behind_itself,
	.rule = "INT3 raises #BP, a trap: RIP is the instruction after it",
	.cite = EXCEPTIONS, .rings = BOTH,
	.control = "a #BP whose RIP is one too high is caught")
{
	uint64_t after = 0;

	CHECK_EQ(VEC_BP, asm_safe("lea 1f(%%rip), %0\n\tint3\n\t1: nop",
				  : "=&r"(after)));
	CHECK_EQ(after, last_fault.rip);
}

PROBE(interrupt_error_code_names_the_gate,
	.rule = "INT n through no gate raises #GP(8n+2), a not-present gate #NP",
	.cite = "Intel SDM vol. 3, Error Code; AMD APM vol. 2, Selector-Error "
		"Code", .rings = BOTH,
	.needs = NEED_MACHINE,
	.control = "a #GP whose error code lacks the IDT bit is caught")
{
	volatile uint64_t *gate = &idt[27 * 2];	/* nobody raises it */
	uint64_t before = *gate;

	CHECK_FAULT(VEC_GP, 0xff * 8 + 2, asm_safe("int $0xff", ));
	*gate = 0;			/* of no type */
	CHECK_FAULT(VEC_GP, 27 * 8 + 2, asm_safe("int $27", ));
	/* An interrupt gate, DPL 3, but not present. */
	*gate = 0x00006e0000000000ull | SEL_KCODE << 16;
	CHECK_FAULT(VEC_NP, 27 * 8 + 2, asm_safe("int $27", ));
	*gate = before;
}

PROBE(bad_selector_is_the_error_code,
	.rule = "A selector beyond the GDT raises #GP with that selector, less RPL",
	.cite = "Intel SDM vol. 3, Error Code; AMD APM vol. 2, Selector-Error "
		"Code", .rings = BOTH,
	.control = "a #GP whose error code is zero is caught")
{
	CHECK_FAULT(VEC_GP, 0x58, asm_safe("mov %w0, %%es", :: "r"(0x58)));
	CHECK_FAULT(VEC_GP, 0x58, asm_safe("mov %w0, %%es", :: "r"(0x5b)));
}

PROBE(noncanonical_data_raises_gp_and_stack_ss,
	.rule = "A non-canonical address raises #GP(0), through the stack #SS(0)",
	.cite = "Intel SDM vol. 1, Canonical Addressing; AMD APM vol. 2, "
		"Vectors, #SS and #GP", .rings = BOTH,
	.control = "an #SS that arrives as another vector is caught")
{
	uint64_t v = 0;

	CHECK_FAULT(VEC_GP, 0, asm_safe("movq (%1), %0", : "+r"(v)
					: "a"(NOT_CANONICAL)));
	/* With RSP as its base a load goes through the stack segment. */
	CHECK_FAULT(VEC_SS, 0, asm_safe("movq (%%rsp,%1), %0", : "+r"(v)
					: "a"(NOT_CANONICAL)));
}

PROBE(sixteen_bytes_are_too_long,
	.rule = "An instruction of 15 bytes runs, one of 16 raises #GP(0)",
	.cite = "Intel SDM vol. 3, Instruction Length; AMD APM vol. 3, "
		"Instruction Encoding Overview", .rings = BOTH,
	.control = "a #GP that arrives as another vector is caught")
{
	CHECK_EQ(NO_FAULT, asm_safe(".fill 14, 1, 0x66\n\tnop", ));
	CHECK_FAULT(VEC_GP, 0, asm_safe(".fill 15, 1, 0x66\n\tnop", ));
}

PROBE(lock_needs_memory,
	.rule = "LOCK on a register, or on MOV, raises #UD",
	.cite = "Intel SDM vol. 2, LOCK; AMD APM vol. 3, Lock Prefix",
	.rings = BOTH,
	.control = "a LOCK ADD of a register that does nothing is caught")
{
	static uint32_t word;

	CHECK_EQ(VEC_UD, asm_safe(".byte 0xf0, 0x01, 0xc0",
				  ::: "rax", "cc"));
	CHECK_EQ(VEC_UD, asm_safe(".byte 0xf0, 0x89, 0x01",
				  :: "c"(&word), "a"(1) : "memory"));
	CHECK_EQ(0, word);
}

PROBE(opcodes_of_other_modes_are_undefined,
	.rule = "Opcodes that 64-bit mode removed raise #UD",
	.cite = "Intel SDM vol. 2, Opcode Map; AMD APM vol. 3, Invalid and "
		"Reassigned Instructions in 64-Bit Mode", .rings = BOTH,
	.control = "an AAM that does nothing is caught")
{
	CHECK_EQ(VEC_UD, asm_safe(".byte 0x06", ));		/* PUSH ES */
	CHECK_EQ(VEC_UD, asm_safe(".byte 0x27", ));		/* DAA */
	CHECK_EQ(VEC_UD, asm_safe(".byte 0x37", ));		/* AAA */
	CHECK_EQ(VEC_UD, asm_safe(".byte 0x60", ));		/* PUSHA */
	CHECK_EQ(VEC_UD, asm_safe(".byte 0xce", ));		/* INTO */
	CHECK_EQ(VEC_UD, asm_safe(".byte 0xd4, 0x0a", ));	/* AAM */
}

PROBE(vmx_is_undefined_when_off,
	.rule = "VMX instructions raise #UD while CR4.VMXE is clear, at any CPL",
	.cite = "Intel SDM vol. 3, VMX Instruction Reference; AMD APM vol. 3, "
		"Opcode Maps", .rings = BOTH,
	.needs = NEED_MACHINE,
	.control = "a VMXOFF that does nothing is caught")
{
	CHECK_EQ(VEC_UD, asm_safe("vmxoff", ::: "cc"));
	CHECK_EQ(VEC_UD, asm_safe("vmread %%rax, %%rax", ::: "rax", "cc"));
	CHECK_EQ(VEC_UD, asm_safe("vmwrite %%rax, %%rax", ::: "rax", "cc"));
}

PROBE(svm_is_undefined_when_off,
	.rule = "SVM instructions raise #UD while EFER.SVME is clear, at any CPL",
	.cite = "AMD APM vol. 3, VMRUN, VMLOAD, VMSAVE, INVLPGA; Intel SDM vol. "
		"2, Opcode Map", .rings = BOTH,
	.needs = NEED_MACHINE,
	.control = "a VMRUN that does nothing is caught")
{
	CHECK_EQ(VEC_UD, asm_safe("vmrun", :: "a"(0)));
	CHECK_EQ(VEC_UD, asm_safe("vmload", :: "a"(0)));
	CHECK_EQ(VEC_UD, asm_safe("vmsave", :: "a"(0)));
	CHECK_EQ(VEC_UD, asm_safe("invlpga", :: "a"(0), "c"(0)));
}
