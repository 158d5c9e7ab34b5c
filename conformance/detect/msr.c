/*
 * Model-specific registers: those that only a hypervisor has, and those that
 * every real CPU has and a VM often lacks. A process cannot read them, so a
 * real machine is the manual's.
 */
#include "way.h"

enum { MSR_MPERF = 0xe7, MSR_APERF = 0xe8 };

#define CPL0	"RDMSR needs CPL0: judged by the manual"

WAY(synthetic_msrs,
	.kind = WAY_VALUE,
	.probe.rule = "RDMSR of what KVM (4B564D00H) and Hyper-V (40000000H) made up",
	.probe.cite = "Intel SDM vol. 4, Model-Specific Registers (40000000H to "
		      "400000FFH are reserved for software): #GP",
	.probe.rings = RING0, .no_native = CPL0)
{
	static const uint32_t msr[] = {
		0x4b564d00, 0x4b564d01, 0x40000000, 0x40000001,
	};
	uint64_t value = 0, v;

	for (unsigned int i = 0; i < 4; i++)
		if (rdmsr_safe(msr[i], &v) == NO_FAULT)
			value |= 1u << i;
	value_put(value, value & 3 ? "KVM's are there" :
		  value ? "Hyper-V's are there" : "none is there");
}

WAY(unknown_msr,
	.kind = WAY_VALUE,
	.probe.rule = "RDMSR of DEADBEEFH, which no CPU has: a VMM that ignores "
		      "unknown MSRs answers",
	.probe.cite = "Intel SDM vol. 2, RDMSR; AMD APM vol. 3, RDMSR (#GP for an "
		      "MSR that is not implemented)",
	.probe.rings = RING0, .no_native = CPL0)
{
	uint64_t v;
	bool there = rdmsr_safe(0xdeadbeef, &v) == NO_FAULT;

	value_put(there, there ? "it can be read" : "#GP");
}

WAY(microcode_revision,
	.kind = WAY_VALUE,
	.probe.rule = "The microcode revision in MSR 8BH: a real CPU has one",
	.probe.cite = "Intel SDM vol. 3, Microcode Update Facilities; AMD APM vol. 2, "
		      "Patch Level MSR",
	.probe.rings = RING0, .no_native = CPL0)
{
	uint64_t v = 0;
	bool there;

	if (cpu_is_intel())
		wrmsr_safe(MSR_UCODE_REV, 0);
	cpuid_reg(1, 0, 0);
	there = rdmsr_safe(MSR_UCODE_REV, &v) == NO_FAULT &&
		(cpu_is_intel() ? v >> 32 : v);
	value_put(!there, there ? "there is one" : "there is none, or zero");
}

/* 0, or what is wrong with the pair over a piece of work. */
__guest uint64_t clocks_judge(void)
{
	uint64_t a[2], m[2];

	if (rdmsr_safe(MSR_APERF, &a[0]) != NO_FAULT ||
	    rdmsr_safe(MSR_MPERF, &m[0]) != NO_FAULT)
		return 2;
	for (volatile unsigned int i = 0; i < 10000; i++)
		;
	rdmsr_safe(MSR_APERF, &a[1]);
	rdmsr_safe(MSR_MPERF, &m[1]);
	a[1] -= a[0];
	m[1] -= m[0];
	if (!a[1] || !m[1])
		return 3;
	/* No CPU runs at a tenth or at eight times its nominal clock. */
	return a[1] < m[1] / 10 || a[1] / 8 > m[1] ? 4 : 0;
}

WAY(aperf_mperf,
	.kind = WAY_VALUE,
	.probe.rule = "APERF and MPERF: every CPU of today has them, both move, and "
		      "their ratio is the clock's",
	.probe.cite = "Intel SDM vol. 3, Hardware Coordination Feedback; AMD APM "
		      "vol. 2, Actual Performance Frequency Clock Count (APERF)",
	.probe.rings = RING0, .no_native = CPL0)
{
	static const char *const text[] = {
		"they move as a real CPU's", "CPUID shows neither",
		"CPUID shows them, RDMSR faults", "one of them stands still",
		"their ratio is no CPU's",
	};
	uint64_t value = cpuid_reg(6, 0, 2) & 1 ? clocks_judge() : 1;

	value_put(value, text[value]);
}
