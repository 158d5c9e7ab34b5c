/*
 * SMSW, LMSW and CLTS: the old window on CR0, one half open to anybody.
 */
#include "suite.h"

#define LMSW	"Intel SDM vol. 2, LMSW; AMD APM vol. 3, LMSW"

PROBE(lmsw_cannot_leave_protected_mode,
	.rule = "LMSW with PE clear leaves PE set, and loads MP, EM and TS only",
	.cite = LMSW,
	.control = "an LMSW that does nothing is caught")
{
	uint64_t before = read_cr0();
	uint64_t loaded = CR0_MP | CR0_EM | CR0_TS;

	__asm__ volatile("lmsw %w0" :: "r"(CR0_TS) : "memory");
	CHECK_EQ(CR0_PE | CR0_TS, read_cr0() & (CR0_PE | loaded));
	__asm__ volatile("lmsw %w0" :: "r"(0xffff) : "memory");
	CHECK_EQ(before | loaded, read_cr0());
	write_cr0(before);
}

PROBE(clts_clears_one_bit,
	.rule = "CLTS clears CR0.TS and changes nothing else",
	.cite = "Intel SDM vol. 2, CLTS; AMD APM vol. 3, CLTS",
	.control = "a CLTS that does nothing is caught")
{
	uint64_t before = read_cr0();

	write_cr0(before | CR0_TS);
	__asm__ volatile("clts" ::: "memory");
	CHECK_EQ(before & ~(uint64_t)CR0_TS, read_cr0());
	write_cr0(before);
}

static uint64_t cr0;

__guest void smsw_forms(void)
{
	uint64_t wide = ~0ull, narrow = ~0ull;
	volatile uint64_t memory = ~0ull;

	__asm__ volatile("smsw %k0" : "+r"(wide));
	__asm__ volatile("smsw %w0" : "+r"(narrow));
	__asm__ volatile("smsw %0" : "+m"(memory));
	CHECK_EQ(cr0 & 0xffff, wide & 0xffff);
	CHECK_EQ(0, wide >> 32);
	CHECK_EQ(~0xffffull | (cr0 & 0xffff), narrow);
	CHECK_EQ(~0xffffull | (cr0 & 0xffff), memory);
}

PROBE(smsw_writes_the_width_it_names,
	.rule = "SMSW gives CR0's low word: 16 bits to memory, the register's own width",
	.cite = "Intel SDM vol. 2, SMSW; AMD APM vol. 3, SMSW",
	.control = "an SMSW that does nothing is caught")
{
	/* A bit that a host at work does not have set. */
	write_cr0(read_cr0() | CR0_TS);
	cr0 = read_cr0();
	smsw_forms();
	ring3_call(smsw_forms);
	write_cr0(cr0 & ~(uint64_t)CR0_TS);
}
