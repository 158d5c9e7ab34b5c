/*
 * A breakpoint that MOV SS holds back, over an instruction that enters CPL0:
 * it is delivered inside of what was entered (CVE-2018-8897), and not lost.
 */
#include "suite.h"
#include "debug.h"
#include "layout.h"

#define MOV_SS	"Intel SDM vol. 3, Masking Exceptions and Interrupts When " \
		"Switching Stacks; AMD APM vol. 3, MOV"

static volatile uint16_t watched;

PROBE(mov_ss_before_syscall_traps_at_its_entry,
	.rule = "A data breakpoint held back over SYSCALL traps with RIP at LSTAR",
	.cite = MOV_SS "; Intel SDM vol. 2, SYSCALL",
	.control = "a #DB whose RIP is one too high is caught")
{
	uint64_t entry;

	/* What is there goes back by itself; a #DB at it goes on there. */
	__asm__ volatile("lea 1f(%%rip), %0\n\tjmp 2f\n\t"
			 "1: jmp *%%rcx\n\t2:"
			 "\n\t.pushsection .ex_table, \"a\"\n\t"
			 ".quad 1b, 1b\n\t.popsection\n\t"
			 : "=&r"(entry) :: "memory");
	wrmsr(MSR_LSTAR, entry);
	wrmsr(MSR_STAR, (SEL_UCODE32 | 3ull) << 48 | (uint64_t)SEL_KCODE << 32);
	wrmsr(MSR_FMASK, 0);
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE);
	watched = SEL_KDATA;
	watch_set((uint64_t)&watched, DR_ACCESS, 1);
	CHECK_EQ(VEC_DB, asm_safe("mov %[ss], %%ss\n\tsyscall",
				  :: [ss] "m"(watched)
				  : "rcx", "r11", "memory", "cc"));
	CHECK_EQ(1, fault_count);
	CHECK_EQ(entry, last_fault.rip);
	CHECK_EQ(DR6_B0, read_dr6() & DR6_CAUSE);
	watch_clear();
}

PROBE(mov_ss_before_int1_traps_inside,
	.rule = "A data breakpoint held back over INT1 is delivered in #DB's own handler",
	.cite = MOV_SS,
	.control = "an INT1 that does nothing is caught")
{
	uint64_t after = 0;

	watched = SEL_KDATA;
	watch_set((uint64_t)&watched, DR_ACCESS, 1);
	CHECK_EQ(VEC_DB, asm_safe("lea 1f(%%rip), %[after]\n\t"
				  "mov %[ss], %%ss\n\t.byte 0xf1\n\t1: nop"
				  "\n\t.pushsection .ex_table, \"a\"\n\t"
				  ".quad fault_stubs + %c[db], "
				  "fault_stubs + %c[db]\n\t"
				  ".popsection\n\t",
				  : [after] "=&r"(after)
				  : [ss] "m"(watched),
				    [db] "i"(VEC_DB * STUB_BYTES)
				  : "memory"));
	CHECK_EQ(2, fault_count);
	CHECK_EQ(after, last_fault.rip);
	CHECK_EQ(DR6_B0, read_dr6() & DR6_CAUSE);
	watch_clear();
}
