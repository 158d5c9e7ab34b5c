/*
 * The two controls: what the harness itself costs, and whether guest code
 * runs on the CPU at all.
 *
 * Every other number of the family has the empty operation subtracted, so
 * its own row must come out near nothing. The loop is innocuous code of a
 * known length: on hardware it takes about a cycle a turn, and on a host that
 * interprets the guest it takes thousands.
 */
#include "suite.h"

#define LOOP_TURNS	100

__guest void empty_op(void)
{
}

__guest void control_loop_op(void)
{
	uint32_t turns = LOOP_TURNS;

	__asm__ volatile("1:\tdec %0\n\tjnz 1b" : "+r"(turns) :: "cc");
}

BENCH(empty,
	.summary = "An operation that does nothing",
	.reading = "What is left after the empty operation's own cost is taken off: the noise "
		   "floor. Anything smaller than its spread is not a measurement.",
	.cite = "Intel, How to Benchmark Code Execution Times; vmgauge's own overhead series",
	.rings = RING0 | RING3,
	.control = true,
	.op = GUEST(empty_op),
	.exits = EXITS(0, 0),
);

BENCH(control_loop,
	.summary = "100 turns of DEC and JNZ",
	.reading = "About 100 cycles when the guest runs on the CPU. Far more means that this ring "
		   "is interpreted, and then no other number here is about hardware.",
	.cite = "Popek and Goldberg 1974, the efficiency property",
	.rings = RING0 | RING3,
	.control = true,
	.op = GUEST(control_loop_op),
	.exits = EXITS(0, 0),
);
