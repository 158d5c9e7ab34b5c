/*
 * Who may do what to a page: every combination of P, W, U and NX, at each
 * level, for reads, writes and fetches, from CPL3 and from CPL0.
 *
 * What is expected is computed here, from the manual's few sentences. A cell
 * that differs is named by its bits: entry bits P W U NX are 1, 2, 4 and 8,
 * the access adds 10h (write) or 20h (fetch), CPL3 adds 40h, CR0.WP 80h.
 */
#include "suite.h"

#define RIGHTS	"Intel SDM vol. 3, Determination of Access Rights; AMD APM " \
		"vol. 2, Page-Protection Checks"

enum { P = 1, W = 2, U = 4, PS = 0x80 };
enum { PF_P = 1, PF_W = 2, PF_U = 4, PF_FETCH = 16 };
#define NX	(1ull << 63)
/* Where the image's own tables map nothing; the landing is always fit. */
#define WINDOW	0x180000000ull
#define LANDING	0x1c0000000ull
enum { CELL_NX = 8, WRITE = 0x10, FETCH = 0x20, USER = 0x40, WP = 0x80 };
enum { AS_PTE, AS_PDE, AS_PDPTE, AS_2M };

static uint64_t pdpt[512] __attribute__((aligned(4096)));
static uint64_t pd[512] __attribute__((aligned(4096)));
static uint64_t pt[512] __attribute__((aligned(4096)));
static uint64_t landing_pd[512] __attribute__((aligned(4096)));
static uint64_t landing_pt[512] __attribute__((aligned(4096)));
static uint64_t first_gib[512] __attribute__((aligned(4096)));
static uint64_t pml4[512] __attribute__((aligned(4096)));
/* JMP *%RAX, for fetches. */
static volatile uint64_t page[512] __attribute__((aligned(4096))) = { 0xe0ff };

__guest uint64_t entry_bits(unsigned int cell)
{
	return (cell & 7) | (cell & CELL_NX ? NX : 0);
}

/* The window, with a cell's bits at one level and all rights elsewhere. */
__guest void window_set(unsigned int level, unsigned int cell)
{
	const uint64_t all = P | W | U;
	uint64_t *tables = (uint64_t *)(read_cr3() & ~0xfffull);
	uint64_t *top = (uint64_t *)(tables[0] & 0x000ffffffffff000ull);
	uint64_t bits = entry_bits(cell);

	/* Through a PDPT entry of the image's own, or of ours (SMEP, SMAP). */
	*(volatile uint64_t *)&pt[0] = (uint64_t)page |
				       (level == AS_PTE ? bits : all);
	*(volatile uint64_t *)&pd[0] = level == AS_2M ?
		((uint64_t)page & ~0x1fffffull) | bits | PS :
		((uint64_t)pt | (level == AS_PDE ? bits : all));
	*(volatile uint64_t *)&top[6] = (uint64_t)pd |
					(level == AS_PDPTE ? bits : all);
	*(volatile uint64_t *)&top[7] = (uint64_t)landing_pd | all;
	landing_pd[0] = (uint64_t)landing_pt | all;
	landing_pt[0] = (uint64_t)page | (read_cr4() & CR4_SMEP ? P | W : all);
	write_cr3(read_cr3());
}

static uint64_t target;

__guest unsigned int window_read(void)
{
	uint64_t v;

	return asm_safe("movq (%1), %0", : "=a"(v) : "D"(target) : "memory");
}

__guest unsigned int window_write(void)
{
	return asm_safe("movq %0, 8(%1)", :: "a"(5ull), "D"(target) : "memory");
}

/*
 * RIP is the page itself then, so it gets a line of the exception table: the
 * fault resumes at the landing, whose JMP comes back here as well.
 */
__guest unsigned int window_fetch(void)
{
	return asm_safe("lea 1f(%%rip), %%rax\n\tjmp *%0\n\t1:\n\t"
			".pushsection .ex_table, \"a\"\n\t"
			".quad 0x180000000, 0x1c0000000\n\t.popsection\n\t",
			:: "r"(target) : "rax", "memory");
}

static unsigned int asked, got_vector;

__guest void access_make(void)
{
	got_vector = asked & FETCH ? window_fetch() :
		     asked & WRITE ? window_write() : window_read();
}

/* NO_FAULT, or the error code. */
__guest uint64_t expected(unsigned int cell)
{
	uint64_t code = (cell & WRITE ? PF_W : 0) | (cell & USER ? PF_U : 0) |
			(cell & FETCH ? PF_FETCH : 0);
	bool refused = cell & FETCH && cell & CELL_NX;

	if (!(cell & P))
		return code;
	if (cell & USER)
		refused |= !(cell & U);
	if (cell & WRITE && !(cell & W))
		refused |= cell & (USER | WP);
	return refused ? code | PF_P : NO_FAULT;
}

static struct {
	unsigned int cells, wrong, first;
	uint64_t want, got;
} seen;

__guest void cell_try(unsigned int level, unsigned int cell)
{
	uint64_t want = expected(cell), got;

	window_set(level, cell);
	asked = cell;
	if (cell & USER)
		ring3_call(access_make);
	else
		access_make();
	got = got_vector == VEC_PF ? last_fault.error_code : got_vector;
	seen.cells++;
	if (want == got || seen.wrong++)
		return;
	seen.first = cell;
	seen.want = want;
	seen.got = got;
}

__guest void level_try(unsigned int level)
{
	uint64_t cr0 = read_cr0(), efer = rdmsr(MSR_EFER);
	static const uint8_t kind[] = { 0, WRITE, FETCH };

	wrmsr(MSR_EFER, efer | EFER_NX);
	target = WINDOW + (level == AS_2M ? (uint64_t)page & 0x1fffff : 0);
	for (unsigned int wp = 0; wp <= WP; wp += WP) {
		write_cr0(wp ? cr0 | CR0_WP : cr0 & ~(uint64_t)CR0_WP);
		for (unsigned int i = 0; i < 2 * 3 * 16; i++)
			cell_try(level, wp | (i & 15) | kind[(i >> 4) % 3] |
				 (i >= 48 ? USER : 0));
	}
	write_cr0(cr0);
	window_set(AS_PTE, 0);
	wrmsr(MSR_EFER, efer);
	CHECK_EQ(192, seen.cells);
	CHECK_EQ(0, seen.wrong);
	if (seen.wrong) {
		CHECK_EQ(~0u, seen.first);
		CHECK_EQ(seen.want, seen.got);
	}
}

__guest const char *no_nx(void)
{
	return cpuid_reg(0x80000001u, 0, 3) & 1 << 20 ? NULL : "CPUID: no NX";
}

PROBE(leaf_decides,
	.rule = "P, W, U and NX of the PTE allow and refuse as the manual says",
	.cite = RIGHTS, .skip = GUEST(no_nx),
	.control = "a WRMSR that does nothing is caught")
{
	level_try(AS_PTE);
}

PROBE(directory_decides_as_well,
	.rule = "What the PDE refuses, a PTE with all rights does not give back",
	.cite = RIGHTS, .skip = GUEST(no_nx),
	.control = "a WRMSR that does nothing is caught")
{
	level_try(AS_PDE);
}

PROBE(pointer_decides_as_well,
	.rule = "What the PDPTE refuses, entries below it do not give back",
	.cite = RIGHTS, .skip = GUEST(no_nx),
	.control = "a WRMSR that does nothing is caught")
{
	level_try(AS_PDPTE);
}

PROBE(large_page_decides,
	.rule = "P, W, U and NX of a 2 MiB page's PDE allow and refuse alike",
	.cite = RIGHTS, .skip = GUEST(no_nx),
	.control = "a WRMSR that does nothing is caught")
{
	level_try(AS_2M);
}

/* The image itself must not be CPL3's, where SMEP and SMAP are on. */
__guest void supervisor_tables(uint64_t *old_cr3)
{
	for (uint64_t i = 0; i < 512; i++)
		first_gib[i] = i << 21 | P | W | PS;
	pdpt[0] = (uint64_t)first_gib | P | W;
	pml4[0] = (uint64_t)pdpt | P | W | U;
	*old_cr3 = read_cr3();
	target = WINDOW;
	write_cr3((uint64_t)pml4);
}

__guest const char *no_smep(void)
{
	return cpuid_reg(7, 0, 1) & 1 << 7 ? NULL : "CPUID: no SMEP";
}

PROBE(smep_refuses_fetches_from_user_pages,
	.rule = "With CR4.SMEP, a fetch at CPL0 from a U page raises #PF(P, I/D)",
	.cite = RIGHTS "; CR4.SMEP", .skip = GUEST(no_smep),
	.control = "a MOV to CR4 that does nothing is caught")
{
	uint64_t cr4 = read_cr4(), cr3;

	supervisor_tables(&cr3);
	window_set(AS_PTE, P | W | U);
	CHECK_EQ(NO_FAULT, window_fetch());
	write_cr4(cr4 | CR4_SMEP);
	window_set(AS_PTE, P | W | U);
	CHECK_FAULT(VEC_PF, PF_P | PF_FETCH, window_fetch());
	CHECK_EQ(NO_FAULT, window_read());
	window_set(AS_PTE, P | W);
	CHECK_EQ(NO_FAULT, window_fetch());
	write_cr4(cr4);
	write_cr3(cr3);
}

__guest const char *no_smap(void)
{
	return cpuid_reg(7, 0, 1) & 1 << 20 ? NULL : "CPUID: no SMAP";
}

PROBE(smap_refuses_data_of_user_pages,
	.rule = "With CR4.SMAP, CPL0 reads and writes U pages only while AC is set",
	.cite = RIGHTS "; CR4.SMAP", .skip = GUEST(no_smap),
	.control = "a MOV to CR4 that does nothing is caught")
{
	uint64_t cr4 = read_cr4(), cr3;

	supervisor_tables(&cr3);
	window_set(AS_PTE, P | W | U);
	write_cr4(cr4 | CR4_SMAP);
	CHECK_FAULT(VEC_PF, PF_P, window_read());
	CHECK_FAULT(VEC_PF, PF_P | PF_W, window_write());
	__asm__ volatile("pushfq\n\torq $0x40000, (%%rsp)\n\tpopfq"
			 ::: "memory", "cc");
	CHECK_EQ(NO_FAULT, window_read());
	CHECK_EQ(NO_FAULT, window_write());
	__asm__ volatile("pushfq\n\tandq $~0x40000, (%%rsp)\n\tpopfq"
			 ::: "memory", "cc");
	window_set(AS_PTE, P | W);
	CHECK_EQ(NO_FAULT, window_read());
	write_cr4(cr4);
	write_cr3(cr3);
}
