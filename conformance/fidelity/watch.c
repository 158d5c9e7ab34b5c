/*
 * Data breakpoints hit what they watch, and say so exactly.
 *
 * The CPU compares addresses only for what it executes itself: an access that
 * a hypervisor emulates is its own to compare.
 */
#include "suite.h"
#include "apic.h"
#include "debug.h"

#define WATCH	"Intel SDM vol. 3, Debug Registers, Data Breakpoint Condition; " \
		"AMD APM vol. 2, Breakpoints"

static volatile uint64_t watched[2] __attribute__((aligned(16)));

__guest unsigned int load(const volatile void *gva)
{
	return asm_safe("movb (%0), %%al\n\tnop", :: "D"(gva) : "rax", "memory");
}

__guest unsigned int store(volatile void *gva)
{
	return asm_safe("movb $1, (%0)\n\tnop", :: "D"(gva) : "memory");
}

PROBE(access_watch_sees_reads,
	.rule = "A breakpoint on reads and writes traps after a load, and sets B0",
	.cite = WATCH,
	.control = "a load that does nothing is caught")
{
	watch_set((uint64_t)watched, DR_ACCESS, 0);
	CHECK_EQ(VEC_DB, load(watched));
	CHECK_EQ(DR6_B0, read_dr6() & DR6_CAUSE);
	watch_clear();
}

PROBE(write_watch_ignores_reads,
	.rule = "A breakpoint on writes ignores a load and sees the store",
	.cite = WATCH,
	.control = "a store that does nothing is caught")
{
	watch_set((uint64_t)watched, DR_WRITE, 0);
	CHECK_EQ(NO_FAULT, load(watched));
	CHECK_EQ(VEC_DB, store(watched));
	watch_clear();
}

PROBE(watch_of_eight_bytes_covers_eight,
	.rule = "A breakpoint of eight bytes sees the last of them, and not the next",
	.cite = WATCH,
	.control = "a store that does nothing is caught")
{
	volatile uint8_t *byte = (volatile uint8_t *)watched;

	watch_set((uint64_t)watched, DR_WRITE, 2);
	CHECK_EQ(VEC_DB, store(byte + 7));
	CHECK_EQ(NO_FAULT, store(byte + 8));
	watch_clear();
}

PROBE(watch_sees_an_overlapping_access,
	.rule = "An access that only overlaps the watched byte traps",
	.cite = WATCH,
	.control = "a store that does nothing is caught")
{
	volatile uint8_t *byte = (volatile uint8_t *)watched;

	watch_set((uint64_t)(byte + 4), DR_WRITE, 0);
	CHECK_EQ(VEC_DB, asm_safe("movq $0, (%0)\n\tnop",
				  :: "D"(byte + 1) : "memory"));
	CHECK_EQ(NO_FAULT, asm_safe("movl $0, (%0)\n\tnop",
				    :: "r"(byte) : "memory"));
	watch_clear();
}

PROBE(global_enable_is_an_enable,
	.rule = "A breakpoint with only its G bit set works, with neither it does not",
	.cite = WATCH,
	.control = "a store that does nothing is caught")
{
	watch_set((uint64_t)watched, DR_WRITE, 0);
	write_dr7(DR7_FIXED | DR7_G0 | DR7_RW0(DR_WRITE, 0));
	CHECK_EQ(VEC_DB, store(watched));
	write_dr7(DR7_FIXED | DR7_RW0(DR_WRITE, 0));
	CHECK_EQ(NO_FAULT, store(watched));
	watch_clear();
}

PROBE(one_access_hits_two_breakpoints,
	.rule = "An access that two breakpoints watch traps once, and sets B0 and B1",
	.cite = WATCH,
	.control = "a store that does nothing is caught")
{
	watch_set((uint64_t)watched, DR_WRITE, 2);
	write_dr1((uint64_t)watched);
	write_dr7(DR7_FIXED | DR7_L0 | DR7_L1 | DR7_RW0(DR_WRITE, 2) |
		  DR7_RW1(DR_ACCESS, 0));
	CHECK_EQ(VEC_DB, store(watched));
	CHECK_EQ(1, fault_count);
	CHECK_EQ(DR6_B0 | DR6_B1, read_dr6() & DR6_CAUSE);
	watch_clear();
	write_dr1(0);
}

__guest void store_as_user(void)
{
	CHECK_EQ(VEC_DB, store(watched));
	CHECK_EQ(NO_FAULT, store(&watched[1]));
}

PROBE(watch_holds_at_cpl3,
	.rule = "A breakpoint that CPL0 set traps a store of CPL3",
	.cite = WATCH,
	.control = "a store that does nothing is caught")
{
	watch_set((uint64_t)watched, DR_WRITE, 2);
	ring3_call(store_as_user);
	CHECK_EQ(DR6_B0, read_dr6() & DR6_CAUSE);
	watch_clear();
}

PROBE(watch_stops_a_string_on_its_way,
	.rule = "A watched element of REP STOS traps, at the latest when it is done",
	.cite = WATCH,
	.control = "a REP STOS that does nothing is caught")
{
	volatile uint8_t *to = (volatile uint8_t *)watched;
	uint64_t n = 8;

	watch_set((uint64_t)watched + 2, DR_WRITE, 0);
	CHECK_EQ(VEC_DB, asm_safe("rep stosb\n\tnop", : "+D"(to), "+c"(n)
				  : "a"(0) : "memory"));
	CHECK(n <= 5);			/* not before the third */
	CHECK_EQ((uint64_t)watched + 8 - n, to);
	CHECK_EQ(DR6_B0, read_dr6() & DR6_CAUSE);
	watch_clear();
}

PROBE(watch_holds_on_a_devices_page,
	.rule = "A data breakpoint on a device's register traps after the access",
	.cite = WATCH, .needs = NEED_IRQCHIP, .skip = GUEST(xapic_missing),
	.control = "a #DB whose RIP is one too high is caught")
{
	uint64_t after = 0;

	xapic_start();
	watch_set(XAPIC_GPA + APIC_ID, DR_ACCESS, 3);
	CHECK_STEP(after, "lea 1f(%%rip), %0\n\tmovl (%1), %%eax\n\t"
		   "1: nop\n\tnop",
		   : "=&r"(after) : "r"(XAPIC_GPA + APIC_ID)
		   : "rax", "memory");
	CHECK_EQ(DR6_B0, read_dr6() & DR6_CAUSE);
	watch_clear();
	apic_stop();
}

PROBE(step_and_watch_meet_in_one_trap,
	.rule = "A stepped store to a watched place traps once, with BS and B0",
	.cite = WATCH "; Intel SDM vol. 3, Debug Status Register (DR6)",
	.control = "a #DB whose RIP is one too high is caught")
{
	uint64_t after = 0;

	watch_set((uint64_t)watched, DR_WRITE, 0);
	CHECK_STEP(after, STEP_ON "movb $1, %[to]\n\t1: nop\n\tnop",
		   : [after] "=&r"(after), [to] "=m"(watched)
		   :: "memory", "cc");
	CHECK_EQ(DR6_BS | DR6_B0, read_dr6() & DR6_CAUSE);
	watch_clear();
}
