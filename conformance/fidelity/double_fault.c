/*
 * A fault while an exception is delivered: which pairs are a double fault,
 * and which are served one after the other.
 *
 * Where the hypervisor injects the first exception, or handles the second
 * (shadow paging, an intercepted #GP), the combination is its own work.
 */
#include "suite.h"
#include "escape.h"
#include "tables.h"

#define PAIRS	"Intel SDM vol. 3, Double Fault Exception (#DF), Conditions for " \
		"Generating a Double Fault; AMD APM vol. 2, #DF--Double-Fault Exception"
#define NOWHERE	(1ull << 45)

/* An error code with the IDT and the EXT bit. */
#define IDT_EXT(vector)	((vector) * 8 + 2 + 1)

__guest void divide(void)
{
	__asm__ volatile("div %0" :: "r"(0) : "rax", "rdx", "cc");
}

__guest void page_fault(void)
{
	__asm__ volatile("movb $0, (%0)" :: "D"(NOWHERE) : "memory");
}

__guest void general_protection(void)
{
	__asm__ volatile("movb $0, (%0)" :: "D"(1ull << 63) : "memory");
}

PROBE(contributory_pair_is_a_double_fault,
	.rule = "#DE or #GP whose gate is absent becomes #DF with error code 0",
	.cite = PAIRS,
	.control = "a DIV that does nothing is caught")
{
	gate_present_set(VEC_DE, false);
	escape_frame[0] = ~0ull;
	CHECK_EQ(true, escape_try(VEC_DF, divide));
	CHECK_EQ(0, escape_frame[0]);
	gate_present_set(VEC_DE, true);
	gate_present_set(VEC_GP, false);
	CHECK_EQ(true, escape_try(VEC_DF, general_protection));
	gate_present_set(VEC_GP, true);
}

PROBE(page_fault_pair_is_a_double_fault,
	.rule = "#PF whose gate is absent becomes #DF with error code 0",
	.cite = PAIRS,
	.control = "a store that does nothing is caught")
{
	gate_present_set(VEC_PF, false);
	escape_frame[0] = ~0ull;
	CHECK_EQ(true, escape_try(VEC_DF, page_fault));
	CHECK_EQ(0, escape_frame[0]);
	gate_present_set(VEC_PF, true);
}

PROBE(benign_pair_is_served_in_turn,
	.rule = "#UD whose gate is absent becomes #NP(gate, IDT, EXT)",
	.cite = PAIRS "; Intel SDM vol. 3, Error Code",
	.control = "an #NP whose error code lacks the EXT bit is caught")
{
	gate_present_set(VEC_UD, false);
	CHECK_FAULT(VEC_NP, IDT_EXT(VEC_UD), asm_safe("ud2", ));
	gate_present_set(VEC_UD, true);
}

PROBE(software_interrupt_pair_has_no_ext,
	.rule = "INT3 whose gate is absent becomes #NP with EXT clear",
	.cite = PAIRS "; Intel SDM vol. 3, Error Code; AMD APM vol. 2, "
		"Selector-Error Code",
	.control = "an #NP whose error code is wrong is caught")
{
	gate_present_set(VEC_BP, false);
	CHECK_FAULT(VEC_NP, VEC_BP * 8 + 2, asm_safe("int3", ));
	gate_present_set(VEC_BP, true);
}

extern uint8_t tss[];

__guest void divide_at_cpl3(void)
{
	CHECK_EQ(VEC_PF, asm_safe("div %0", :: "r"(0) : "rax", "rdx", "cc"));
}

/* RSP0 of the TSS, four bytes in. */
__guest void stack0_set(uint64_t rsp)
{
	__builtin_memcpy(tss + 4, &rsp, sizeof(rsp));
}

PROBE(page_fault_after_contributory_is_served_in_turn,
	.rule = "#DE of CPL3 onto an absent stack of CPL0 becomes #PF, by its own stack",
	.cite = PAIRS, .needs = NEED_MACHINE,
	.control = "a DIV that does nothing is caught")
{
	uint64_t rsp0;

	__builtin_memcpy(&rsp0, tss + 4, sizeof(rsp0));
	gate_ist_set(VEC_PF, 1);
	stack0_set(NOWHERE + 0x1000);
	/* The way home is an exception as well, which needs a stack. */
	gate_ist_set(VEC_UD, 1);
	ring3_call(divide_at_cpl3);
	CHECK_EQ(NOWHERE + 0xff8, last_fault.cr2);
	CHECK_EQ(2, last_fault.error_code);
	stack0_set(rsp0);
	gate_ist_set(VEC_PF, 0);
	gate_ist_set(VEC_UD, 0);
}

__guest void stack_lost(void)
{
	__asm__ volatile("mov %0, %%rsp\n\tud2" :: "r"(NOWHERE) : "memory");
}

PROBE(page_fault_in_a_page_fault_is_a_double_fault,
	.rule = "An exception onto an absent stack: its #PF cannot be pushed, so #DF",
	.cite = PAIRS,
	.control = "an RSP that stays is caught")
{
	escape_frame[0] = ~0ull;
	CHECK_EQ(true, escape_try(VEC_DF, stack_lost));
	CHECK_EQ(0, escape_frame[0]);
}

PROBE(ist_stack_is_taken_at_its_top,
	.rule = "A gate with an IST switches to that stack, at CPL0 too, aligned to 16",
	.cite = "Intel SDM vol. 3, Interrupt Stack Table; AMD APM vol. 2, "
		"Interrupt-Stack Table",
	.control = "a store that does nothing is caught")
{
	uint64_t top = 0;

	/* IST1 is 36 bytes in. */
	__builtin_memcpy(&top, tss + 36, sizeof(top));
	top -= 8;
	__builtin_memcpy(tss + 36, &top, sizeof(top));
	gate_ist_set(VEC_GP, 1);
	CHECK_EQ(true, escape_try(VEC_GP, general_protection));
	/* Aligned down from the odd top: SS, RSP, RFLAGS, CS, RIP, error. */
	CHECK_EQ(SEL_KDATA, *(volatile uint64_t *)((top & ~15ull) - 8));
	CHECK_EQ(escape_frame[1], *(volatile uint64_t *)((top & ~15ull) - 40));
	gate_ist_set(VEC_GP, 0);
}
