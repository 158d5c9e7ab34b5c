/*
 * Clocks of several CPUs are one clock: what one CPU read before it spoke is
 * not later than what the other reads after it heard.
 */
#include "smp.h"
#include "suite.h"

#define TSC	"Intel SDM vol. 3, Invariant TSC, TSC Synchronization; AMD APM " \
		"vol. 2, Time-Stamp Counter"

static volatile uint64_t theirs;

__guest void other_reads(void)
{
	if (cpu_self()->index)
		theirs = tsc_read();
}

PROBE(is_monotone_from_one_cpu_to_the_other,
	.rule = "RDTSC here, then on another CPU, then here again never goes back",
	.cite = TSC, .vcpus = 2,
	.control = "an RDTSC that does nothing is caught")
{
	uint64_t back = 0, least = ~0ull;

	for (unsigned int i = 0; i < 50; i++) {
		uint64_t before = tsc_read(), after;

		smp_run(other_reads, 0);
		after = tsc_read();
		back += theirs < before || after < theirs;
		if (theirs - before < least)
			least = theirs - before;
	}
	CHECK_EQ(0, back);
	CHECK(least < 1ull << 32);
}

__guest void other_reads_as_user(void)
{
	uint32_t lo, hi;

	if (!cpu_self()->index)
		return;
	__asm__ volatile("lfence\n\trdtsc\n\tlfence" : "=a"(lo), "=d"(hi));
	theirs = (uint64_t)hi << 32 | lo;
}

PROBE(is_the_same_clock_at_cpl3,
	.rule = "So it is where the other CPU reads it at CPL3",
	.cite = TSC, .vcpus = 2,
	.control = "an RDTSC that does nothing is caught")
{
	uint64_t back = 0;

	for (unsigned int i = 0; i < 50; i++) {
		uint64_t before = tsc_read(), after;

		smp_run(other_reads_as_user, 3);
		after = tsc_read();
		back += theirs < before || after < theirs;
	}
	CHECK_EQ(0, back);
}
