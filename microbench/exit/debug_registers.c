/*
 * Debug registers are switched lazily: the first access after an exit is
 * intercepted and lends all of them to the guest, the next exit takes them
 * back.
 *
 * A loop of writes therefore hardly exits, and how often depends on what else
 * makes the guest exit (the host's timer). The price that a debugged guest
 * pays is in the second row, where every write comes after an exit.
 */
#include "suite.h"

#define DR7_RESET	0x400	/* nothing enabled; bit 10 reads as one */

/* As FLUSHES_MAX of control_registers.c: some emulators flush here too. */
#define WRITES_MAX	10000

__guest void mov_dr_op(void)
{
	write_dr7(DR7_RESET);
}

__guest void mov_dr_after_exit_op(void)
{
	uint32_t a, b, c, d;

	arch_cpuid(0, 0, &a, &b, &c, &d);
	write_dr7(DR7_RESET);
}

#define CITE_DR "Intel SDM vol. 3C, Instructions That Cause VM Exits Conditionally; " \
		"AMD APM vol. 2, Instruction Intercepts"

BENCH(mov_dr,
	.summary = "MOV to DR7, nothing enabled",
	.reading = "One exit lends the registers to the guest until the next exit, so a long "
		   "loop pays next to nothing for each write. One exit for each would be a host "
		   "without this.",
	.cite = CITE_DR,
	.vmexit_name = "mov_dr",
	.max_ops = WRITES_MAX,
	.op = GUEST(mov_dr_op),
	.exits = EXITS_RANGE(0, 1, 0),
);

/* A host interrupt between the two takes the registers back once more. */
BENCH(mov_dr_after_exit,
	.summary = "CPUID, then MOV to DR7",
	.reading = "Take cpuid off: the rest is what the first use of a debug register costs "
		   "after every exit, the case of a guest that is being debugged.",
	.cite = CITE_DR,
	.max_ops = WRITES_MAX,
	.op = GUEST(mov_dr_after_exit_op),
	.exits = EXITS_RANGE(2, 3, 0),
);
