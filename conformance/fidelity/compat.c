/*
 * Compatibility mode: what 64-bit mode removed works there, limits count, and
 * addresses end at 4 GiB.
 *
 * Hypervisors care least for this mode, and an emulator that forgets to cut
 * an instruction pointer to 32 bits shows in it first.
 */
#include "suite.h"
#include "compat.h"
#include "tables.h"

#define BOTH	(RING0 | RING3)
#define COMPAT	"Intel SDM vol. 3, 64-Bit Mode and Compatibility Mode Operation; AMD " \
		"APM vol. 2, Compatibility Mode"
#define EXCEPTIONS	"Intel SDM vol. 3, Exception and Interrupt Reference; " \
			"AMD APM vol. 2, Vectors"

PROBE(into_raises_of_behind_itself,
	.rule = "INTO in compatibility mode raises #OF, a trap, if OF is set only",
	.cite = EXCEPTIONS, .rings = BOTH, .needs = NEED_MACHINE,
	.skip = GUEST(compat_prepare),
	.control = "an INTO that does nothing is caught")
{
	compat.eax = 0x7fffffff;
	CHECK_EQ(VEC_OF, compat_safe(SNIPPET32("add $1, %%eax\n\t"
					       "lea 1f, %%ebx\n\tinto\n\t"
					       "1: nop")));
	CHECK_EQ(compat.ebx, last_fault.rip);
	CHECK_EQ(NO_FAULT, compat_safe(SNIPPET32("xor %%eax, %%eax\n\tinto")));
}

PROBE(bound_raises_br_at_itself,
	.rule = "BOUND in compatibility mode raises #BR outside of its bounds only",
	.cite = EXCEPTIONS, .rings = BOTH, .needs = NEED_MACHINE,
	.skip = GUEST(compat_prepare),
	.control = "a BOUND that does nothing is caught")
{
	static const int32_t bounds[2] = { -3, 7 };

	compat.edi = (uint32_t)(uint64_t)bounds;
	compat.eax = 7;
	CHECK_EQ(NO_FAULT, compat_safe(SNIPPET32("bound %%eax, (%%edi)")));
	compat.eax = 8;
	CHECK_EQ(VEC_BR, compat_safe(SNIPPET32("lea 1f, %%ebx\n\t"
					       "1: bound %%eax, (%%edi)")));
	CHECK_EQ(compat.ebx, last_fault.rip);
}

PROBE(decimal_instructions_work,
	.rule = "AAM, DAA and AAS work in compatibility mode; AAM by zero raises #DE",
	.cite = "Intel SDM vol. 2, AAM, DAA, AAS; AMD APM vol. 3, AAM, DAA, AAS",
	.rings = BOTH, .needs = NEED_MACHINE, .skip = GUEST(compat_prepare),
	.control = "an AAM that does nothing is caught")
{
	compat.eax = 123;
	CHECK_EQ(NO_FAULT, compat_safe(SNIPPET32(".byte 0xd4, 10")));
	CHECK_EQ(12 << 8 | 3, compat.eax);
	CHECK_EQ(VEC_DE, compat_safe(SNIPPET32(".byte 0xd4, 0")));
	compat.eax = 0x79;
	CHECK_EQ(NO_FAULT, compat_safe(SNIPPET32("add $0x35, %%al\n\tdaa")));
	CHECK_EQ(0x14, compat.eax & 0xff);
	CHECK_EQ(RFLAGS_CF, compat.eflags & RFLAGS_CF);
}

PROBE(push_and_pop_of_segments_work,
	.rule = "PUSH CS, PUSH ES and POP DS work in compatibility mode, by 4 bytes",
	.cite = "Intel SDM vol. 2, PUSH, POP; AMD APM vol. 3, PUSH, POP",
	.rings = BOTH, .needs = NEED_MACHINE, .skip = GUEST(compat_prepare),
	.control = "a PUSH CS that becomes a PUSH SS is caught")
{
	CHECK_EQ(NO_FAULT, compat_safe(SNIPPET32("push %%cs\n\tpop %%eax\n\t"
						 "push %%es\n\tpop %%ds\n\t"
						 "mov %%ds, %%ebx\n\t"
						 "mov %%es, %%ecx")));
	CHECK_EQ(compat_cs, compat.eax & 0xffff);
	CHECK_EQ(compat.ecx, compat.ebx);
}

/* A data segment of a page at `base`, in the entry behind the code's. */
__guest const char *limit_prepare(void)
{
	uint64_t *gdt = gdt_own();

	compat_prepare();
	gdt[GDT_FREE + 1] = 0x0040f30000000fffull;
	compat_ds = (GDT_FREE + 1) * 8 | mailbox->ring;
	return NULL;
}

PROBE(segment_limits_count,
	.rule = "In compatibility mode an access beyond DS's limit raises #GP(0)",
	.cite = "Intel SDM vol. 3, Limit Checking; AMD APM vol. 2, Limit Checks",
	.rings = BOTH, .needs = NEED_MACHINE, .skip = GUEST(limit_prepare),
	.control = "a load that does nothing is caught")
{
	compat.edi = 0xffc;
	CHECK_EQ(NO_FAULT, compat_safe(SNIPPET32("mov (%%edi), %%eax")));
	compat.edi = 0xffd;
	CHECK_FAULT(VEC_GP, 0, compat_safe(SNIPPET32("mov (%%edi), %%eax")));
	compat.edi = 0x1000;
	CHECK_FAULT(VEC_GP, 0, compat_safe(SNIPPET32("movb $1, (%%edi)")));
}

/*
 * The last page below 4 GiB and the first of all are ours, and so is the one
 * at 4 GiB: code that runs on goes from the first to one of the others.
 */
static uint8_t top[4096] __attribute__((aligned(4096)));
/* MOV AL with a number of their own, and RET. */
static volatile uint8_t bottom[4096] __attribute__((aligned(4096))) = {
	0xb0, 0x01, 0xc3,
};
static volatile uint8_t beyond[4096] __attribute__((aligned(4096))) = {
	0xb0, 0x02, 0xc3,
};

__guest const char *wrap_prepare(void)
{
	unsigned int bits = PAGE_P | PAGE_W | PAGE_U;

	compat_prepare();
	*page_entry(0xfffff000) = (uint64_t)top | bits;
	*page_entry(0) = (uint64_t)bottom | bits;
	*page_entry(0x100000000ull) = (uint64_t)beyond | bits;
	pages_flush();
	return NULL;
}

/* Calls the top page's last bytes: 1 when it went on at 0, 2 beyond. */
__guest uint32_t wrap(const uint8_t *code, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		top[sizeof(top) - n + i] = code[i];
	compat.eax = 0;
	compat_call(0x100000000ull - n);
	return compat.eax & 0xff;
}

PROBE(instruction_pointer_wraps_at_4_gib,
	.rule = "In compatibility mode execution runs from FFFFFFFFH on to 0",
	.cite = COMPAT, .rings = BOTH, .needs = NEED_MACHINE,
	.skip = GUEST(wrap_prepare),
	.control = "other code at 0 is caught")
{
	static const uint8_t nop[] = { 0x90 }, add[] = { 0x01, 0xc0 };

	CHECK_EQ(1, wrap(nop, 1));
	CHECK_EQ(1, wrap(add, 2));
}

PROBE(exiting_instruction_wraps_too,
	.rule = "CPUID and OUT at the end of the 4 GiB go on at 0 as well",
	.cite = COMPAT, .rings = BOTH, .needs = NEED_MACHINE,
	.skip = GUEST(wrap_prepare),
	.control = "other code at 0 is caught")
{
	static const uint8_t cpuid[] = { 0x0f, 0xa2 }, out[] = { 0xe6, 0x80 };

	CHECK_EQ(1, wrap(cpuid, 2));
	CHECK_EQ(1, wrap(out, 2));
}

PROBE(data_addresses_wrap_at_4_gib,
	.rule = "In compatibility mode base and index add up modulo 4 GiB",
	.cite = COMPAT, .rings = BOTH, .needs = NEED_MACHINE,
	.skip = GUEST(wrap_prepare),
	.control = "a load that does nothing is caught")
{
	compat.edi = 0xfffff000;
	compat.esi = 0x1002;
	CHECK_EQ(NO_FAULT, compat_safe(SNIPPET32("movb (%%edi,%%esi), %%al")));
	CHECK_EQ(0xc3, compat.eax & 0xff);
}
