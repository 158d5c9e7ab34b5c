/*
 * Protection keys: 16 keys of two bits each, which take rights away from
 * pages that everything else would allow.
 *
 * The register is not in the page tables, and a hypervisor that walks them by
 * itself has to look there, too. What is expected is computed from the
 * manual's sentences; a cell that differs is named by its bits.
 */
#include "suite.h"
#include "tables.h"

#define KEYS	"Intel SDM vol. 3, Protection Keys; AMD APM vol. 2, Memory " \
		"Protection Keys (MPK) Bit"
#define CR4_PKE	(1ull << 22)

enum { PF_P = 1, PF_W = 2, PF_U = 4, PF_KEY = 32 };
enum { AD = 1, WD = 2, WRITE = 4, CPL3 = 8, USER_PAGE = 16, WP = 32, CELLS = 64 };
#define KEY	5u

static volatile uint64_t page[512] __attribute__((aligned(4096)));

__guest const char *no_keys(void)
{
	return cpuid_reg(7, 0, 2) >> 3 & 1 ? NULL : "CPUID: no protection keys";
}

__guest unsigned int pkru_write(uint32_t v)
{
	return asm_safe(".byte 0x0f, 0x01, 0xef", :: "a"(v), "c"(0), "d"(0)
			: "memory");
}

__guest void window_set(unsigned int key, bool user)
{
	*(volatile uint64_t *)page_entry(WINDOW_GVA) =
		(uint64_t)page | PAGE_P | PAGE_W | (user ? PAGE_U : 0) |
		(uint64_t)key << 59;
	invlpg((void *)WINDOW_GVA);
}

static unsigned int asked, got;

__guest void access_make(void)
{
	uint64_t v = 7;

	if (asked & WRITE)
		got = asm_safe("movq %0, 8(%1)", :: "a"(v), "D"(WINDOW_GVA)
			       : "memory");
	else
		got = asm_safe("movq (%1), %0", : "=a"(v) : "D"(WINDOW_GVA)
			       : "memory");
	if (got == VEC_PF)
		got = (unsigned int)last_fault.error_code;
}

/* NO_FAULT, or the error code. A page of CPL0's is none of CPL3's. */
__guest unsigned int expected(unsigned int cell)
{
	unsigned int code = PF_P | (cell & WRITE ? PF_W : 0) |
			    (cell & CPL3 ? PF_U : 0);

	if (!(cell & USER_PAGE))
		return cell & CPL3 ? code : NO_FAULT;
	if (cell & AD)
		return code | PF_KEY;
	if (cell & WD && cell & WRITE && cell & (CPL3 | WP))
		return code | PF_KEY;
	return NO_FAULT;
}

__guest void cell_try(unsigned int cell)
{
	window_set(KEY, cell & USER_PAGE);
	pkru_write((cell & (AD | WD)) << 2 * KEY);
	asked = cell;
	if (cell & CPL3)
		ring3_call(access_make);
	else
		access_make();
}

PROBE(keys_take_rights_away,
	.rule = "AD and WD of a page's key refuse reads and writes of U pages, WD by WP",
	.cite = KEYS, .skip = GUEST(no_keys),
	.control = "a MOV to CR4 that does nothing is caught")
{
	uint64_t cr0 = read_cr0(), cr4 = read_cr4();
	unsigned int wrong = 0, first = 0, want = 0, seen = 0;

	write_cr4(cr4 | CR4_PKE);
	for (unsigned int cell = 0; cell < CELLS; cell++) {
		write_cr0(cell & WP ? cr0 | CR0_WP : cr0 & ~(uint64_t)CR0_WP);
		cell_try(cell);
		if (got == expected(cell) || wrong++)
			continue;
		first = cell;
		want = expected(cell);
		seen = got;
	}
	write_cr0(cr0);
	pkru_write(0);
	write_cr4(cr4);
	CHECK_EQ(0, wrong);
	if (wrong) {
		CHECK_EQ(~0u, first);
		CHECK_EQ(want, seen);
	}
}

PROBE(each_key_has_bits_of_its_own,
	.rule = "Bits 2k and 2k + 1 of PKRU are those of key k and of no other",
	.cite = KEYS, .skip = GUEST(no_keys),
	.control = "a MOV to CR4 that does nothing is caught")
{
	uint64_t cr4 = read_cr4();
	unsigned int wrong = 0;

	write_cr4(cr4 | CR4_PKE);
	asked = 0;
	for (unsigned int key = 1; key < 16; key++) {
		window_set(key, true);
		pkru_write(1u << 2 * key);
		access_make();
		wrong += got != (PF_P | PF_KEY);
		/* All but this one, and but 0, whose pages these are. */
		pkru_write(~(3u << 2 * key) & ~3u);
		access_make();
		wrong += got != NO_FAULT;
	}
	pkru_write(0);
	write_cr4(cr4);
	CHECK_EQ(0, wrong);
}

PROBE(keys_mean_nothing_without_pke,
	.rule = "Bits 62:59 of an entry are ignored, and PKRU kept, while PKE is clear",
	.cite = KEYS, .skip = GUEST(no_keys),
	.control = "a store that does nothing is caught")
{
	uint64_t cr4 = read_cr4();
	uint32_t pkru = 0, d;

	write_cr4(cr4 | CR4_PKE);
	CHECK_EQ(NO_FAULT, pkru_write(3u << 2 * KEY));
	write_cr4(cr4 & ~CR4_PKE);
	window_set(KEY, true);
	asked = WRITE;
	page[1] = 0;
	access_make();
	CHECK_EQ(NO_FAULT, got);
	CHECK_EQ(7, page[1]);
	write_cr4(cr4 | CR4_PKE);
	__asm__ volatile(".byte 0x0f, 0x01, 0xee" : "=a"(pkru), "=d"(d)
			 : "c"(0));
	CHECK_EQ(3u << 2 * KEY, pkru);
	pkru_write(0);
	write_cr4(cr4);
}

PROBE(pkru_instructions_check_their_registers,
	.rule = "RDPKRU and WRPKRU: #UD without PKE, #GP(0) for ECX or WRPKRU's EDX not 0",
	.cite = "Intel SDM vol. 2, RDPKRU, WRPKRU; AMD APM vol. 3, RDPKRU, WRPKRU",
	.skip = GUEST(no_keys),
	.control = "a MOV to CR4 that does nothing is caught")
{
	uint64_t cr4 = read_cr4();
	uint64_t a = ~0ull, d = ~0ull;

	write_cr4(cr4 & ~CR4_PKE);
	CHECK_EQ(VEC_UD, pkru_write(0));
	write_cr4(cr4 | CR4_PKE);
	CHECK_EQ(NO_FAULT, pkru_write(0x5550));
	CHECK_EQ(NO_FAULT, asm_safe(".byte 0x0f, 0x01, 0xee",
				    : "+a"(a), "+d"(d) : "c"(0)));
	CHECK_EQ(0x5550, a);
	CHECK_EQ(0, d);
	CHECK_FAULT(VEC_GP, 0, asm_safe(".byte 0x0f, 0x01, 0xee",
					: "+a"(a), "+d"(d) : "c"(1)));
	CHECK_FAULT(VEC_GP, 0, asm_safe(".byte 0x0f, 0x01, 0xef",
					:: "a"(0), "c"(1), "d"(0) : "memory"));
	CHECK_FAULT(VEC_GP, 0, asm_safe(".byte 0x0f, 0x01, 0xef",
					:: "a"(0), "c"(0), "d"(1) : "memory"));
	pkru_write(0);
	write_cr4(cr4);
}
