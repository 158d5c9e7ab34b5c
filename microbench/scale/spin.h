/*
 * How vCPUs wait for each other in a bench, and how often one waited for
 * somebody who had no CPU: a lock-holder stall.
 *
 * A waiter spins. Where vCPUs take turns it would spin while those it waits
 * for are kept from the CPU, and so it gives its own away now and then, as a
 * guest's paravirtual lock does; the host takes those exits off again. The
 * count is of waits longer than 100 times what the operation takes alone.
 */
#ifndef VMGAUGE_SCALE_SPIN_H
#define VMGAUGE_SCALE_SPIN_H

#include "smp.h"
#include "suite.h"

#define YIELD_TURNS	256u	/* tens of microseconds with PAUSE */
#define ALONE_TIMES	15
#define ALONE_OPS	16
#define STALL_RATIO	100
#define CROWD_OPS	512u	/* of all vCPUs that take turns, in a batch */

/* In cpu->own[]: of this vCPU alone, so that counting shares no line. */
enum { SPIN_DONE, SPIN_STALLS, SPIN_LONGEST };

static __attribute__((unused)) struct {
	uint64_t stall_cycles __attribute__((aligned(64)));
	bool yields;
	void (*alone)(void);
} spin;

struct spin_wait {
	uint64_t begin_tsc;
	uint32_t turns;
};

static inline uint64_t spin_tsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

/* `far`: others come first, so that there is nothing to be seen for a while. */
static inline void spin_turn(struct spin_wait *w, bool far)
{
	if (!w->turns)
		w->begin_tsc = spin_tsc();
	cpu_relax();
	if ((++w->turns % YIELD_TURNS == 0 || far) && spin.yields)
		bell_ring(ABI_BELL_YIELD);
}

/* Once it has what it waited for, or did not have to wait for. */
static inline void spin_done(const struct spin_wait *w)
{
	uint64_t *own = cpu_self()->own;

	own[SPIN_DONE]++;
	if (w->turns) {
		uint64_t cycles = spin_tsc() - w->begin_tsc;

		if (cycles > own[SPIN_LONGEST])
			own[SPIN_LONGEST] = cycles;
		own[SPIN_STALLS] += cycles > spin.stall_cycles;
	}
}

/* The median of a few: nobody else runs yet. */
__guest void spin_alone(void)
{
	uint64_t sorted[ALONE_TIMES] = { 0 };

	for (int i = 0; i < ALONE_TIMES; i++) {
		uint64_t cycles = tsc_read();
		int at = i;

		for (int k = 0; k < ALONE_OPS; k++)
			spin.alone();
		cycles = (tsc_read() - cycles) / ALONE_OPS;
		for (; at && sorted[at - 1] > cycles; at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = cycles;
	}
	spin.stall_cycles = STALL_RATIO * (sorted[ALONE_TIMES / 2] + 1);
	for (int i = 0; i < 8; i++)
		cpu_self()->own[i] = 0;
}

/*
 * In setup(), at CPL0; `alone` is the operation or its like. `in_order`: each
 * waits for all others' turns. Where vCPUs have none of their own some
 * operations are enough then; the shortest time of a vCPU, which a batch is
 * sized by, says nothing of the longest.
 */
__guest void spin_prepare(void (*alone)(void), bool in_order)
{
	spin.alone = alone;
	spin.yields = mailbox->parks;
	if (mailbox->ring == 3)
		ring3_call(spin_alone);
	else
		spin_alone();
	if (spin.yields && in_order)
		mailbox->max_ops = CROWD_OPS > smp_cpus() ?
				   CROWD_OPS / smp_cpus() : 1;
}

/* The sum over all vCPUs, for the host (bench.stalls). */
__guest void spin_sum(void)
{
	uint64_t done = 0, stalls = 0, longest = 0;

	for (uint32_t i = 0; i < smp_cpus(); i++) {
		const uint64_t *own = cpu_at(i)->own;

		done += own[SPIN_DONE];
		stalls += own[SPIN_STALLS];
		if (own[SPIN_LONGEST] > longest)
			longest = own[SPIN_LONGEST];
	}
	mailbox->ret[0] = done;
	mailbox->ret[1] = stalls;
	mailbox->ret[2] = longest;
	mailbox->ret[3] = spin.stall_cycles;
}

__guest void spin_teardown(void)
{
	ring3_call(spin_sum);
}

#endif
