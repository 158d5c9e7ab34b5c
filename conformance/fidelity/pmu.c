/*
 * Performance counters count what the program did, to the instruction: across
 * exits, at their overflow, and as CPUID describes them.
 *
 * Architectural events of Intel's leaf 0AH, or AMD's four legacy counters
 * where the extended ones are told. Where there is no PMU there is nothing.
 */
#include "suite.h"

#define PMU	"Intel SDM vol. 3, Architectural Performance Monitoring; AMD APM " \
		"vol. 2, Performance Monitoring Counters"

enum { MSR_PMC0 = 0xc1, MSR_SELECT0 = 0x186, MSR_GLOBAL_STATUS = 0x38e,
       MSR_GLOBAL_CTRL = 0x38f, MSR_GLOBAL_RESET = 0x390 };
#define MSR_AMD_SELECT0	0xc0010200u
#define MSR_AMD_PMC0	0xc0010201u
enum { COUNT_CPL0 = 1 << 17, COUNT_CPL3 = 1 << 16, ENABLE = 1 << 22 };
enum { INSTRUCTIONS = 0xc0, BRANCHES_INTEL = 0xc4, BRANCHES_AMD = 0xc2 };
enum { ATTEMPTS = 20, LOOPS = 1000 };

__guest unsigned int pmu_version(void)
{
	return cpuid_reg(0xa, 0, 0) & 0xff;
}

__guest const char *no_counters(void)
{
	uint64_t v;

	if (cpu_is_intel() && !(pmu_version() &&
				(cpuid_reg(0xa, 0, 0) >> 8 & 0xff)))
		return "CPUID 0AH: no counters";
	if (!cpu_is_intel() && !(cpuid_reg(0x80000001u, 0, 2) >> 23 & 1))
		return "CPUID: no extended counters";
	/* The leaf's own probe fails then. */
	return rdmsr_safe(cpu_is_intel() ? MSR_SELECT0 : MSR_AMD_SELECT0,
			  &v) == NO_FAULT ? NULL
	       : "counters that CPUID tells raise #GP";
}

__guest uint32_t counter_msr(void)
{
	return cpu_is_intel() ? MSR_PMC0 : MSR_AMD_PMC0;
}

__guest void counter_open(uint32_t event, uint64_t begin)
{
	uint32_t select = cpu_is_intel() ? MSR_SELECT0 : MSR_AMD_SELECT0;

	wrmsr(select, 0);
	wrmsr(counter_msr(), begin);
	if (cpu_is_intel() && pmu_version() >= 2)
		wrmsr(MSR_GLOBAL_CTRL, 1);
	wrmsr(select, event | COUNT_CPL0 | COUNT_CPL3 | ENABLE);
}

__guest uint64_t counter_close(void)
{
	uint64_t v;

	wrmsr(cpu_is_intel() ? MSR_SELECT0 : MSR_AMD_SELECT0, 0);
	v = rdmsr(counter_msr());
	if (cpu_is_intel() && pmu_version() >= 2)
		wrmsr(MSR_GLOBAL_CTRL, 0);
	return v;
}

/* Two instructions a turn, one of them a branch; with `exits` three. */
__guest void loop_run(uint64_t n, bool exits)
{
	if (exits)
		__asm__ volatile("1: in $0x80, %%al\n\tdec %0\n\tjnz 1b"
				 : "+c"(n) :: "rax", "cc");
	else
		__asm__ volatile("1: dec %0\n\tjnz 1b" : "+c"(n) :: "cc");
}

/* What `n` more turns cost in events; the least, since interrupts add. */
__guest uint64_t turns_cost(uint32_t event, uint64_t n, bool exits)
{
	uint64_t least = ~0ull;

	for (unsigned int i = 0; i < ATTEMPTS; i++) {
		uint64_t few, many;

		counter_open(event, 0);
		loop_run(1, exits);
		few = counter_close();
		counter_open(event, 0);
		loop_run(1 + n, exits);
		many = counter_close();
		if (many - few < least)
			least = many - few;
	}
	return least;
}

PROBE(leaf_describes_what_is_there,
	.rule = "Counters that CPUID 0AH describes can be read, and have 64 bits at most",
	.cite = PMU "; Intel SDM vol. 2, CPUID, Leaf 0AH",
	.control = "a leaf that promises counters is caught")
{
	uint32_t a = cpuid_reg(0xa, 0, 0), d = cpuid_reg(0xa, 0, 3);
	unsigned int version = a & 0xff, counters = a >> 8 & 0xff;
	uint64_t v;

	CHECK((a >> 16 & 0xff) <= 64);
	CHECK(version || !counters);
	for (unsigned int i = 0; version && i < counters; i++) {
		CHECK_EQ(NO_FAULT, rdmsr_safe(MSR_PMC0 + i, &v));
		CHECK_EQ(NO_FAULT, rdmsr_safe(MSR_SELECT0 + i, &v));
	}
	for (unsigned int i = 0; version >= 2 && i < (d & 31); i++)
		CHECK_EQ(NO_FAULT, rdmsr_safe(0x309 + i, &v));
	if (version >= 2)
		CHECK_EQ(NO_FAULT, rdmsr_safe(MSR_GLOBAL_STATUS, &v));
}

PROBE(instructions_are_counted_exactly,
	.rule = "A thousand turns of two instructions retire two thousand",
	.cite = PMU, .skip = GUEST(no_counters),
	.control = "a WRMSR that does nothing is caught")
{
	CHECK_EQ(2 * LOOPS, turns_cost(INSTRUCTIONS, LOOPS, false));
}

PROBE(branches_are_counted_exactly,
	.rule = "A thousand turns of one branch retire a thousand branches",
	.cite = PMU, .skip = GUEST(no_counters),
	.control = "a WRMSR that does nothing is caught")
{
	CHECK_EQ(LOOPS, turns_cost(cpu_is_intel() ? BRANCHES_INTEL :
				   BRANCHES_AMD, LOOPS, false));
}

PROBE(instructions_that_exit_count_once,
	.rule = "An instruction that the hypervisor serves is retired once",
	.cite = PMU, .skip = GUEST(no_counters),
	.control = "a WRMSR that does nothing is caught")
{
	CHECK_EQ(3 * 100, turns_cost(INSTRUCTIONS, 100, true));
}

__guest const char *no_overflow(void)
{
	const char *why = no_counters();

	if (why)
		return why;
	return cpu_is_intel() && pmu_version() >= 2 ? NULL
	       : "no global status: it needs version 2 of Intel's PMU";
}

PROBE(overflow_is_shown_and_cleared,
	.rule = "A counter that overflows sets its bit of the global status until it is reset",
	.cite = PMU, .skip = GUEST(no_overflow),
	.control = "a WRMSR that does nothing is caught")
{
	/* Writes of a counter are sign-extended from bit 31. */
	wrmsr(MSR_GLOBAL_RESET, 1);
	CHECK_EQ(0, rdmsr(MSR_GLOBAL_STATUS) & 1);
	counter_open(INSTRUCTIONS, (uint64_t)-100ll);
	loop_run(LOOPS, false);
	counter_close();
	CHECK_EQ(1, rdmsr(MSR_GLOBAL_STATUS) & 1);
	wrmsr(MSR_GLOBAL_RESET, 1);
	CHECK_EQ(0, rdmsr(MSR_GLOBAL_STATUS) & 1);
}
