/*
 * What a translation may be remembered for, and what must make it forgotten.
 *
 * A stale translation in a guest is another process's memory. Shadow paging
 * has to find each of these moments in what the guest does.
 */
#include "suite.h"

#define FORGETS	"Intel SDM vol. 3, Operations that Invalidate TLBs and " \
		"Paging-Structure Caches; AMD APM vol. 2, Translation-" \
		"Lookaside Buffer (TLB), TLB Management"

enum { P = 1, W = 2, U = 4, A = 0x20, D = 0x40, PS = 0x80, G = 0x100 };
#define WINDOW	0x100000000ull
#define NOFLUSH	(1ull << 63)

static uint64_t pd[512] __attribute__((aligned(4096)));
static uint64_t pt[2][512] __attribute__((aligned(4096)));
static uint64_t second_pml4[512] __attribute__((aligned(4096)));
static uint64_t second_pdpt[512] __attribute__((aligned(4096)));
static uint64_t second_pd[512] __attribute__((aligned(4096)));
static volatile uint64_t page[2][512] __attribute__((aligned(4096))) = {
	{ 0x1111 }, { 0x2222 },
};

static volatile uint64_t *const window = (volatile uint64_t *)WINDOW;
static volatile uint64_t *const pte = &pt[0][0];

__guest uint64_t *pdpt_of_image(void)
{
	uint64_t *pml4 = (uint64_t *)(read_cr3() & ~0xfffull);

	return (uint64_t *)(pml4[0] & 0x000ffffffffff000ull);
}

/* The window is the first page, by the first table; then it is another. */
__guest void window_open(uint64_t more)
{
	pt[0][0] = (uint64_t)page[0] | P | W | U | more;
	pt[1][0] = (uint64_t)page[1] | P | W | U;
	pd[0] = (uint64_t)pt[0] | P | W | U;
	pdpt_of_image()[4] = (uint64_t)pd | P | W | U;
	write_cr3(read_cr3());
	CHECK_EQ(0x1111, window[0]);
}

__guest void second_page(uint64_t more)
{
	*pte = (uint64_t)page[1] | P | W | U | more;
}

PROBE(cr3_load_forgets,
	.rule = "MOV to CR3 forgets translations that are not global",
	.cite = FORGETS,
	.control = "a load that gives its address is caught")
{
	window_open(0);
	second_page(0);
	write_cr3(read_cr3());
	CHECK_EQ(0x2222, window[0]);
}

PROBE(invlpg_forgets_global_pages,
	.rule = "INVLPG forgets a global translation as well",
	.cite = FORGETS,
	.control = "a load that gives its address is caught")
{
	uint64_t cr4 = read_cr4();

	write_cr4(cr4 | CR4_PGE);
	window_open(G);
	second_page(G);
	invlpg(window);
	CHECK_EQ(0x2222, window[0]);
	*pte = 0;
	invlpg(window);
	write_cr4(cr4 & ~(uint64_t)CR4_PGE);
	write_cr4(cr4);
}

PROBE(changing_pge_forgets_global_pages,
	.rule = "A MOV to CR4 that changes PGE forgets global translations",
	.cite = FORGETS,
	.control = "a load that gives its address is caught")
{
	uint64_t cr4 = read_cr4();

	write_cr4(cr4 | CR4_PGE);
	window_open(G);
	second_page(G);
	write_cr4(cr4 & ~(uint64_t)CR4_PGE);
	CHECK_EQ(0x2222, window[0]);
	write_cr4(cr4);
}

PROBE(invlpg_forgets_upper_entries,
	.rule = "INVLPG forgets the PDE on the way to its page, too",
	.cite = FORGETS,
	.control = "a load that gives its address is caught")
{
	window_open(0);
	*(volatile uint64_t *)pd = (uint64_t)pt[1] | P | W | U;
	invlpg(window);
	CHECK_EQ(0x2222, window[0]);
}

PROBE(absent_entries_are_not_remembered,
	.rule = "An entry that becomes present is used without any invalidation",
	.cite = "Intel SDM vol. 3, Caching Translation Information (only "
		"present entries); AMD APM vol. 2, TLB Management",
	.control = "an INVLPG that does nothing is caught")
{
	uint64_t v = 0;

	window_open(0);
	*pte = 0;
	invlpg(window);
	CHECK_EQ(VEC_PF, asm_safe("movq (%1), %0", : "=a"(v) : "D"(window)));
	second_page(0);
	CHECK_EQ(NO_FAULT, asm_safe("movq (%1), %0", : "=a"(v)
				    : "D"(window) : "memory"));
	CHECK_EQ(0x2222, v);
}

PROBE(cleared_bits_are_set_again,
	.rule = "A and D that were cleared, and INVLPGed, are set by the next access",
	.cite = "Intel SDM vol. 3, Accessed and Dirty Flags; AMD APM vol. 2, "
		"Accessed (A) Bit, Dirty (D) Bit",
	.control = "a store that does nothing is caught")
{
	window_open(0);
	window[1] = 1;
	CHECK_EQ(A | D, *pte & (A | D));
	*pte &= ~(uint64_t)(A | D);
	invlpg(window);
	CHECK_EQ(0x1111, window[0]);
	CHECK_EQ(A, *pte & (A | D));
	__asm__ volatile("movq $2, 8(%0)" :: "r"(window) : "memory");
	CHECK_EQ(A | D, *pte & (A | D));
}

PROBE(split_of_a_large_page_is_seen,
	.rule = "A 2 MiB page that became a table is that after INVLPG of any page of it",
	.cite = FORGETS,
	.control = "a load that gives its address is caught")
{
	uint64_t offset = (uint64_t)page[0] & 0x1fffff;
	volatile uint64_t *inside = window + offset / 8;

	window_open(0);
	*(volatile uint64_t *)pd = ((uint64_t)page[0] & ~0x1fffffull) | P | W |
				   U | PS;
	write_cr3(read_cr3());
	CHECK_EQ(0x1111, inside[0]);
	pt[1][offset >> 12] = (uint64_t)page[1] | P | W | U;
	*(volatile uint64_t *)pd = (uint64_t)pt[1] | P | W | U;
	invlpg(inside);
	CHECK_EQ(0x2222, inside[0]);
}

__guest const char *no_pcid(void)
{
	return cpuid_reg(1, 0, 2) & 1 << 17 ? NULL : "CPUID: no PCID";
}

/* Tables where the window is the second page, and all else as it was. */
__guest void second_tables(void)
{
	uint64_t *pml4 = (uint64_t *)(read_cr3() & ~0xfffull);

	for (unsigned int i = 0; i < 8; i++)
		second_pdpt[i] = pdpt_of_image()[i];
	second_pd[0] = (uint64_t)pt[1] | P | W | U;
	second_pdpt[4] = (uint64_t)second_pd | P | W | U;
	second_pml4[0] = (uint64_t)second_pdpt | P | W | U;
	for (unsigned int i = 1; i < 512; i++)
		second_pml4[i] = pml4[i];
}

PROBE(pcids_keep_translations_apart,
	.rule = "A translation made under one PCID is never used under another",
	.cite = "Intel SDM vol. 3, Process-Context Identifiers (PCIDs); AMD APM "
		"vol. 2, Process Context Identifier (PCID)",
	.skip = GUEST(no_pcid),
	.control = "a MOV to CR3 that does nothing is caught")
{
	uint64_t cr4 = read_cr4(), cr3, wrong = 0;

	window_open(0);
	second_tables();
	cr3 = read_cr3();
	write_cr4(cr4 | CR4_PCIDE);
	for (unsigned int i = 0; i < 8; i++) {
		write_cr3((uint64_t)second_pml4 | 5 | (i ? NOFLUSH : 0));
		wrong += window[0] != 0x2222;
		write_cr3(cr3 | 6 | (i ? NOFLUSH : 0));
		wrong += window[0] != 0x1111;
	}
	write_cr3(cr3);
	write_cr4(cr4);
	CHECK_EQ(0, wrong);
	CHECK_EQ(cr3, read_cr3());
}

PROBE(pcid_load_without_bit_63_forgets,
	.rule = "MOV to CR3 with bit 63 clear forgets what its PCID knew",
	.cite = "Intel SDM vol. 3, Process-Context Identifiers (PCIDs); AMD APM "
		"vol. 2, Process Context Identifier (PCID)",
	.skip = GUEST(no_pcid),
	.control = "a MOV to CR3 that does nothing is caught")
{
	uint64_t cr4 = read_cr4(), cr3;

	window_open(0);
	cr3 = read_cr3();
	write_cr4(cr4 | CR4_PCIDE);
	write_cr3(cr3 | 6);
	CHECK_EQ(0x1111, window[0]);
	second_page(0);
	write_cr3(cr3 | 6);
	CHECK_EQ(0x2222, window[0]);
	CHECK_EQ(cr3 | 6, read_cr3());
	write_cr3(cr3);
	write_cr4(cr4);
}

PROBE(pcide_needs_a_cr3_without_one,
	.rule = "Setting CR4.PCIDE while CR3[11:0] is not 0 raises #GP(0)",
	.cite = "Intel SDM vol. 2, MOV--Move to/from Control Registers; AMD APM "
		"vol. 2, Process Context Identifier Enable (PCIDE)",
	.skip = GUEST(no_pcid),
	.control = "a MOV to CR4 that does nothing is caught")
{
	uint64_t cr4 = read_cr4(), cr3 = read_cr3();

	write_cr3(cr3 | 0x18);		/* PWT and PCD, elsewhere */
	CHECK_FAULT(VEC_GP, 0, write_cr4_safe(cr4 | CR4_PCIDE));
	CHECK_EQ(cr4, read_cr4());
	write_cr3(cr3);
}

__guest const char *no_invpcid(void)
{
	return cpuid_reg(7, 0, 1) & 1 << 10 ? NULL : "CPUID: no INVPCID";
}

__guest unsigned int invpcid_safe(uint64_t type, uint64_t pcid, uint64_t gva)
{
	const struct { uint64_t pcid, gva; } d = { pcid, gva };

	return asm_safe("invpcid %1, %0", :: "r"(type), "m"(d) : "memory");
}

PROBE(invpcid_forgets_by_its_type,
	.rule = "INVPCID of an address, a PCID or all forgets that; other types #GP",
	.cite = "Intel SDM vol. 2, INVPCID; AMD APM vol. 3, INVPCID",
	.skip = GUEST(no_invpcid),
	.control = "a load that gives its address is caught")
{
	window_open(0);
	second_page(0);
	CHECK_EQ(NO_FAULT, invpcid_safe(0, 0, WINDOW));
	CHECK_EQ(0x2222, window[0]);
	window_open(0);
	second_page(0);
	CHECK_EQ(NO_FAULT, invpcid_safe(1, 0, 0));
	CHECK_EQ(0x2222, window[0]);
	window_open(0);
	second_page(0);
	CHECK_EQ(NO_FAULT, invpcid_safe(2, 0, 0));
	CHECK_EQ(0x2222, window[0]);
	window_open(0);
	second_page(0);
	CHECK_EQ(NO_FAULT, invpcid_safe(3, 0, 0));
	CHECK_EQ(0x2222, window[0]);
	CHECK_FAULT(VEC_GP, 0, invpcid_safe(4, 0, 0));
	CHECK_FAULT(VEC_GP, 0, invpcid_safe(0, 0x1000, WINDOW));
	CHECK_FAULT(VEC_GP, 0, invpcid_safe(0, 0, 1ull << 62));
}
