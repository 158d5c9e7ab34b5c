/*
 * A translation that fails says exactly why, and one that works leaves
 * exactly its traces.
 *
 * Under nested paging the CPU walks the guest's tables; under shadow paging
 * the hypervisor does, and every bit below is its own work.
 */
#include "suite.h"

#define FAULTS	"Intel SDM vol. 3, Page-Fault Exceptions; " \
		"AMD APM vol. 2, #PF--Page-Fault Exception (Vector 14)"
#define BOTH	(RING0 | RING3)

enum { P = 1, W = 2, U = 4, A = 0x20, D = 0x40 };
enum { PF_P = 1, PF_W = 2, PF_U = 4, PF_RSVD = 8, PF_FETCH = 16 };
#define NX	(1ull << 63)

/* Two pages at 4 GiB, where the image's own tables map nothing. */
#define WINDOW	0x100000000ull

static uint64_t pd[512] __attribute__((aligned(4096)));
static uint64_t pt[512] __attribute__((aligned(4096)));
/* JMP *%RAX at the start of both, for the probe of instruction fetches. */
static volatile uint64_t page[2][512] __attribute__((aligned(4096))) = {
	{ 0xe0ff }, { 0xe0ff },
};

/* At CPL0: the window with these bits on its first page. */
__guest void window_open(uint64_t bits)
{
	uint64_t *pml4 = (uint64_t *)(read_cr3() & ~0xfffull);
	uint64_t *pdpt = (uint64_t *)(pml4[0] & 0x000ffffffffff000ull);

	pdpt[4] = (uint64_t)pd | P | W | U;
	pd[0] = (uint64_t)pt | P | W | U;
	pt[0] = (uint64_t)page[0] | bits;
	pt[1] = (uint64_t)page[1] | P | W | U;
	write_cr3(read_cr3());
}

__guest unsigned int read_window(uint64_t gva)
{
	uint64_t v;

	return asm_safe("movq (%1), %0", : "=a"(v) : "D"(gva) : "memory");
}

__guest unsigned int write_window(uint64_t gva)
{
	return asm_safe("movq %0, (%1)", :: "a"(5ull), "D"(gva) : "memory");
}

__guest const char *window_absent(void)
{
	window_open(0);
	return NULL;
}

PROBE(absent_page_faults_exactly,
	.rule = "An access to an absent page raises #PF with P clear and CR2 exact",
	.cite = FAULTS, .rings = BOTH, .skip = GUEST(window_absent),
	.control = "a #PF whose error code has P set is caught")
{
	uint64_t user = mailbox->ring ? PF_U : 0;

	CHECK_FAULT(VEC_PF, user, read_window(WINDOW + 0x123));
	CHECK_EQ(WINDOW + 0x123, last_fault.cr2);
	CHECK_FAULT(VEC_PF, user | PF_W, write_window(WINDOW + 0xff8));
	CHECK_EQ(WINDOW + 0xff8, last_fault.cr2);
}

PROBE(accessed_and_dirty_are_exact,
	.rule = "A read sets A and not D, a write sets D, at the levels they belong to",
	.cite = "Intel SDM vol. 3, Accessed and Dirty Flags; AMD APM vol. 2, "
		"Accessed (A) Bit, Dirty (D) Bit",
	.control = "a write that does nothing is caught")
{
	window_open(P | W | U);
	CHECK_EQ(NO_FAULT, read_window(WINDOW));
	CHECK_EQ(A, *(volatile uint64_t *)pt & (A | D));
	CHECK_EQ(A, *(volatile uint64_t *)pd & A);
	CHECK_EQ(NO_FAULT, write_window(WINDOW + 8));
	CHECK_EQ(A | D, *(volatile uint64_t *)pt & (A | D));
	CHECK_EQ(5, page[0][1]);
}

__guest void write_as_user(void)
{
	CHECK_FAULT(VEC_PF, PF_P | PF_W | PF_U, write_window(WINDOW + 16));
	CHECK_EQ(WINDOW + 16, last_fault.cr2);
}

PROBE(read_only_page_refuses_writes,
	.rule = "A write to a read-only page raises #PF at CPL3, at CPL0 if CR0.WP",
	.cite = "Intel SDM vol. 3, Determination of Access Rights; AMD APM "
		"vol. 2, Write Protect (WP) Bit",
	.control = "a #PF whose error code lacks W is caught")
{
	uint64_t cr0 = read_cr0();

	window_open(P | U);
	page[0][2] = 0;
	ring3_call(write_as_user);
	write_cr0(cr0 | CR0_WP);
	CHECK_FAULT(VEC_PF, PF_P | PF_W, write_window(WINDOW + 16));
	CHECK_EQ(0, page[0][2]);
	CHECK_EQ(0, *(volatile uint64_t *)pt & D);
	write_cr0(cr0 & ~(uint64_t)CR0_WP);
	CHECK_EQ(NO_FAULT, write_window(WINDOW + 16));
	CHECK_EQ(5, page[0][2]);
	write_cr0(cr0);
}

__guest void read_as_user(void)
{
	CHECK_FAULT(VEC_PF, PF_P | PF_U, read_window(WINDOW));
	CHECK_EQ(WINDOW, last_fault.cr2);
}

PROBE(supervisor_page_refuses_users,
	.rule = "A read of a supervisor page raises #PF at CPL3 and works at CPL0",
	.cite = "Intel SDM vol. 3, Determination of Access Rights; AMD APM "
		"vol. 2, User/Supervisor (U/S) Bit",
	.control = "a #PF whose error code lacks U is caught")
{
	window_open(P | W);
	CHECK_EQ(NO_FAULT, read_window(WINDOW));
	ring3_call(read_as_user);
}

/*
 * RIP is the page itself, so the exception table gets a line for it; the
 * fault resumes at the second page, which comes back here as well.
 */
__guest unsigned int fetch_window(void)
{
	return asm_safe("lea 1f(%%rip), %%rax\n\tjmp *%0\n\t1:\n\t"
			".pushsection .ex_table, \"a\"\n\t"
			".quad 0x100000000, 0x100001000\n\t.popsection\n\t",
			:: "r"(WINDOW) : "rax", "memory");
}

__guest void fetch_as_user(void)
{
	CHECK_FAULT(VEC_PF, PF_P | PF_U | PF_FETCH, fetch_window());
}

__guest const char *no_nx(void)
{
	return cpuid_reg(0x80000001u, 0, 3) & 1 << 20 ? NULL : "CPUID: no NX";
}

PROBE(no_execute_page_refuses_fetches,
	.rule = "A fetch from an NX page raises #PF with I/D set and CR2 exact",
	.cite = FAULTS, .skip = GUEST(no_nx),
	.control = "a #PF whose error code lacks I/D is caught")
{
	uint64_t efer = rdmsr(MSR_EFER);

	wrmsr(MSR_EFER, efer | EFER_NX);
	window_open(P | U);
	CHECK_EQ(NO_FAULT, fetch_window());
	window_open(P | U | NX);
	CHECK_FAULT(VEC_PF, PF_P | PF_FETCH, fetch_window());
	CHECK_EQ(WINDOW, last_fault.cr2);
	CHECK_EQ(WINDOW, last_fault.rip);
	ring3_call(fetch_as_user);
	window_open(0);
	wrmsr(MSR_EFER, efer);
}

PROBE(nx_bit_is_reserved_without_nxe,
	.rule = "Bit 63 of an entry is reserved while EFER.NXE is clear: #PF, RSVD",
	.cite = "Intel SDM vol. 3, Page-Fault Exceptions; AMD APM vol. 2, "
		"No Execute (NX) Bit",
	.control = "a #PF whose error code lacks RSVD is caught")
{
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) & ~(uint64_t)EFER_NX);
	window_open(P | W | U | NX);
	CHECK_FAULT(VEC_PF, PF_P | PF_RSVD, read_window(WINDOW));
	CHECK_EQ(WINDOW, last_fault.cr2);
	CHECK_FAULT(VEC_PF, PF_P | PF_RSVD | PF_W, write_window(WINDOW));
}

__guest const char *all_bits_are_address(void)
{
	return (cpuid_reg(0x80000008u, 0, 0) & 0xff) < 52 ? NULL
	       : "MAXPHYADDR is 52: no bit of an address is reserved";
}

PROBE(address_bit_beyond_maxphyaddr_is_reserved,
	.rule = "An entry with an address bit at MAXPHYADDR or above raises #PF, RSVD",
	.cite = "Intel SDM vol. 3, Reserved Bits in Paging-Structure Entries; "
		"AMD APM vol. 2, Physical-Page Base Address",
	.skip = GUEST(all_bits_are_address),
	.control = "a #PF whose error code lacks RSVD is caught")
{
	uint32_t bits = cpuid_reg(0x80000008u, 0, 0) & 0xff;

	window_open(P | W | U | 1ull << 51);
	CHECK_FAULT(VEC_PF, PF_P | PF_RSVD, read_window(WINDOW));
	window_open(P | W | U | 1ull << bits);
	CHECK_FAULT(VEC_PF, PF_P | PF_RSVD, read_window(WINDOW));
}

PROBE(invlpg_forgets_the_old_page,
	.rule = "After INVLPG an access uses the entry as it is in memory now",
	.cite = "Intel SDM vol. 3, Operations that Invalidate TLBs and "
		"Paging-Structure Caches; AMD APM vol. 3, INVLPG",
	.control = "a #PF that arrives as another vector is caught")
{
	volatile uint64_t *window = (volatile uint64_t *)WINDOW;

	window_open(P | W | U);
	page[0][3] = 0x1111;
	page[1][3] = 0x2222;
	CHECK_EQ(0x1111, window[3]);
	*(volatile uint64_t *)pt = (uint64_t)page[1] | P | W | U;
	invlpg(window);
	CHECK_EQ(0x2222, window[3]);
	*(volatile uint64_t *)pt = 0;
	invlpg(window);
	CHECK_EQ(VEC_PF, read_window(WINDOW + 24));
}
