/*
 * Model-specific registers keep their rules: what is reserved faults, what
 * is written reads back, and what faults changes nothing.
 *
 * RDMSR and WRMSR are the widest door between a guest and its hypervisor;
 * most of the checks behind it are done in software.
 */
#include "suite.h"

#define MSR_NOBODYS		0xdeadbeefu
/* Not canonical with 48 and not with 57 bits of linear address. */
#define NOT_CANONICAL		(1ull << 63)

PROBE(efer_reserved_bit_faults,
	.rule = "WRMSR setting a reserved EFER bit raises #GP and changes nothing",
	.cite = "Intel SDM vol. 2, WRMSR; AMD APM vol. 2, Extended Feature "
		"Enable Register (EFER)",
	.control = "a WRMSR to EFER that succeeds silently is caught")
{
	static const uint8_t reserved[] = { 9, 62, 63 };
	uint64_t before = rdmsr(MSR_EFER);

	for (unsigned int i = 0; i < sizeof(reserved); i++) {
		uint64_t v = before | 1ull << reserved[i];

		CHECK_FAULT(VEC_GP, 0, wrmsr_safe(MSR_EFER, v));
	}
	CHECK_EQ(before, rdmsr(MSR_EFER));
}

PROBE(efer_lme_change_while_paging_faults,
	.rule = "WRMSR changing EFER.LME while CR0.PG is set raises #GP",
	.cite = "Intel SDM vol. 3, Initializing IA-32e Mode; AMD APM vol. 2, "
		"Extended Feature Enable Register (EFER)",
	.control = "a WRMSR to EFER that succeeds silently is caught")
{
	uint64_t before = rdmsr(MSR_EFER);

	CHECK_EQ(EFER_LME | EFER_LMA, before & (EFER_LME | EFER_LMA));
	CHECK_FAULT(VEC_GP, 0, wrmsr_safe(MSR_EFER, before & ~(1ull << 8)));
	CHECK_EQ(before, rdmsr(MSR_EFER));
}

PROBE(unimplemented_msr_faults,
	.rule = "RDMSR and WRMSR of a register that does not exist raise #GP(0)",
	.cite = "Intel SDM vol. 2, RDMSR, WRMSR; AMD APM vol. 3, RDMSR, WRMSR",
	.control = "an MSR 0xDEADBEEF that reads as zero is caught")
{
	uint64_t v;

	CHECK_FAULT(VEC_GP, 0, rdmsr_safe(MSR_NOBODYS, &v));
	CHECK_EQ(0, v);			/* the registers were left alone */
	CHECK_FAULT(VEC_GP, 0, wrmsr_safe(MSR_NOBODYS, 0));
}

PROBE(noncanonical_base_faults,
	.rule = "WRMSR of a non-canonical address raises #GP and changes nothing",
	.cite = "Intel SDM vol. 2, WRMSR; AMD APM vol. 2, Canonicalization and "
		"Consistency Checks",
	.control = "a #GP that arrives as another vector is caught")
{
	static const uint32_t msr[] = {
		MSR_LSTAR, MSR_FS_BASE, MSR_GS_BASE, MSR_KERNEL_GS_BASE,
	};

	for (unsigned int i = 0; i < sizeof(msr) / sizeof(*msr); i++) {
		uint64_t before = rdmsr(msr[i]);

		CHECK_FAULT(VEC_GP, 0, wrmsr_safe(msr[i], NOT_CANONICAL));
		CHECK_EQ(before, rdmsr(msr[i]));
		wrmsr(msr[i], before);
	}
}

PROBE(pat_reads_back,
	.rule = "IA32_PAT reads back what was written, of every type that there is",
	.cite = "Intel SDM vol. 3, Page Attribute Table (PAT); AMD APM vol. 2, PAT "
		"Register",
	.control = "a WRMSR that does nothing is caught")
{
	/* UC, WC, WT, WP, WB, UC-: entry 0, which is in use, stays WB. */
	const uint64_t types = 0x0700010405060006ull;
	uint64_t before = rdmsr(MSR_PAT);

	CHECK_EQ(NO_FAULT, wrmsr_safe(MSR_PAT, types));
	CHECK_EQ(types, rdmsr(MSR_PAT));
	CHECK_EQ(NO_FAULT, wrmsr_safe(MSR_PAT, before));
	CHECK_EQ(before, rdmsr(MSR_PAT));
}

PROBE(pat_reserved_type_faults,
	.rule = "WRMSR of a reserved memory type to the PAT raises #GP",
	.cite = "Intel SDM vol. 3, IA32_PAT MSR; AMD APM vol. 2, PAT Register",
	.control = "a PAT that takes any value is caught")
{
	static const uint8_t reserved[] = { 2, 3, 8, 0xff };
	uint64_t before = rdmsr(MSR_PAT);

	for (unsigned int i = 0; i < sizeof(reserved); i++) {
		uint64_t v = (before & ~0xffull) | reserved[i];

		CHECK_FAULT(VEC_GP, 0, wrmsr_safe(MSR_PAT, v));
	}
	CHECK_EQ(before, rdmsr(MSR_PAT));
}

PROBE(rdmsr_clears_upper_halves,
	.rule = "RDMSR clears bits 63:32 of RAX and RDX and ignores those of RCX",
	.cite = "Intel SDM vol. 2, RDMSR; AMD APM vol. 3, RDMSR",
	.control = "an RDMSR that does nothing is caught")
{
	uint64_t high = 0xffffffffull << 32;
	uint64_t a = high, d = high, c = high | MSR_EFER;

	__asm__ volatile("rdmsr" : "+a"(a), "+d"(d) : "c"(c));
	CHECK_EQ(0, a >> 32);
	CHECK_EQ(0, d >> 32);
	CHECK_EQ(EFER_LMA, a & EFER_LMA);
}

PROBE(base_registers_read_back,
	.rule = "A canonical address written to LSTAR or KERNEL_GS_BASE reads back",
	.cite = "AMD APM vol. 2, SYSCALL and SYSRET MSRs, SWAPGS; Intel SDM "
		"vol. 4, Architectural MSRs",
	.control = "a KERNEL_GS_BASE that ignores writes is caught")
{
	static const uint64_t value[] = {
		0xffff8000deadb000ull, 0x00007ffffffff123ull, 0,
	};
	static const uint32_t msr[] = { MSR_LSTAR, MSR_KERNEL_GS_BASE };

	for (unsigned int m = 0; m < 2; m++) {
		for (unsigned int i = 0; i < 3; i++) {
			wrmsr(msr[m], value[i]);
			CHECK_EQ(value[i], rdmsr(msr[m]));
		}
	}
}

PROBE(fs_base_moves_the_segment,
	.rule = "An FS-relative load adds the base that IA32_FS_BASE holds",
	.cite = "Intel SDM vol. 3, Segment Loading Instructions in IA-32e Mode; "
		"AMD APM vol. 2, FS and GS Registers in 64-Bit Mode",
	.control = "an FS_BASE that ignores writes is caught")
{
	static const uint64_t word[2] = { 0x1122334455667788ull, 0x99aabbccull };
	uint64_t before = rdmsr(MSR_FS_BASE), got;

	wrmsr(MSR_FS_BASE, (uint64_t)word);
	__asm__ volatile("movq %%fs:8, %0" : "=r"(got) :: "memory");
	wrmsr(MSR_FS_BASE, before);
	CHECK_EQ(word[1], got);
}

__guest const char *no_tsc_adjust(void)
{
	return cpuid_reg(7, 0, 1) & 2 ? NULL : "CPUID: no TSC_ADJUST";
}

PROBE(tsc_adjust_moves_the_tsc,
	.rule = "Adding to IA32_TSC_ADJUST adds the same to the TSC, and back",
	.cite = "Intel SDM vol. 3, IA32_TSC_ADJUST Register and TSC Synchronization",
	.control = "a TSC_ADJUST that ignores writes is caught",
	.skip = GUEST(no_tsc_adjust))
{
	uint64_t step = 1ull << 40, before = rdmsr(MSR_TSC_ADJUST), t0, t1;

	t0 = tsc_read();
	wrmsr(MSR_TSC_ADJUST, before + step);
	t1 = tsc_read();
	CHECK_EQ(before + step, rdmsr(MSR_TSC_ADJUST));
	wrmsr(MSR_TSC_ADJUST, before);
	/* Half a step is minutes: no pause of the host is that long. */
	CHECK(t1 - t0 >= step && t1 - t0 < step + step / 2);
	CHECK(tsc_read() - t0 < step / 2);
}
