/*
 * What exits cost: CPUID leaves every VMX guest and most SVM ones, whatever
 * it answers, so its time cannot be hidden without lying about time itself.
 */
#include "way.h"

#define NO_MANUAL	"no manual says what it costs: compared with this "	\
			"machine's own"

WAY(cpuid_latency,
	.kind = WAY_TIME,
	.probe.rule = "TSC cycles of one CPUID between two fenced RDTSC",
	.probe.cite = NO_MANUAL, .probe.rings = RING3)
{
	uint32_t a, b, c, d;

	for (unsigned int i = 0; i < WAY_SAMPLES + WAY_WARM; i++) {
		uint64_t begin = tsc_read(), end;

		arch_cpuid(0, 0, &a, &b, &c, &d);
		end = tsc_read();
		if (i >= WAY_WARM)
			sample_put(mailbox, begin, end);
	}
	verdict_set(ABI_PASS, "");
}

/* A chain of so many dependent additions: the CPU's own clock. */
__guest void chain(unsigned int turns)
{
	uint64_t n = turns;

	__asm__ volatile("1: dec %0\n\tjnz 1b" : "+r"(n) :: "cc");
}

WAY(cpuid_in_loops,
	.kind = WAY_RATIO,
	.probe.rule = "One CPUID in units of a counted loop, both timed by RDTSC: "
		      "scaling the TSC does not change it",
	.probe.cite = NO_MANUAL, .probe.rings = RING3)
{
	uint32_t a, b, c, d;

	for (unsigned int i = 0; i < WAY_SAMPLES + WAY_WARM; i++) {
		uint64_t begin = tsc_read(), middle, end;

		arch_cpuid(0, 0, &a, &b, &c, &d);
		middle = tsc_read();
		chain(2000);
		end = tsc_read();
		if (i >= WAY_WARM)
			sample_put(mailbox, middle - begin, end - middle);
	}
	verdict_set(ABI_PASS, "");
}

WAY(rdtsc_gap,
	.kind = WAY_TIME,
	.probe.rule = "The longest gap in 500 RDTSC in a row: what takes the CPU away",
	.probe.cite = NO_MANUAL, .probe.rings = RING3)
{
	for (unsigned int i = 0; i < WAY_SAMPLES; i++) {
		uint64_t last = tsc_read(), longest = 0;

		for (unsigned int k = 0; k < 500; k++) {
			uint64_t now = tsc_read();

			if (now - last > longest)
				longest = now - last;
			last = now;
		}
		sample_put(mailbox, 0, longest);
	}
	verdict_set(ABI_PASS, "");
}

WAY(kernel_code_latency,
	.kind = WAY_TIME,
	.probe.rule = "TSC cycles of 16 turns of a counted loop at CPL0 (native: "
		      "CPL3): innocuous code that only an interpreter slows",
	.probe.cite = NO_MANUAL, .probe.rings = RING0)
{
	for (unsigned int i = 0; i < WAY_SAMPLES + WAY_WARM; i++) {
		uint64_t begin = tsc_read(), end;

		chain(16);
		end = tsc_read();
		if (i >= WAY_WARM)
			sample_put(mailbox, begin, end);
	}
	verdict_set(ABI_PASS, "");
}
