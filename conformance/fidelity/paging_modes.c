/*
 * The other formats of page tables: PAE, the 32-bit one, and five levels.
 *
 * A hypervisor with shadow paging has a walker of its own for each; under
 * nested paging they are still its own when it emulates or walks for itself.
 */
#include "modes.h"
#include "suite.h"

#define PAE	"Intel SDM vol. 3, PAE Paging; AMD APM vol. 2, Legacy-Mode " \
		"Page Translation, PAE Paging"
#define LEGACY	"Intel SDM vol. 3, 32-Bit Paging; AMD APM vol. 2, Normal " \
		"(Non-PAE) Paging"
#define FIVE	"Intel SDM vol. 3, 4-Level Paging and 5-Level Paging; AMD APM " \
		"vol. 2, Long-Mode Page Translation, 5-Level Paging"

enum { P = 1, W = 2, PS = 0x80, CR4_PSE = 0x10 };
#define WINDOW32	0x40000000u
#define WINDOW57	(1ull << 48)

static uint64_t pdpt[512] __attribute__((aligned(4096)));
static uint64_t pd[2][512] __attribute__((aligned(4096)));
static uint64_t pt[512] __attribute__((aligned(4096)));
static volatile uint32_t page[2][1024] __attribute__((aligned(4096)));

__guest uint32_t gpa(const volatile void *at)
{
	return (uint32_t)(uintptr_t)at;
}

/* The first 8 MiB as they are, and the window's first page. */
__guest void pae_make(void)
{
	for (uint64_t i = 0; i < 4; i++)
		pd[0][i] = i << 21 | P | W | PS;
	pt[0] = gpa(page[0]) | P | W;
	pd[1][0] = gpa(pt) | P | W;
	pdpt[0] = gpa(pd[0]) | P;
	pdpt[1] = gpa(pd[1]) | P;
	page[0][5] = 0x9ae;
	page[1][5] = 0x1e9ac;
}

__guest uint32_t pae_call(const void *code)
{
	uint32_t eax;

	mode_pdpt = gpa(pdpt);
	eax = mode32_call(code, MODE_CR0 | CR0_PG, gpa(pdpt), CR4_PAE);
	mode_pdpt = 0;
	return eax;
}

PROBE(pae_translates_by_three_levels,
	.rule = "PAE: PDPTE, PDE and PTE lead to the page, 2 MiB pages stop before",
	.cite = PAE,
	.control = "a load that gives its address is caught")
{
	const void *code;

	pae_make();
	CODE32(code, "mov 0x40000014, %%eax", "i"(0) : "memory");
	CHECK_EQ(0x9ae, pae_call(code));
	/* The whole 2 MiB that the page lies in. */
	pd[1][0] = (gpa(page[0]) & ~0x1fffffu) | P | W | PS;
	__asm__ volatile("" ::: "memory");
	CODE32(code, "mov %1, %%esi\n\tand $0x1fffff, %%esi\n\t"
	       "mov 0x40000014(%%esi), %%eax", "i"(page) : "memory");
	CHECK_EQ(0x9ae, pae_call(code));
}

PROBE(pae_absent_entries_fault,
	.rule = "PAE: an absent PDPTE or PTE raises #PF with P clear, CR2 exact",
	.cite = PAE "; Page-Fault Exceptions",
	.control = "a store that does nothing is caught")
{
	const void *code;

	pae_make();
	CODE32(code, "movl $3f, mode_resume\n\tmov 0x40001008, %%eax\n\t3:",
	       "i"(0) : "memory");
	pae_call(code);
	CHECK_EQ(VEC_PF, mode_fault.vector);
	CHECK_EQ(0, mode_fault.error_code);
	CHECK_EQ(WINDOW32 + 0x1008, mode_fault.cr2);
	CODE32(code, "movl $3f, mode_resume\n\tmov %%eax, 0x80000000\n\t3:",
	       "i"(0) : "memory");
	pae_call(code);
	CHECK_EQ(VEC_PF, mode_fault.vector);
	CHECK_EQ(2, mode_fault.error_code);
	CHECK_EQ(0x80000000, mode_fault.cr2);
}

PROBE(pae_reserved_pdpte_bits_fault,
	.rule = "PAE: MOV to CR3 with bit 1 of a present PDPTE set raises #GP (AMD: or #PF at use)",
	.cite = "Intel SDM vol. 3, PDPTE Registers; AMD APM vol. 2, PAE Paging "
		"(reserved, MBZ)",
	.control = "a store that does nothing is caught")
{
	const void *code;

	pae_make();
	/* In PAE already: the MOV itself is what has to fault. */
	CODE32(code, "movl $3f, mode_resume\n\torl $2, %c1\n\t"
	       "mov %%cr3, %%eax\n\tmov %%eax, %%cr3\n\t"
	       "mov 0x40000014, %%eax\n\t3: andl $~2, %c1\n\t"
	       "mov %%cr3, %%eax\n\tmov %%eax, %%cr3",
	       "i"((uint8_t *)pdpt + 8) : "memory");
	pae_call(code);
	if (cpu_is_amd() && mode_fault.vector == VEC_PF)
		CHECK_EQ(8, mode_fault.error_code & 8);
	else
		CHECK_EQ(VEC_GP, mode_fault.vector);
}

PROBE(pae_leaves_pdptes_alone,
	.rule = "PAE: a translation does not write the PDPTE, which has no accessed flag",
	.cite = "Intel SDM vol. 3, Accessed and Dirty Flags (the footnote on PAE "
		"paging); AMD APM vol. 2, PAE Paging (PDPE, bits 8:5 reserved)",
	.control = "a load that gives its address is caught")
{
	const void *code;

	pae_make();
	CODE32(code, "mov 0x40000014, %%eax\n\tmov %c1, %%eax",
	       "i"(pdpt) : "memory");
	CHECK_EQ(gpa(pd[0]) | P, pae_call(code));
	CODE32(code, "mov 0x40000014, %%eax\n\tmov %c1, %%eax",
	       "i"((uint8_t *)pdpt + 8) : "memory");
	CHECK_EQ(gpa(pd[1]) | P, pae_call(code));
}

static volatile uint32_t directory[1024] __attribute__((aligned(4096)));
static volatile uint32_t table[1024] __attribute__((aligned(4096)));

/* The same of the 32-bit format; 4 MiB pages at first. */
__guest void legacy_make(void)
{
	directory[0] = P | W | PS;
	directory[1] = 4u << 20 | P | W | PS;
	directory[WINDOW32 >> 22] = gpa(table) | P | W;
	table[0] = gpa(page[0]) | P | W;
	table[1] = gpa(page[1]) | P;
	page[0][5] = 0x9ae;
	page[1][5] = 0x1e9ac;
}

PROBE(two_levels_translate,
	.rule = "32-bit paging: PDE and PTE lead to the page, a 4 MiB page needs no PTE",
	.cite = LEGACY,
	.control = "a load that gives its address is caught")
{
	const void *code;

	legacy_make();
	CODE32(code, "mov 0x40001014, %%eax\n\tadd 0x40000014, %%eax",
	       "i"(0) : "memory");
	CHECK_EQ(0x9ae + 0x1e9ac,
		 mode32_call(code, MODE_CR0 | CR0_PG, gpa(directory), CR4_PSE));
	CHECK_EQ(0x20, table[0] & 0x60);
	CHECK_EQ(0x20, table[1] & 0x60);
}

PROBE(two_levels_refuse_writes,
	.rule = "32-bit paging: a write to a read-only page raises #PF if CR0.WP",
	.cite = LEGACY "; Access Rights",
	.control = "a store that does nothing is caught")
{
	const void *code;

	legacy_make();
	CODE32(code, "movl $3f, mode_resume\n\tmovl $7, 0x40001018\n\t3:",
	       "i"(0) : "memory");
	mode32_call(code, MODE_CR0 | CR0_PG | CR0_WP, gpa(directory), CR4_PSE);
	CHECK_EQ(VEC_PF, mode_fault.vector);
	CHECK_EQ(3, mode_fault.error_code);
	CHECK_EQ(WINDOW32 + 0x1018, mode_fault.cr2);
	CHECK_EQ(0, page[1][6]);
	mode32_call(code, MODE_CR0 | CR0_PG, gpa(directory), CR4_PSE);
	CHECK_EQ(NO_FAULT, mode_fault.vector);
	CHECK_EQ(7, page[1][6]);
}

__guest const char *no_la57(void)
{
	return cpuid_reg(7, 0, 2) & 1 << 16 ? NULL : "CPUID: no LA57";
}

PROBE(la57_cannot_change_in_long_mode,
	.rule = "MOV to CR4 changing LA57 while in long mode raises #GP(0)",
	.cite = "Intel SDM vol. 2, MOV--Move to/from Control Registers; AMD APM "
		"vol. 2, 57-Bit Linear Address (LA57) Bit",
	.skip = GUEST(no_la57),
	.control = "a MOV to CR4 that does nothing is caught")
{
	CHECK_FAULT(VEC_GP, 0, write_cr4_safe(read_cr4() ^ CR4_LA57));
}

static uint64_t pml5[512] __attribute__((aligned(4096)));
static uint64_t pml4[512] __attribute__((aligned(4096)));

__guest void five_levels(void)
{
	uint64_t v = 0;

	CHECK_EQ(CR4_LA57, read_cr4() & CR4_LA57);
	CHECK_EQ(NO_FAULT, asm_safe("movl (%1), %k0", : "=a"(v)
				    : "D"(WINDOW57 + 20) : "memory"));
	CHECK_EQ(0x9ae, v);
	CHECK_EQ(VEC_PF, asm_safe("movl (%1), %k0", : "=a"(v)
				  : "D"(WINDOW57 << 1) : "memory"));
	CHECK_EQ(WINDOW57 << 1, last_fault.cr2);
	CHECK_FAULT(VEC_GP, 0, asm_safe("movl (%1), %k0", : "=a"(v)
					: "D"(1ull << 56) : "memory"));
}

PROBE(five_levels_translate,
	.rule = "LA57: bits 56:48 index the PML5, canonical means bits 63:56 agree",
	.cite = FIVE, .skip = GUEST(no_la57),
	.control = "a store that does nothing is caught")
{
	pae_make();
	pml5[0] = (read_cr3() & ~0xfffull) | P | W | 4;
	pml5[1] = gpa(pml4) | P | W;
	pml4[0] = gpa(pdpt) | P | W;
	pdpt[0] = gpa(pd[1]) | P | W;
	mode64_call(five_levels, gpa(pml5), CR4_PAE | CR4_LA57);
	CHECK_EQ(0, read_cr4() & CR4_LA57);
}
