/*
 * Dependent loads in plain RAM: what a load costs when the translation is at
 * hand, and when it has to be walked for.
 *
 * 16 KiB lies in every first-level TLB and cache, so that a guest and a plain
 * process must agree: any difference is the harness. In 64 MiB nearly each
 * load misses the TLB, for pages of 4 KiB. The guest maps this memory by
 * pages of 2 MiB and the host backs it by pages of 4 KiB; walk.c has every
 * other pair.
 */
#include "chase.h"

CHASE_SETUP(16k, ABI_SCRATCH_GPA, 16 << 10)
CHASE_SETUP(64m, ABI_SCRATCH_GPA, ABI_SCRATCH_BYTES)

BENCH(chase_16k,
	.summary = "A dependent load, working set 16 KiB",
	.reading = "The first-level cache's latency, in a guest as in a process: proof that the "
		   "loop measures memory and not the harness.",
	.cite = CITE_CHASE,
	.per_op = CHASE_LOADS,
	.rings = RING0 | RING3,
	.needs = NEED_SCRATCH,
	.setup = GUEST(chase_16k_setup),
	.op = GUEST(chase_op),
	.exits = EXITS(0, 0),
);

BENCH(chase_64m,
	.summary = "A dependent load, one to a page, working set 64 MiB",
	.reading = "TLB miss and cache miss. Compare native: more cycles in a guest are the longer "
		   "walk of nested paging; page sizes on both sides decide how many.",
	.cite = CITE_CHASE,
	.per_op = CHASE_LOADS,
	.rings = RING0 | RING3,
	.needs = NEED_SCRATCH,
	.setup = GUEST(chase_64m_setup),
	.op = GUEST(chase_op),
	.exits = EXITS(0, 0),
);
