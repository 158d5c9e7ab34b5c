/*
 * A spin lock that every vCPU wants: throughput of the lock, and what becomes
 * of it when its holder, or the next in line, has no CPU.
 *
 * Test-and-set gives the lock to whoever comes by first; a ticket lock keeps
 * the order, so that it also waits for those in line who are not running. The
 * critical section adds to a counter, which shows afterwards that nobody was
 * in it at the same time.
 */
#include "spin.h"

static __attribute__((unused)) struct {
	volatile uint32_t held __attribute__((aligned(64)));
	volatile uint32_t next;			/* ticket to be drawn ... */
	volatile uint32_t served __attribute__((aligned(64)));	/* ... and in */
	volatile uint64_t counter __attribute__((aligned(64)));
} lock;

__guest void tas_op(void)
{
	struct spin_wait w = { 0 };
	uint32_t held = 1;

	for (;;) {
		__asm__ volatile("xchg %0, %1"
				 : "+r"(held), "+m"(lock.held) : : "memory");
		if (!held)
			break;
		while (lock.held)
			spin_turn(&w, false);
	}
	lock.counter++;
	__asm__ volatile("" ::: "memory");
	lock.held = 0;
	spin_done(&w);
}

__guest void ticket_op(void)
{
	struct spin_wait w = { 0 };
	uint32_t ticket = 1;

	__asm__ volatile("lock xadd %0, %1"
			 : "+r"(ticket), "+m"(lock.next) : : "memory");
	while (lock.served != ticket)
		spin_turn(&w, ticket - lock.served > 1);
	lock.counter++;
	__asm__ volatile("" ::: "memory");
	lock.served = ticket + 1;
	spin_done(&w);
}

__guest void lock_reset(void)
{
	lock.counter = 0;
}

__guest void tas_setup(void)
{
	spin_prepare(tas_op, false);
	lock_reset();
}

__guest void ticket_setup(void)
{
	spin_prepare(ticket_op, true);
	lock_reset();
}

__guest void lock_teardown(void)
{
	spin_teardown();
	if (lock.counter != mailbox->ret[0])
		verdict_set(ABI_ERROR, "two vCPUs were in the critical section at once");
}

#define LOCKED								\
	.cite = "V. Uhlig et al., Towards Scalable Multiprocessor Virtual Machines (VM 2004); " \
		"J. Mellor-Crummey and M. Scott, Algorithms for Scalable Synchronization",	\
	.rings = RING3,							\
	.scales = true,							\
	.stalls = true,							\
	.teardown = GUEST(lock_teardown),				\
	.exits = EXITS(0, 0)

BENCH(spinlock_tas,
	.summary = "A test-and-set lock taken and released by every vCPU at once",
	.reading = "Where vCPUs take turns a waiter gives its CPU away after 256 turns. Stalls are "
		   "waits longer than 100 times the lock alone: its holder had no CPU.",
	.setup = GUEST(tas_setup),
	.op = GUEST(tas_op),
	LOCKED,
);

BENCH(spinlock_ticket,
	.summary = "A ticket lock taken and released by every vCPU at once",
	.reading = "In order of arrival. Where vCPUs take turns all wait for whoever is next and "
		   "has no CPU: compare the stalls of spinlock_tas.",
	.setup = GUEST(ticket_setup),
	.op = GUEST(ticket_op),
	LOCKED,
);
