/*
 * An exception whose stack the guest never touched before: the guest's tables
 * map it, the hypervisor's do not yet.
 *
 * The frame cannot be pushed until the hypervisor has mapped the page. It then
 * has to deliver the very exception that was on its way, once, and the guest
 * sees nothing of all that.
 */
#include "escape.h"
#include "item_host.h"
#include "suite.h"
#include "tables.h"

#define STACKS	"Intel SDM vol. 3, Interrupt Stack Table; AMD APM vol. 2, " \
		"Interrupt-Stack Table"
#define NOWHERE	(1ull << 45)
#define ROOM	(4ull << 20)	/* from one stack to the next: no huge page */

extern uint8_t tss[];

/* IST1 is 36 bytes in, RSP0 four. */
enum { RSP0 = 4, IST1 = 36 };

__guest void stack_set(unsigned int at, uint64_t top)
{
	__builtin_memcpy(tss + at, &top, sizeof(top));
}

__guest void undefined(void)
{
	__asm__ volatile("ud2");
}

__guest void breakpoint(void)
{
	__asm__ volatile("int3");
}

__guest void divide(void)
{
	__asm__ volatile("div %0" :: "r"(0) : "rax", "rdx", "cc");
}

__guest void page_fault(void)
{
	__asm__ volatile("movb $0, (%0)" :: "D"(NOWHERE) : "memory");
}

__guest void general_protection(void)
{
	__asm__ volatile("movb $0, (%0)" :: "D"(1ull << 63) : "memory");
}

/* What lies below the top: SS, RSP, RFLAGS, CS, RIP, and an error code. */
__guest void frame_check(uint64_t top, bool code, uint64_t want)
{
	const volatile uint64_t *frame = (uint64_t *)top - 5;

	CHECK_EQ(SEL_KDATA, frame[4]);
	CHECK_EQ(SEL_KCODE, frame[1]);
	CHECK_EQ(RFLAGS_FIXED, frame[2] & RFLAGS_FIXED);
	if (code)
		CHECK_EQ(want, frame[-1]);
}

__guest void deliver(unsigned int vector, void (*fn)(void), uint64_t top,
		     bool code, uint64_t want)
{
	/* An earlier delivery may have left none. */
	__asm__ volatile("mov %0, %%ss" :: "r"(SEL_KDATA) : "memory");
	stack_set(IST1, top);
	gate_ist_set(vector, 1);
	CHECK_EQ(true, escape_try(vector, fn));
	gate_ist_set(vector, 0);
	frame_check(top, code, want);
}

#define FRESH								\
	.cite = STACKS, .needs = NEED_SCRATCH,				\
	.control = "an exception that is never raised is caught"

PROBE(faults_arrive_on_fresh_pages,
	.rule = "#UD, #DE, #GP and #PF by an IST onto pages never used arrive, once and whole",
	FRESH)
{
	uint64_t top = ABI_SCRATCH_GPA + 4096;

	deliver(VEC_UD, undefined, top, false, 0);
	deliver(VEC_DE, divide, top + ROOM, false, 0);
	deliver(VEC_GP, general_protection, top + 2 * ROOM, true, 0);
	deliver(VEC_PF, page_fault, top + 3 * ROOM, true, 2);
	CHECK_EQ(NOWHERE, read_cr2());
}

PROBE(trap_arrives_on_a_fresh_page,
	.rule = "INT3 by an IST onto a page never used arrives, its RIP behind itself",
	FRESH)
{
	uint64_t top = ABI_SCRATCH_GPA + 4096;

	deliver(VEC_BP, breakpoint, top, false, 0);
	CHECK_EQ(0xcc, *(const uint8_t *)(((uint64_t *)top)[-5] - 1));
}

PROBE(frame_across_two_fresh_pages_is_whole,
	.rule = "A frame that lies across two pages never used is whole",
	FRESH)
{
	uint64_t top = ABI_SCRATCH_GPA + 4096 + 16;

	deliver(VEC_UD, undefined, top, false, 0);
	deliver(VEC_PF, page_fault, top + ROOM, true, 2);
	CHECK_EQ(NOWHERE, read_cr2());
}

__guest void fault_at_cpl3(void)
{
	ring3_call(undefined);
}

PROBE(stack_of_cpl0_may_be_fresh,
	.rule = "#UD of CPL3 onto a stack of CPL0 never used arrives with CPL3's CS and SS",
	FRESH)
{
	uint64_t top = ABI_SCRATCH_GPA + 4096, rsp0;
	const volatile uint64_t *frame = (uint64_t *)top - 5;

	__builtin_memcpy(&rsp0, tss + RSP0, sizeof(rsp0));
	stack_set(RSP0, top);
	CHECK_EQ(true, escape_try(VEC_UD, fault_at_cpl3));
	stack_set(RSP0, rsp0);
	CHECK_EQ(3, frame[1] & 3);
	CHECK_EQ(3, frame[4] & 3);
	CHECK(frame[0] - (uint64_t)undefined < 16);
}
