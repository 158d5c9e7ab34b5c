/*
 * Instructions that read a counter or a random number: which of them run
 * natively in a guest.
 *
 * The time-stamp counter is scaled and offset by the CPU and must not exit;
 * neither must RDRAND. RDPMC exits wherever KVM emulates the counters, and
 * PAUSE only when the CPU believes that the guest spins on a lock.
 */
#include "suite.h"

#define CPUID_1_ECX_RDRAND	(1u << 30)
#define CPUID_AMD_EDX_RDTSCP	(1u << 27)	/* leaf 0x80000001 */
#define CPUID_AMD_ECX_PERFCTR	(1u << 23)

__guest uint64_t cr4_before;

__guest void rdtsc_op(void)
{
	__asm__ volatile("rdtsc" ::: "eax", "edx");
}

__guest const char *rdtscp_skip(void)
{
	if (!(cpuid_reg(0x80000001, 0, 3) & CPUID_AMD_EDX_RDTSCP))
		return "CPUID offers no RDTSCP";
	return NULL;
}

__guest void rdtscp_op(void)
{
	__asm__ volatile("rdtscp" ::: "eax", "ecx", "edx");
}

/* CPUID first: a host without a PMU may not survive the instruction. */
__guest const char *rdpmc_skip(void)
{
	bool offered = cpu_is_amd() ?
		cpuid_reg(0x80000001, 0, 2) & CPUID_AMD_ECX_PERFCTR :
		cpuid_reg(0xa, 0, 0) & 0xff;

	if (!offered)
		return "CPUID offers no performance counters";
	if (asm_safe("rdpmc", :: "c"(0) : "eax", "edx") != NO_FAULT)
		return "RDPMC of counter 0 faults: KVM gives the guest no PMU";
	return NULL;
}

/* CPL3 may read counters when CR4.PCE is set. */
__guest void rdpmc_setup(void)
{
	cr4_before = read_cr4();
	write_cr4(cr4_before | CR4_PCE);
}

__guest void rdpmc_op(void)
{
	__asm__ volatile("rdpmc" :: "c"(0) : "eax", "edx");
}

__guest void rdpmc_teardown(void)
{
	write_cr4(cr4_before);
}

__guest const char *rdrand_skip(void)
{
	if (!(cpuid_reg(1, 0, 2) & CPUID_1_ECX_RDRAND))
		return "CPUID offers no RDRAND";
	return NULL;
}

__guest void rdrand_op(void)
{
	uint64_t v;

	__asm__ volatile("rdrand %0" : "=r"(v) :: "cc");
}

__guest void pause_op(void)
{
	__asm__ volatile("pause" ::: "memory");
}

#define CITE_INSN "Intel SDM vol. 3C, Instructions That Cause VM Exits Conditionally; " \
		  "AMD APM vol. 2, Instruction Intercepts"

BENCH(rdtsc,
	.summary = "RDTSC",
	.reading = "No exit: tens of cycles, as natively. The guest's clock is built on it.",
	.cite = "Intel SDM vol. 3C, TSC Offsetting and TSC Multiplier; AMD APM vol. 2, TSC Ratio "
		"MSR",
	.rings = RING0 | RING3,
	.op = GUEST(rdtsc_op),
	.exits = EXITS(0, 0),
);

BENCH(rdtscp,
	.summary = "RDTSCP",
	.reading = "No exit: rdtsc plus the wait for earlier instructions.",
	.cite = CITE_INSN,
	.rings = RING0 | RING3,
	.skip = GUEST(rdtscp_skip),
	.op = GUEST(rdtscp_op),
	.exits = EXITS(0, 0),
);

BENCH(rdpmc,
	.summary = "RDPMC of counter 0, emulated in the kernel",
	.reading = "What a guest's profiler pays for each reading; natively it is as cheap as "
		   "rdtsc.",
	.cite = CITE_INSN,
	.rings = RING0 | RING3,
	.skip = GUEST(rdpmc_skip),
	.setup = GUEST(rdpmc_setup),
	.op = GUEST(rdpmc_op),
	.teardown = GUEST(rdpmc_teardown),
	.exits = EXITS(1, 0),
);

BENCH(rdrand,
	.summary = "RDRAND",
	.reading = "No exit; the CPU's generator alone, hundreds of cycles on some.",
	.cite = CITE_INSN,
	.rings = RING0 | RING3,
	.skip = GUEST(rdrand_skip),
	.op = GUEST(rdrand_op),
	.exits = EXITS(0, 0),
);

/*
 * A loop of PAUSE is what pause-loop exiting looks for: one exit for some
 * thousand cycles (VMX, CPL0 only) or some thousand instructions (SVM), and
 * KVM stretches that window when yielding did not help.
 */
BENCH(pause,
	.summary = "PAUSE",
	.reading = "The CPU's own delay, and now and then an exit because a loop of PAUSE looks "
		   "like a spinning lock. How often is the kvm modules' ple_* and pause_filter_*.",
	.cite = "Intel SDM vol. 3C, Controls for PAUSE-Loop Exiting; "
		"AMD APM vol. 2, Pause Intercept Filtering",
	.rings = RING0 | RING3,
	.op = GUEST(pause_op),
	.exits = EXITS_RANGE(0, 1, 0),
);
