/*
 * The debug registers themselves: aliases, fixed bits, their guard, and the
 * branch-wise step of DEBUGCTL.
 */
#include "suite.h"
#include "debug.h"

#define REGISTERS "Intel SDM vol. 3, Debug Registers; AMD APM vol. 2, Debug Registers"
#define MSR_DEBUGCTL	0x1d9u
#define DEBUGCTL_BTF	(1ull << 1)

PROBE(dr5_follows_cr4_de,
	.rule = "DR5 is DR7 while CR4.DE is clear, and raises #UD while it is set",
	.cite = "Intel SDM vol. 3, Debug Registers DR4 and DR5; AMD APM vol. 2, "
		"Debugging Extensions (DE) Bit",
	.control = "a MOV from DR5 that does nothing is caught")
{
	uint64_t cr4 = read_cr4(), v = 0;

	write_cr4(cr4 & ~(uint64_t)CR4_DE);
	CHECK_EQ(NO_FAULT, asm_safe("mov %%dr5, %0", : "+r"(v) :: "memory"));
	CHECK_EQ(read_dr7(), v);
	CHECK_EQ(NO_FAULT, asm_safe("mov %0, %%dr5", :: "r"(0x500ull)));
	CHECK_EQ(0x500, read_dr7());
	write_cr4(cr4 | CR4_DE);
	CHECK_EQ(VEC_UD, asm_safe("mov %0, %%dr5", :: "r"(0x400ull)));
	CHECK_EQ(0x500, read_dr7());
	write_cr4(cr4);
	write_dr7(DR7_FIXED);
}

PROBE(dr7_keeps_its_fixed_bits,
	.rule = "Of DR7's bits 10, 12, 14 and 15 the first reads 1, the others 0",
	.cite = REGISTERS,
	.control = "a MOV from DR7 that does nothing is caught")
{
	uint64_t fixed = 1 << 10 | 1 << 12 | 1 << 14 | 1 << 15;

	write_dr7(DR7_FIXED | 1 << 12 | 1 << 14 | 1 << 15);
	CHECK_EQ(DR7_FIXED, read_dr7() & fixed);
	write_dr7(0);
	CHECK_EQ(DR7_FIXED, read_dr7() & fixed);
}

PROBE(address_registers_hold_64_bits,
	.rule = "DR0 to DR3 read back all 64 bits that were written",
	.cite = REGISTERS "; Intel SDM vol. 3, Debug Registers and Intel 64 Processors",
	.control = "a MOV to DR3 that does nothing is caught")
{
	write_dr0(0x0123456789abcdefull);
	write_dr1(0x0000fedcba987654ull);
	write_dr2(0xffffffffffffffffull);
	write_dr3(0xffff800000000001ull);
	CHECK_EQ(0x0123456789abcdefull, read_dr0());
	CHECK_EQ(0x0000fedcba987654ull, read_dr1());
	CHECK_EQ(0xffffffffffffffffull, read_dr2());
	CHECK_EQ(0xffff800000000001ull, read_dr3());
	write_dr0(0);
	write_dr1(0);
	write_dr2(0);
	write_dr3(0);
}

/* 0 where the MOV does nothing: of what was in the register it may be right. */
__guest uint64_t dr6_or_nothing(void)
{
	uint64_t v = 0;

	__asm__ volatile("mov %%dr6, %0" : "+r"(v) :: "memory");
	return v;
}

PROBE(rtm_bit_is_fixed_without_rtm,
	.rule = "Bit 16 of DR6 reads 1 whatever is written, and holds it with RTM",
	.cite = REGISTERS,
	.control = "a MOV from DR6 that does nothing is caught")
{
	bool rtm = cpuid_reg(7, 0, 1) >> 11 & 1;

	write_dr6(0);
	CHECK_EQ(!rtm, dr6_or_nothing() >> 16 & 1);
	write_dr6(DR6_CLEAR);
	CHECK_EQ(1, dr6_or_nothing() >> 16 & 1);
}

PROBE(guard_sees_reads_too,
	.rule = "With DR7.GD set a MOV from DR3 raises #DB with BD, before it acts",
	.cite = "Intel SDM vol. 3, General-Detect Exception Condition; AMD APM "
		"vol. 2, General-Detect Enable (GD)",
	.control = "a #DB whose RIP is one too high is caught")
{
	uint64_t at = 0, v = 0x5a5a;

	write_dr6(DR6_CLEAR);
	write_dr7(DR7_FIXED | DR7_GD);
	CHECK_STEP(at, "lea 1f(%%rip), %[at]\n\t1: mov %%dr3, %[v]",
		   : [at] "=&r"(at), [v] "+r"(v) :: "memory");
	CHECK_EQ(0x5a5a, v);
	CHECK_EQ(DR6_BD, read_dr6() & DR6_CAUSE);
	write_dr6(DR6_CLEAR);
	write_dr7(DR7_FIXED);
}

__guest const char *no_debugctl(void)
{
	uint64_t v;

	return rdmsr_safe(MSR_DEBUGCTL, &v) == NO_FAULT ? NULL
	       : "there is no DEBUGCTL";
}

PROBE(step_by_branches_stops_at_branches,
	.rule = "With DEBUGCTL.BTF a step ends at a taken branch's target; BTF is cleared",
	.cite = "Intel SDM vol. 3, Single-Stepping on Branches; AMD APM vol. 2, "
		"Debug-Control MSR (DebugCtl), Branch Single Step",
	.skip = GUEST(no_debugctl),
	.control = "a DEBUGCTL that ignores writes is caught")
{
	uint64_t after = 0, v = 0;

	CHECK_EQ(NO_FAULT, wrmsr_safe(MSR_DEBUGCTL, DEBUGCTL_BTF));
	CHECK_STEP(after, STEP_ON "nop\n\tnop\n\tjmp 1f\n\tnop\n\t1: nop\n\tnop",
		   : [after] "=&r"(after) :: "memory", "cc");
	CHECK_EQ(NO_FAULT, rdmsr_safe(MSR_DEBUGCTL, &v));
	CHECK_EQ(0, v & DEBUGCTL_BTF);
	wrmsr_safe(MSR_DEBUGCTL, 0);
}
