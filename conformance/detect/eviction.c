/*
 * What an exit leaves behind: the hypervisor's code and data have been in the
 * caches and TLBs. The guest's next accesses tell, even where the exit's own
 * time is lied away. Each sample is a walk after a CPUID over one without.
 */
#include "way.h"

#define PAGE	4096u
#define LINE	64u

static volatile uint8_t memory[48 * PAGE] __attribute__((aligned(4096)));

__guest uint64_t walk(unsigned int count, unsigned int step)
{
	uint64_t begin = tsc_read();

	for (unsigned int i = 0; i < count; i++)
		(void)memory[i * step];
	return tsc_read() - begin;
}

__guest void walks(unsigned int count, unsigned int step)
{
	uint32_t a, b, c, d;

	for (unsigned int i = 0; i < WAY_SAMPLES + WAY_WARM; i++) {
		uint64_t warm, after;

		walk(count, step);
		warm = walk(count, step);
		arch_cpuid(0, 0, &a, &b, &c, &d);
		after = walk(count, step);
		if (i >= WAY_WARM)
			sample_put(mailbox, after, warm);
	}
	verdict_set(ABI_PASS, "");
}

#define NO_MANUAL	"no manual says what stays: compared with this machine's own"

WAY(tlb_eviction,
	.kind = WAY_RATIO,
	.probe.rule = "A walk over 48 pages after a CPUID, in units of one without: "
		      "translations that the exit threw out",
	.probe.cite = NO_MANUAL, .probe.rings = RING3)
{
	/* Off the page's first line, lest all share a set of the cache. */
	walks(48, PAGE - LINE);
}

WAY(cache_eviction,
	.kind = WAY_RATIO,
	.probe.rule = "A walk over 24 KiB of lines after a CPUID, in units of one "
		      "without: first-level cache lines that the exit threw out",
	.probe.cite = NO_MANUAL, .probe.rings = RING3)
{
	walks(24 * 1024 / LINE, LINE);
}
