/*
 * Instructions that lie across a page's end, or too far away.
 *
 * The fault of a fetch names the byte that could not be had, which an
 * emulator that reads instructions in one piece does not know.
 */
#include "suite.h"
#include "escape.h"
#include "tables.h"

#define FETCH	"Intel SDM vol. 3, Page-Fault Exception (#PF); AMD APM vol. 2, " \
		"#PF--Page-Fault Exception (Vector 14)"
#define PAGE_2	(WINDOW_GVA + 0x1000)

static uint8_t page[4096] __attribute__((aligned(4096)));

/* One page of code, and nothing behind it. */
__guest void window_make(void)
{
	*page_entry(WINDOW_GVA) = (uint64_t)page | PAGE_P | PAGE_W | PAGE_U;
	*page_entry(PAGE_2) = 0;
	pages_flush();
}

static uint64_t target;

__guest void target_call(void)
{
	__asm__ volatile("call *%0" :: "r"(target)
			 : "rax", "rbx", "rcx", "rdx", "memory");
}

__guest void target_call_at_cpl3(void)
{
	ring3_call(target_call);
}

/* `code` as the page's last bytes; whether calling them ends in #PF. */
__guest bool last_bytes_fault(const uint8_t *code, unsigned int n, bool user)
{
	window_make();
	for (unsigned int i = 0; i < n; i++)
		page[sizeof(page) - n + i] = code[i];
	target = PAGE_2 - n;
	return escape_try(VEC_PF, user ? target_call_at_cpl3 : target_call);
}

/* The frame of the fault: no page at PAGE_2, wanted by the code at `rip`. */
__guest void fetch_check(uint64_t rip, bool user)
{
	/* Whether it was a fetch is told only where NX or SMEP is on. */
	CHECK_EQ(user ? PAGE_U : 0, escape_frame[0] & ~16ull);
	CHECK_EQ(rip, escape_frame[1]);
	CHECK_EQ(user ? SEL_UCODE | 3 : SEL_KCODE, escape_frame[2]);
	CHECK_EQ(PAGE_2, read_cr2());
}

static const uint8_t mov_imm[] = { 0x48, 0xb8 }, cpuid[] = { 0x0f };
static const uint8_t ret[] = { 0xc3 }, jmp_behind[] = { 0xeb, 0x00 };

PROBE(fetch_fault_names_the_second_page,
	.rule = "An instruction that goes on in an absent page: CR2 is that page, RIP itself",
	.cite = FETCH,
	.control = "a CALL that does nothing is caught")
{
	CHECK_EQ(true, last_bytes_fault(mov_imm, 2, false));
	fetch_check(PAGE_2 - 2, false);
	CHECK_EQ(true, last_bytes_fault(cpuid, 1, false));
	fetch_check(PAGE_2 - 1, false);
}

PROBE(fetch_fault_at_cpl3_names_the_second_page,
	.rule = "The same at CPL3, with the error code's U bit set",
	.cite = FETCH,
	.control = "a CALL that does nothing is caught")
{
	CHECK_EQ(true, last_bytes_fault(mov_imm, 2, true));
	fetch_check(PAGE_2 - 2, true);
	CHECK_EQ(true, last_bytes_fault(cpuid, 1, true));
	fetch_check(PAGE_2 - 1, true);
}

PROBE(jump_to_an_absent_page_faults_there,
	.rule = "A jump to an absent page faults behind the jump: RIP is CR2",
	.cite = FETCH,
	.control = "a CALL that does nothing is caught")
{
	CHECK_EQ(true, last_bytes_fault(jmp_behind, 2, false));
	fetch_check(PAGE_2, false);
}

PROBE(fetch_stops_at_the_pages_end,
	.rule = "Code whose last byte is its page's last never touches the next page",
	.cite = FETCH,
	.control = "a CALL that raises an exception is caught")
{
	CHECK_EQ(false, last_bytes_fault(ret, 1, false));
	CHECK_EQ(false, last_bytes_fault(ret, 1, true));
}
