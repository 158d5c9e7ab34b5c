/*
 * A second CPU as the clock: what a hypervisor does to RDTSC does not matter
 * to an attacker who counts in another thread.
 *
 * The guest's second vCPU and the process's second thread run the same code
 * at CPL3.
 */
#include "cpus.h"
#include "item_host.h"
#include "smp.h"
#include "way.h"

#define PATIENCE	(1u << 29)	/* turns in all, for the other to be there */
#define NO_MANUAL	"no manual says how long: compared with this machine's own"

static volatile uint64_t shared __attribute__((aligned(64)));
static volatile uint32_t over __attribute__((aligned(64)));

static inline void follower_counts(void)
{
	uint64_t n = 0;

	while (!over)
		shared = ++n;
}

static inline void follower_clocks(void)
{
	while (!over)
		shared = tsc_read();
}

/* A busy host may keep it off its CPU; not for ever. */
static inline bool follower_there(unsigned int *patience)
{
	uint64_t before = shared;

	for (; *patience; --*patience)
		if (shared != before)
			return true;
	return false;
}

/* Counts of the other over a CPUID, and over a loop that does not exit. */
static inline void leader_counts(struct abi_mailbox *mb)
{
	unsigned int patience = PATIENCE;
	uint32_t a, b, c, d;

	for (unsigned int i = 0;
	     i < WAY_SAMPLES && follower_there(&patience); i++) {
		uint64_t begin = shared, middle, n = 4000;

		arch_cpuid(0, 0, &a, &b, &c, &d);
		middle = shared;
		__asm__ volatile("1: dec %0\n\tjnz 1b" : "+r"(n) :: "cc", "memory");
		sample_put(mb, middle - begin, shared - middle);
	}
	over = 1;
}

/* The other's clock over CPUIDs, and one's own. */
static inline void leader_clocks(struct abi_mailbox *mb)
{
	unsigned int patience = PATIENCE;
	uint32_t a, b, c, d;

	for (unsigned int i = 0;
	     i < WAY_SAMPLES && follower_there(&patience); i++) {
		uint64_t theirs = shared, own = tsc_read();

		for (unsigned int k = 0; k < 4; k++)
			arch_cpuid(0, 0, &a, &b, &c, &d);
		own = tsc_read() - own;
		sample_put(mb, shared - theirs, own);
	}
	over = 1;
}

__guest void race_counts(void)
{
	if (cpu_self()->index)
		follower_counts();
	else
		leader_counts(mailbox);
}

__guest void race_clocks(void)
{
	if (cpu_self()->index)
		follower_clocks();
	else
		leader_clocks(mailbox);
}

__guest void race(void (*fn)(void))
{
	smp_run(fn, 3);
	verdict_set(mailbox->stamps_done ? ABI_PASS : ABI_ERROR,
		    mailbox->stamps_done ? "" : "the other CPU did not run");
}

__host void process_race(struct item_host *h, void (*follower)(void),
			 void (*leader)(struct abi_mailbox *))
{
	struct error e;

	if (host_said(h, host_beside(h, follower, leader, &e), &e))
		return;
	host_verdict(h, h->mailbox->stamps_done ? ABI_PASS : ABI_ERROR,
		     h->mailbox->stamps_done ? "" :
		     "the other thread did not run");
}

__host void process_counts(struct item_host *h)
{
	process_race(h, follower_counts, leader_counts);
}

__host void process_clocks(struct item_host *h)
{
	process_race(h, follower_clocks, leader_clocks);
}

WAY(counter_thread,
	.kind = WAY_RATIO,
	.probe.rule = "One CPUID in units of a counted loop, both timed by what "
		      "another CPU counts meanwhile: no TSC takes part",
	.probe.cite = NO_MANUAL, .probe.rings = RING0, .probe.vcpus = 2,
	.probe.process = HOST(process_counts))
{
	race(race_counts);
}

WAY(cross_vcpu_clock,
	.kind = WAY_RATIO,
	.probe.rule = "Another CPU's TSC over four CPUIDs, in units of this one's: "
		      "1 unless exits are taken off this one's time",
	.probe.cite = NO_MANUAL, .probe.rings = RING0, .probe.vcpus = 2,
	.probe.process = HOST(process_clocks))
{
	race(race_clocks);
}
