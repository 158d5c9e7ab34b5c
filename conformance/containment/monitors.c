/*
 * What watches a CPU (last-branch records, counters, Processor Trace) belongs
 * to whoever it was given to: a guest sees nothing of its host through it, and
 * cannot start what was not offered.
 */
#include "suite.h"

#define LASTBRANCH_FROM	0x1dbu		/* and TO, and of exceptions */
#define LBR_STACK	0x680u
#define ARCH_LBR_FROM	0x1500u
#define LBR_ENTRIES	32u
#define KERNEL		(1ull << 63)	/* where no address of this image is */
#define RTIT_CTL	0x570u
#define RTIT_OUTPUT	0x560u
#define RTIT_STATUS	0x571u
#define GLOBAL_CTRL	0x38fu
#define FIXED_CTRL	0x38du
#define FIXED_CTR0	0x309u		/* instructions retired */
#define K7_EVNTSEL0	0xc0010000u
#define K7_CTR0		0xc0010004u
#define AMD_RETIRED	0xc0u
#define TURNS		64u
#define MOST_AN_EXIT	64u		/* instructions, of the guest's loop */

__guest uint32_t leaks_in(uint32_t first, uint32_t count, uint32_t *read)
{
	uint32_t leaks = 0;
	uint64_t v;

	for (uint32_t i = 0; i < count; i++)
		if (rdmsr_safe(first + i, &v) == NO_FAULT) {
			++*read;
			/* Some keep flags in the highest bits of FROM. */
			leaks += (v << 3 & KERNEL) && v << 3 != ~0ull << 3;
		}
	return leaks;
}

static uint32_t records_read;

__guest const char *no_records(void)
{
	records_read = 0;
	leaks_in(LASTBRANCH_FROM, 4, &records_read);
	leaks_in(LBR_STACK, LBR_ENTRIES, &records_read);
	leaks_in(ARCH_LBR_FROM, LBR_ENTRIES, &records_read);
	return records_read ? NULL : "no register of last branches can be read";
}

PROBE(last_branches_are_not_the_hosts,
	.rule = "Registers of last branches tell, at first and after exits, of no branch in a "
		"kernel: this guest has none there",
	.cite = "Intel SDM vol. 3, Last Branch, Interrupt, and Exception Recording; AMD APM "
		"vol. 2, Control-Transfer Breakpoint Features",
	.control = "an RDMSR that gives an address of a kernel is caught",
	.needs = NEED_VMM, .watch = WATCH_OUTSIDE, .skip = GUEST(no_records))
{
	uint32_t read = 0, leaks = 0;

	for (uint32_t i = 0; i < 4; i++) {
		leaks += leaks_in(LASTBRANCH_FROM, 4, &read);
		leaks += leaks_in(LBR_STACK, LBR_ENTRIES, &read);
		leaks += leaks_in(0x6c0, LBR_ENTRIES, &read);
		leaks += leaks_in(ARCH_LBR_FROM, LBR_ENTRIES, &read);
		leaks += leaks_in(0x1600, LBR_ENTRIES, &read);
		outl(ABI_PORT_USER, i);
		cpuid_reg(0, 0, 0);
	}
	CHECK_EQ(0, leaks);
}

__guest bool trace_offered(void)
{
	return cpuid_reg(7, 0, 1) >> 25 & 1;
}

__guest const char *trace_is_offered(void)
{
	return trace_offered() ? "Processor Trace is offered: it may be started"
			       : NULL;
}

PROBE(trace_that_is_not_offered_cannot_start,
	.rule = "Where CPUID offers no Processor Trace its MSRs raise #GP, or hold nothing",
	.cite = "Intel SDM vol. 3, Intel Processor Trace, Configuration and Programming",
	.control = "a WRMSR that does nothing is caught",
	.needs = NEED_VMM, .watch = WATCH_OUTSIDE,
	.skip = GUEST(trace_is_offered))
{
	static const uint32_t msrs[] = { RTIT_CTL, RTIT_OUTPUT, RTIT_STATUS };
	uint64_t v = 0, held = 0, halves = 0;

	for (uint32_t i = 0; i < 3; i++) {
		bool written = wrmsr_safe(msrs[i], 1) == NO_FAULT;
		bool read = rdmsr_safe(msrs[i], &v) == NO_FAULT;

		held += read && v;
		halves += written != read;
	}
	CHECK_EQ(0, held);
	/* There to be written and not to be read, or the other way round. */
	CHECK_EQ(0, halves);
}

static bool fixed_counter;

__guest const char *no_counters(void)
{
	uint32_t a = cpuid_reg(0xa, 0, 0);

	fixed_counter = (a & 0xff) >= 2 && (cpuid_reg(0xa, 0, 3) & 31);
	if (fixed_counter)
		return NULL;
	if (!cpu_is_intel() &&
	    wrmsr_safe(K7_EVNTSEL0, 3 << 16 | 1 << 22 | AMD_RETIRED) ==
	    NO_FAULT) {
		uint64_t before = 0, after = 0;

		rdmsr_safe(K7_CTR0, &before);
		for (volatile uint32_t i = 0; i < 100; i++)
			;
		if (rdmsr_safe(K7_CTR0, &after) == NO_FAULT && after > before)
			return NULL;
	}
	return "no counter of retired instructions counts here";
}

PROBE(counters_count_nothing_of_the_host,
	.rule = "A counter of retired instructions at all CPLs does not count those that the "
		"host executes to serve exits",
	.cite = "Intel SDM vol. 3, Performance Monitoring; VM-Execution Controls: "
		"IA32_PERF_GLOBAL_CTRL; AMD APM vol. 2, Performance Counters, Host/Guest Only",
	.control = "an RDMSR that gives the TSC is caught",
	.needs = NEED_VMM, .watch = WATCH_OUTSIDE, .skip = GUEST(no_counters))
{
	uint32_t counter = fixed_counter ? FIXED_CTR0 : K7_CTR0;
	uint64_t before, after;

	if (fixed_counter) {
		wrmsr(FIXED_CTRL, 3);
		wrmsr(GLOBAL_CTRL, 1ull << 32);
	}
	before = rdmsr(counter);
	for (uint32_t i = 0; i < TURNS; i++)
		outl(ABI_PORT_USER, i);
	after = rdmsr(counter);
	if (fixed_counter)
		wrmsr(GLOBAL_CTRL, 0);
	else
		wrmsr(K7_EVNTSEL0, 0);
	CHECK(after - before >= TURNS);
	CHECK(after - before <= TURNS * MOST_AN_EXIT);
}
