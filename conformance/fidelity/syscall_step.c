/*
 * SYSCALL and SYSRET with TF set: the step follows them across the border.
 *
 * Where FMASK lets TF through, the #DB comes at CPL0 with RIP at LSTAR, and a
 * hypervisor that keeps LSTAR for itself shows its own. SYSRET, unlike IRET,
 * traps before the first instruction it returns to.
 */
#include "suite.h"
#include "debug.h"
#include "layout.h"

#define STEP	"Intel SDM vol. 3, Single-Step Exception Condition; AMD APM vol. 2, " \
		"Single Stepping; Intel SDM vol. 2, SYSCALL, SYSRET"

static uint64_t stub_flags, stub_gva;

/*
 * The stub at LSTAR keeps the flags that it finds and goes back. A #DB at its
 * first byte goes on there.
 */
__guest void stub_install(uint64_t fmask)
{
	__asm__ volatile("lea 1f(%%rip), %0\n\tjmp 2f\n\t"
			 "1: pushfq\n\tpop %c1\n\t"
			 "and $-257, %%r11\n\tsysretq\n\t2:"
			 "\n\t.pushsection .ex_table, \"a\"\n\t"
			 ".quad 1b, 1b\n\t.popsection\n\t"
			 : "=&r"(stub_gva) : "i"(&stub_flags) : "memory");
	wrmsr(MSR_LSTAR, stub_gva);
	wrmsr(MSR_STAR, (SEL_UCODE32 | 3ull) << 48 | (uint64_t)SEL_KCODE << 32);
	wrmsr(MSR_FMASK, fmask);
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE);
}

__guest void stepped_syscall(void)
{
	fault_arm();
	__asm__ volatile("pushfq\n\torq $0x100, (%%rsp)\n\tpopfq\n\tsyscall"
			 ::: "rcx", "r11", "memory", "cc");
}

PROBE(step_over_syscall_traps_at_lstar,
	.rule = "SYSCALL with TF that FMASK spares traps at CPL0, RIP at LSTAR",
	.cite = STEP,
	.control = "a #DB whose RIP is one too high is caught")
{
	stub_install(0);
	ring3_call(stepped_syscall);
	CHECK_EQ(1, fault_count);
	CHECK_EQ(VEC_DB, last_fault.vector);
	CHECK_EQ(stub_gva, last_fault.rip);
	CHECK_EQ(SEL_KCODE, last_fault.cs);
}

PROBE(masked_tf_is_not_stepped,
	.rule = "SYSCALL with TF that FMASK clears raises no #DB, and enters with TF clear",
	.cite = STEP,
	.control = "a WRMSR that does nothing is caught")
{
	stub_install(RFLAGS_TF);
	ring3_call(stepped_syscall);
	CHECK_EQ(0, fault_count);
	CHECK_EQ(0, stub_flags & RFLAGS_TF);
}

static uint64_t sysret_target;

/* The return sets TF: what it returns to is label 1, and DB's first RIP. */
__guest void sysret_with_tf(void)
{
	unsigned int vector;

	vector = asm_safe("lea 1f(%%rip), %%rax\n\tmov %%rax, %c0\n\tsyscall\n\t"
			  "1: nop\n\tnop\n\tnop",
			  :: "i"(&sysret_target)
			  : "rax", "rcx", "r11", "memory", "cc");
	CHECK_EQ(VEC_DB, vector);
	CHECK_EQ(sysret_target, last_fault.rip);
	CHECK_EQ(1, fault_count);
}

PROBE(sysret_to_tf_traps_at_once,
	.rule = "SYSRET that sets TF traps before the instruction that it returns to",
	.cite = STEP,
	.control = "a #DB whose RIP is one too high is caught")
{
	uint64_t stub;

	stub_install(RFLAGS_TF);
	__asm__ volatile("lea 1f(%%rip), %0\n\tjmp 2f\n\t"
			 "1: or $0x100, %%r11\n\tsysretq\n\t2:"
			 : "=&r"(stub));
	wrmsr(MSR_LSTAR, stub);
	ring3_call(sysret_with_tf);
}
