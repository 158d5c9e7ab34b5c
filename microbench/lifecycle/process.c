/*
 * What it takes to have a place to run in, and to be rid of it.
 *
 * For a process that is a fork and a wait; a container adds namespaces,
 * mounts, limits and a filter, set up by a program that is itself executed
 * for it. Each block is one start, so the interval is over few of them.
 */
#include "suite.h"

BENCH(process_start,
	.summary = "From asking for a process or container until its first instruction",
	.reading = "natively a fork; in a container its engine, the namespaces, and this program "
		   "executed again inside.",
	.cite = "Linux, fork(2), execve(2), namespaces(7)",
	.rings = RING3,
	.needs = NEED_PROCESS,
	.lifecycle = LIFECYCLE_START,
	.exits = EXITS(0, 0),
);

BENCH(process_teardown,
	.summary = "From the last instruction of a process or container until it is gone",
	.reading = "natively exit and wait; in a container also its namespaces, mounts and control "
		   "groups, and what its engine does to forget it.",
	.cite = "Linux, exit_group(2), wait(2), namespaces(7)",
	.rings = RING3,
	.needs = NEED_PROCESS,
	.lifecycle = LIFECYCLE_TEARDOWN,
	.exits = EXITS(0, 0),
);
