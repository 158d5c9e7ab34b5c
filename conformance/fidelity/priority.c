/*
 * Where two exceptions meet, the manual says which comes first.
 *
 * An emulator that decodes, checks and reads in an order of its own raises
 * the other one.
 */
#include "suite.h"
#include "debug.h"
#include "vectors.h"

#define BOTH	(RING0 | RING3)
#define FIRST	"Intel SDM vol. 3, Priority Among Concurrent Events; AMD APM vol. 2, " \
		"Priorities"

/* Nothing is mapped there, in a process neither. */
#define NOWHERE		(1ull << 45)
#define NOT_CANONICAL	(1ull << 63)

PROBE(undefined_opcode_beats_page_fault,
	.rule = "LOCK MOV to an absent page raises #UD, not #PF",
	.cite = FIRST, .rings = BOTH,
	.control = "a #UD that arrives as another vector is caught")
{
	CHECK_EQ(VEC_UD, asm_safe(".byte 0xf0, 0x89, 0x01", :: "c"(NOWHERE)
				  : "memory"));
	CHECK_EQ(VEC_UD, asm_safe(".byte 0xf0, 0x8b, 0x01",
				  :: "c"(NOT_CANONICAL) : "rax"));
	/* LEA of a register, and CMPXCHG8B of one. */
	CHECK_EQ(VEC_UD, asm_safe(".byte 0x8d, 0xc0", ::: "rax"));
	CHECK_EQ(VEC_UD, asm_safe(".byte 0x0f, 0xc7, 0xc8", ::: "rax"));
}

PROBE(privilege_beats_page_fault,
	.rule = "LGDT, LIDT and INVLPG of bad addresses at CPL3 raise #GP(0), not #PF",
	.cite = FIRST, .rings = RING3,
	.control = "a LIDT that does nothing is caught")
{
	CHECK_FAULT(VEC_GP, 0, asm_safe("lgdt (%0)", :: "r"(NOWHERE)));
	CHECK_FAULT(VEC_GP, 0, asm_safe("lidt (%0)", :: "D"(NOWHERE)));
	CHECK_FAULT(VEC_GP, 0, asm_safe("lmsw (%0)", :: "r"(NOWHERE)));
	CHECK_FAULT(VEC_GP, 0, asm_safe("invlpg (%0)", :: "r"(NOWHERE)));
}

__guest const char *task_switched(void)
{
	sse_enable();
	write_cr0(read_cr0() | CR0_TS);
	return NULL;
}

PROBE(absent_device_beats_page_fault,
	.rule = "With CR0.TS set an x87 or SSE load of an absent page raises #NM",
	.cite = FIRST, .rings = BOTH, .needs = NEED_MACHINE,
	.skip = GUEST(task_switched),
	.control = "an FLD that does nothing is caught")
{
	CHECK_EQ(VEC_NM, asm_safe("flds (%0)", :: "D"(NOWHERE)));
	CHECK_EQ(VEC_NM, asm_safe("movups (%0), %%xmm0", :: "r"(NOWHERE)));
	/* But what is undefined is so in any case. */
	CHECK_EQ(VEC_UD, asm_safe(".byte 0xf0, 0xd9, 0x01", :: "c"(NOWHERE)));
}

PROBE(breakpoint_beats_undefined_opcode,
	.rule = "An instruction breakpoint on UD2 raises #DB, not #UD",
	.cite = FIRST,
	.control = "a #DB that arrives as another vector is caught")
{
	write_dr7(DR7_FIXED);
	CHECK_EQ(VEC_DB, asm_safe("lea 1f(%%rip), %%rax\n\tmov %%rax, %%dr0\n\t"
				  "mov %0, %%dr7\n\t1: ud2",
				  :: "r"(DR7_FIXED | 1ull) : "rax", "memory"));
	CHECK_EQ(1, fault_count);
	watch_clear();
}

PROBE(step_beats_the_next_fault,
	.rule = "A step that ends at a faulting instruction traps before that fault",
	.cite = FIRST, .rings = BOTH,
	.control = "a #DB that arrives as another vector is caught")
{
	uint64_t after = 0;

	CHECK_STEP(after, STEP_ON "nop\n\t1: ud2",
		   : [after] "=&r"(after) :: "memory", "cc");
}

PROBE(divide_error_comes_after_its_operand,
	.rule = "DIV by an operand on an absent page raises #PF, whatever RDX:RAX",
	.cite = FIRST, .rings = BOTH,
	.control = "a #PF that arrives as another vector is caught")
{
	uint64_t a = 0, d = ~0ull;

	CHECK_EQ(VEC_PF, asm_safe("divq (%2)", : "+a"(a), "+d"(d)
				  : "r"(NOWHERE) : "cc"));
	CHECK_EQ(NOWHERE, last_fault.cr2);
	CHECK_EQ(~0ull, d);
}

PROBE(overflowing_divide_changes_nothing,
	.rule = "DIV whose quotient is too big raises #DE and changes no register",
	.cite = "Intel SDM vol. 3, Divide Error Exception (#DE); AMD APM vol. 2, "
		"#DE--Divide-by-Zero-Error Exception (Vector 0)", .rings = BOTH,
	.control = "a DIV that does nothing is caught")
{
	uint64_t a = 5, d = 7;

	CHECK_EQ(VEC_DE, asm_safe("divq %2", : "+a"(a), "+d"(d) : "r"(7ull)
				  : "cc"));
	CHECK_EQ(5, a);
	CHECK_EQ(7, d);
	/* The smallest number has no opposite. */
	a = 1ull << 63;
	d = ~0ull;
	CHECK_EQ(VEC_DE, asm_safe("idivq %2", : "+a"(a), "+d"(d) : "r"(~0ull)
				  : "cc"));
	CHECK_EQ(1ull << 63, a);
}
