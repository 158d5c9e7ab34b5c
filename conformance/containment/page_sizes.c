/*
 * Translations whose size changes all the time, on the guest's side by its
 * tables and on the host's by its dirty log: what is read, written and
 * executed through them is the same memory.
 */
#include "item_host.h"
#include "kvm/dirty.h"
#include "../stability/racer.h"
#include "suite.h"

#define ROUNDS		256u
#define PAGES		512u
#define LARGE_BYTES	(2ull << 20)
#define PT_LARGE	0x87ull
#define PT_SMALL	7ull
#define PT_ADDRESS	0x000ffffffffff000ull
#define RET		0xc3u

static uint64_t small[PAGES] __attribute__((aligned(4096), unused));

/* The entry of the identity map for the region, a GiB below 4 of them. */
__guest uint64_t *directory_entry(uint64_t gva)
{
	uint64_t *pml4 = (uint64_t *)(read_cr3() & PT_ADDRESS);
	uint64_t *pdpt = (uint64_t *)(pml4[0] & PT_ADDRESS);
	uint64_t *pd = (uint64_t *)(pdpt[gva >> 30] & PT_ADDRESS);

	return &pd[gva >> 21 & 511];
}

/* Each round in the other size; returns how many words were not as written. */
__guest uint64_t sizes_storm(bool invalidate)
{
	volatile uint64_t *entry = directory_entry(ABI_SCRATCH_GPA);
	uint64_t wrong = 0, at;

	for (uint64_t i = 0; i < PAGES; i++)
		small[i] = (ABI_SCRATCH_GPA + (i << 12)) | PT_SMALL;
	for (uint64_t i = 0; i < ROUNDS; i++) {
		volatile uint64_t *to;

		at = ABI_SCRATCH_GPA + (i * 37 % PAGES << 12);
		to = (volatile uint64_t *)at;
		*entry = i & 1 ? ABI_SCRATCH_GPA | PT_LARGE :
			 (uint64_t)small | PT_SMALL;
		if (invalidate)
			invlpg((void *)at);
		to[1] = i;
		*(volatile uint8_t *)to = RET;
		__asm__ volatile("call *%0" :: "r"(at) : "memory");
		wrong += to[1] != i;
		/* Another page, by whatever translation there is of it. */
		if (invalidate && i) {
			at = ABI_SCRATCH_GPA + ((i - 1) * 37 % PAGES << 12);
			invlpg((void *)at);
			wrong += ((volatile uint64_t *)at)[1] != i - 1;
		}
	}
	*entry = ABI_SCRATCH_GPA | PT_LARGE;
	write_cr3(read_cr3());
	return wrong;
}

__host bool split_call(struct item_host *h, uint64_t n)
{
	struct error e;

	return dirty_log_switch(h->vm, 0, n & 1, &e) >= 0;
}

__host void split_prepare(struct item_host *h)
{
	race_begin(h, split_call);
}

PROBE(changing_page_sizes_show_the_same_memory,
	.rule = "Memory that a guest maps by large pages and small ones in turn, and the host "
		"splits and joins meanwhile, reads, writes and executes as one",
	.cite = "Intel SDM vol. 3, Large Page Size Considerations; Linux, KVM API, "
		"KVM_MEM_LOG_DIRTY_PAGES",
	.control = "a changed byte beside guest memory is caught",
	.needs = NEED_VMM | NEED_SCRATCH, .watch = WATCH_OUTSIDE,
	.prepare = HOST(split_prepare), .judge = HOST(race_judge),
	.finish = HOST(race_finish))
{
	uint64_t wrong = sizes_storm(true);

	CHECK_EQ(0, wrong);
}

PROBE(page_sizes_that_nobody_invalidates_are_survived,
	.rule = "Code that runs through a page whose size changes without an invalidation "
		"reads its memory and stops no CPU of the host",
	.cite = "CVE-2018-12207 (iTLB multihit), as commonly cited; Linux, "
		"itlb_multihit; Intel SDM vol. 3, Details of TLB Use",
	.control = "a changed byte beside guest memory is caught",
	.needs = NEED_VMM | NEED_SCRATCH, .hostile = true,
	.watch = WATCH_OUTSIDE, .prepare = HOST(split_prepare),
	.judge = HOST(race_judge), .finish = HOST(race_finish))
{
	uint64_t wrong = sizes_storm(false);

	CHECK_EQ(0, wrong);
}
