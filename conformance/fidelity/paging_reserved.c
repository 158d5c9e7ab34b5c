/*
 * Reserved bits of the entries above a page: they fault like the leaf's own,
 * and whoever walks the tables for the CPU has to look at each level.
 */
#include "suite.h"

#define RESERVED "Intel SDM vol. 3, 4-Level Paging and 5-Level Paging (formats of " \
		 "entries), Page-Fault Exceptions; AMD APM vol. 2, Long-Mode Page " \
		 "Translation, #PF--Page-Fault Exception (Vector 14)"

enum { P = 1, W = 2, U = 4, PS = 0x80 };
enum { PF_P = 1, PF_RSVD = 8 };
enum { PML4E, PDPTE, PDE, PTE, LEVELS };
#define NX	(1ull << 63)
/* Of the second entry of the top level, where the image maps nothing. */
#define WINDOW	(1ull << 39)

static uint64_t table[3][512] __attribute__((aligned(4096)));
static volatile uint64_t page[512] __attribute__((aligned(4096))) = { 0x99 };

/* The window whole, with `bits` set at one level beside what belongs there. */
__guest void window_set(unsigned int level, uint64_t bits)
{
	volatile uint64_t *entry[LEVELS] = {
		(uint64_t *)(read_cr3() & ~0xfffull) + 1,
		&table[0][0], &table[1][0], &table[2][0],
	};

	for (unsigned int i = 0; i < LEVELS; i++)
		*entry[i] = (i < PTE ? (uint64_t)table[i] : (uint64_t)page) |
			    P | W | U | (i == level ? bits : 0);
	write_cr3(read_cr3());
}

/* The window through a large page of that level, with those bits. */
__guest void large_set(unsigned int level, uint64_t bits)
{
	volatile uint64_t *entry = table[level - PDPTE];
	uint64_t bytes = level == PDPTE ? 1ull << 30 : 1ull << 21;

	window_set(level, 0);
	*entry = ((uint64_t)page & ~(bytes - 1)) | P | W | U | PS | bits;
	write_cr3(read_cr3());
}

static unsigned int wrong;

/* A read; `code` is what must be in the error code, or NO_FAULT. */
__guest void expect(unsigned int want, uint64_t gva)
{
	uint64_t v;
	unsigned int got = asm_safe("movq (%1), %0", : "=a"(v) : "D"(gva)
				    : "memory");

	if (got == VEC_PF && last_fault.cr2 == gva)
		got = (unsigned int)last_fault.error_code;
	if (got == want)
		return;
	if (!wrong++)
		CHECK_EQ(want, got);
}

/* Nothing of the kind left, and a plain window works. */
__guest void end(void)
{
	window_set(PTE, 0);
	expect(NO_FAULT, WINDOW);
	CHECK_EQ(0, wrong);
}

__guest const char *no_address_bits(void)
{
	return (cpuid_reg(0x80000008u, 0, 0) & 0xff) >= 52 ?
		"MAXPHYADDR is 52: no address bit is reserved" : NULL;
}

PROBE(address_bits_of_upper_entries_are_reserved,
	.rule = "Bits 51:MAXPHYADDR of a PML4E, PDPTE or PDE raise #PF(P, RSVD)",
	.cite = RESERVED, .skip = GUEST(no_address_bits),
	.control = "a store that does nothing is caught")
{
	unsigned int first = cpuid_reg(0x80000008u, 0, 0) & 0xff;

	for (unsigned int level = PML4E; level < PTE; level++)
		for (unsigned int bit = first; bit < 52; bit++) {
			window_set(level, 1ull << bit);
			expect(PF_P | PF_RSVD, WINDOW);
		}
	end();
}

PROBE(page_size_bit_of_the_top_is_reserved,
	.rule = "Bit 7 of a PML4E raises #PF(P, RSVD)",
	.cite = RESERVED,
	.control = "a store that does nothing is caught")
{
	window_set(PML4E, PS);
	expect(PF_P | PF_RSVD, WINDOW);
	end();
}

PROBE(nx_is_reserved_in_upper_entries_without_nxe,
	.rule = "Bit 63 of a PML4E, PDPTE or PDE raises #PF(P, RSVD) while NXE is clear",
	.cite = RESERVED,
	.control = "a store that does nothing is caught")
{
	uint64_t efer = rdmsr(MSR_EFER);

	wrmsr(MSR_EFER, efer & ~(uint64_t)EFER_NX);
	for (unsigned int level = PML4E; level < PTE; level++) {
		window_set(level, NX);
		expect(PF_P | PF_RSVD, WINDOW);
	}
	wrmsr(MSR_EFER, efer | EFER_NX);
	for (unsigned int level = PML4E; level < PTE; level++) {
		window_set(level, NX);
		expect(NO_FAULT, WINDOW);
	}
	wrmsr(MSR_EFER, efer);
	end();
}

PROBE(large_page_reserves_its_low_address_bits,
	.rule = "Bits 20:13 of a 2 MiB page's PDE raise #PF(P, RSVD)",
	.cite = RESERVED,
	.control = "a store that does nothing is caught")
{
	uint64_t inside = (uint64_t)page & 0x1fffff;

	large_set(PDE, 0);
	expect(NO_FAULT, WINDOW + inside);
	for (unsigned int bit = 13; bit <= 20; bit++) {
		large_set(PDE, 1ull << bit);
		expect(PF_P | PF_RSVD, WINDOW + inside);
	}
	end();
}

PROBE(giant_page_reserves_its_low_address_bits,
	.rule = "Bits 29:13 of a 1 GiB page's PDPTE raise #PF(P, RSVD), PS where there is none",
	.cite = RESERVED,
	.control = "a store that does nothing is caught")
{
	uint64_t inside = (uint64_t)page & ((1ull << 30) - 1);
	bool giant = cpuid_reg(0x80000001u, 0, 3) >> 26 & 1;

	large_set(PDPTE, 0);
	expect(giant ? (unsigned int)NO_FAULT : PF_P | PF_RSVD,
	       WINDOW + inside);
	for (unsigned int bit = 13; bit <= 29; bit++) {
		large_set(PDPTE, 1ull << bit);
		expect(PF_P | PF_RSVD, WINDOW + inside);
	}
	end();
}
