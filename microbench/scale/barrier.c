/*
 * A barrier of all vCPUs: nobody goes on before all have arrived. It is the
 * pace of parallel programs, and it is only as fast as the slowest vCPU, so
 * with more vCPUs than CPUs it is the scheduler's turn-around that is seen.
 */
#include "spin.h"

static __attribute__((unused)) struct {
	volatile uint32_t arrived __attribute__((aligned(64)));
	volatile uint32_t round __attribute__((aligned(64)));
	uint32_t cpus;
} barrier;

__guest void barrier_op(void)
{
	struct spin_wait w = { 0 };
	uint32_t round = barrier.round, before = 1;

	__asm__ volatile("lock xadd %0, %1"
			 : "+r"(before), "+m"(barrier.arrived) : : "memory");
	if (before + 1 == barrier.cpus) {
		barrier.arrived = 0;
		__asm__ volatile("" ::: "memory");
		barrier.round = round + 1;
	} else {
		while (barrier.round == round)
			spin_turn(&w, false);
	}
	spin_done(&w);
}

__guest void barrier_setup(void)
{
	barrier.cpus = 1;
	spin_prepare(barrier_op, true);
	barrier.cpus = smp_cpus();
}

BENCH(barrier,
	.summary = "A barrier that every vCPU must reach before any goes on",
	.reading = "With one vCPU it is two atomic operations. Where vCPUs take turns a waiter "
		   "gives its CPU away after 256 turns, and a round takes as long as it takes to "
		   "let each of them run. Stalls are waits longer than 100 times a barrier of one.",
	.cite = "J. Mellor-Crummey and M. Scott, Algorithms for Scalable Synchronization on "
		"Shared-Memory Multiprocessors",
	.rings = RING3,
	.scales = true,
	.stalls = true,
	.setup = GUEST(barrier_setup),
	.op = GUEST(barrier_op),
	.teardown = GUEST(spin_teardown),
	.exits = EXITS(0, 0),
);
