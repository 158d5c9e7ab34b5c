/*
 * MSRs by which a CPU says what it is: they agree with CPUID, and what is read
 * only stays as it is.
 */
#include "suite.h"

#define MISC_ENABLE	"Intel SDM vol. 4, IA32_MISC_ENABLE"
#define PLATFORM_INFO	"Intel SDM vol. 4, MSR_PLATFORM_INFO"
enum { MSR_PLATFORM_INFO = 0xce, MSR_MISC_ENABLE = 0x1a0 };
enum { PERFMON = 1 << 7, BTS_UNAVAILABLE = 1 << 11, PEBS_UNAVAILABLE = 1 << 12,
       MONITOR_ENABLE = 1 << 18, LIMIT_CPUID = 1 << 22 };

__guest const char *not_intel(void)
{
	uint64_t v;

	if (!cpu_is_intel())
		return "IA32_MISC_ENABLE is Intel's";
	return rdmsr_safe(MSR_MISC_ENABLE, &v) == NO_FAULT ? NULL
	       : "IA32_MISC_ENABLE raises #GP";
}

PROBE(misc_enable_agrees_with_cpuid,
	.rule = "IA32_MISC_ENABLE's PMU, MONITOR, CPUID limit and XD bits agree with CPUID",
	.cite = MISC_ENABLE, .skip = GUEST(not_intel),
	.control = "an XD that is disabled and advertised is caught")
{
	uint64_t v = rdmsr(MSR_MISC_ENABLE);
	bool pmu = cpuid_reg(0xa, 0, 0) & 0xff;
	bool monitor = cpuid_reg(1, 0, 2) >> 3 & 1;

	CHECK_EQ(pmu, (v & PERFMON) != 0);
	CHECK_EQ(monitor, (v & MONITOR_ENABLE) != 0);
	CHECK_EQ(cpuid_reg(0x80000001u, 0, 3) >> 20 & 1, !(v >> 34 & 1));
	if (v & LIMIT_CPUID)
		CHECK_EQ(3, cpuid_reg(0, 0, 0));
}

PROBE(misc_enable_keeps_what_is_read_only,
	.rule = "WRMSR changes none of IA32_MISC_ENABLE's bits 7, 11 and 12",
	.cite = MISC_ENABLE, .skip = GUEST(not_intel),
	.control = "an RDMSR that does nothing is caught")
{
	const uint64_t fixed = PERFMON | BTS_UNAVAILABLE | PEBS_UNAVAILABLE;
	uint64_t v = rdmsr(MSR_MISC_ENABLE);
	unsigned int vector = wrmsr_safe(MSR_MISC_ENABLE, v ^ fixed);

	/* A #GP refuses, too. */
	CHECK(vector == NO_FAULT || vector == VEC_GP);
	CHECK_EQ(v & fixed, rdmsr(MSR_MISC_ENABLE) & fixed);
	CHECK_EQ(v >> 32 & 1, rdmsr(MSR_MISC_ENABLE) >> 32 & 1);
	wrmsr_safe(MSR_MISC_ENABLE, v);
}

__guest const char *no_platform_info(void)
{
	uint64_t v;

	if (!cpu_is_intel())
		return "MSR_PLATFORM_INFO is Intel's";
	return rdmsr_safe(MSR_PLATFORM_INFO, &v) == NO_FAULT ? NULL
	       : "MSR_PLATFORM_INFO raises #GP";
}

PROBE(platform_info_has_a_ratio,
	.rule = "MSR_PLATFORM_INFO names a ratio of the TSC, and its CPUID faulting works",
	.cite = PLATFORM_INFO, .skip = GUEST(no_platform_info),
	.control = "an RDMSR that does nothing is caught")
{
	uint64_t v = rdmsr(MSR_PLATFORM_INFO), enables;

	/* Bit 31: CPUID faulting, which MSR 140H then has a bit for. */
	if (v >> 31 & 1)
		CHECK_EQ(NO_FAULT, rdmsr_safe(0x140, &enables));
	CHECK_EQ(VEC_GP, wrmsr_safe(MSR_PLATFORM_INFO, ~v));
	CHECK_EQ(v, rdmsr(MSR_PLATFORM_INFO));
	if (!(v >> 8 & 0xff))
		TELL("MSR_PLATFORM_INFO has no ratio: a CPU of today has one");
}

__guest const char *not_amd(void)
{
	return cpu_is_intel() ? "these MSRs are Intel's" : NULL;
}

PROBE(intels_msrs_are_not_amds,
	.rule = "An AMD CPU has neither IA32_MISC_ENABLE nor MSR_PLATFORM_INFO",
	.cite = "AMD APM vol. 2, Model-Specific Registers (MSRs); neither is in its "
		"cross-reference",
	.skip = GUEST(not_amd),
	.control = "an RDMSR that does nothing changes the verdict")
{
	uint64_t v;
	bool misc = rdmsr_safe(MSR_MISC_ENABLE, &v) == NO_FAULT;
	bool info = rdmsr_safe(MSR_PLATFORM_INFO, &v) == NO_FAULT;

	CHECK(fault_count <= 1);
	if (misc || info)
		TELL("an MSR that is Intel's can be read on an AMD CPU");
}
