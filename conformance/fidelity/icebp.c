/*
 * INT1, the undocumented one for so long: a #DB that no debug register asked
 * for.
 *
 * It is intercepted as an exception, an instruction or not at all, depending
 * on the CPU, and hypervisors have got each of these wrong.
 */
#include "suite.h"
#include "debug.h"
#include "tables.h"

#define INT1	"Intel SDM vol. 2, INT n/INTO/INT3/INT1; AMD APM vol. 2, " \
		"#DB--Debug Exception (Vector 1)"
#define BOTH	(RING0 | RING3)

PROBE(icebp_points_behind_itself,
	.rule = "INT1 raises #DB, a trap: RIP is the instruction after it",
	.cite = INT1, .rings = BOTH,
	.control = "a #DB whose RIP is one too high is caught")
{
	uint64_t after = 0;

	CHECK_STEP(after, "lea 1f(%%rip), %0\n\t.byte 0xf1\n\t1: nop",
		   : "=&r"(after));
	/* Twice, for those who do not come back from the first. */
	CHECK_STEP(after, "lea 1f(%%rip), %0\n\t.byte 0xf1\n\t1: nop",
		   : "=&r"(after));
}

PROBE(icebp_leaves_dr6_alone,
	.rule = "The #DB of INT1 sets none of BS, BD and B0 to B3",
	.cite = INT1,
	.control = "an INT1 that does nothing is caught")
{
	write_dr6(DR6_CLEAR);
	CHECK_EQ(VEC_DB, asm_safe(".byte 0xf1\n\tnop", ));
	CHECK_EQ(0, read_dr6() & DR6_CAUSE);
	write_dr6(DR6_CLEAR);
}

PROBE(icebp_clears_bs,
	.rule = "INT1 with TF set raises one #DB, behind it, with BS clear",
	.cite = INT1 "; Intel SDM vol. 3, Single-Step Exception Condition",
	.control = "a #DB whose RIP is one too high is caught")
{
	uint64_t after = 0;

	write_dr6(DR6_CLEAR);
	CHECK_STEP(after, STEP_ON ".byte 0xf1\n\t1: nop\n\tnop",
		   : [after] "=&r"(after) :: "memory", "cc");
	CHECK_EQ(0, read_dr6() & DR6_CAUSE);
	write_dr6(DR6_CLEAR);
}

__guest void icebp_at_cpl3(void)
{
	CHECK_EQ(VEC_DB, asm_safe(".byte 0xf1\n\tnop", ));
}

PROBE(icebp_needs_no_gate_for_cpl3,
	.rule = "INT1 at CPL3 goes through a gate of DPL 0, unlike INT 1",
	.cite = INT1,
	.control = "an INT1 that does nothing is caught")
{
	gate_dpl_set(VEC_DB, 0);
	ring3_call(icebp_at_cpl3);
}
