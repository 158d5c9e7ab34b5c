/*
 * Memory-type range registers refuse what no memory type is, and there are as
 * many of them as they say.
 */
#include "suite.h"

enum {
	MSR_MTRRCAP = 0xfe, MSR_MTRR_DEF_TYPE = 0x2ff,
	MSR_MTRR_BASE_0 = 0x200, MSR_MTRR_FIX_64K = 0x250,
};

__guest const char *no_mtrr(void)
{
	return cpuid_reg(1, 0, 3) & 1 << 12 ? NULL : "CPUID: no MTRRs";
}

PROBE(mtrr_capabilities_are_read_only,
	.rule = "WRMSR of IA32_MTRRCAP raises #GP",
	.cite = "Intel SDM vol. 3, MTRR Feature Identification; AMD APM vol. 2, "
		"Identifying MTRR Features",
	.skip = GUEST(no_mtrr),
	.control = "a WRMSR that does nothing is caught")
{
	uint64_t before = rdmsr(MSR_MTRRCAP);

	CHECK_FAULT(VEC_GP, 0, wrmsr_safe(MSR_MTRRCAP, before));
	CHECK_EQ(before, rdmsr(MSR_MTRRCAP));
}

PROBE(mtrr_reserved_values_fault,
	.rule = "WRMSR of a reserved memory type or bit to an MTRR raises #GP",
	.cite = "Intel SDM vol. 3, Memory Type Range Registers; AMD APM vol. 2, "
		"MTRR Type Encodings, Variable-Range MTRRs",
	.skip = GUEST(no_mtrr),
	.control = "a WRMSR that does nothing is caught")
{
	uint32_t bits = cpuid_reg(0x80000008u, 0, 0) & 0xff;
	uint64_t def = rdmsr(MSR_MTRR_DEF_TYPE);
	uint64_t cap = rdmsr(MSR_MTRRCAP);

	CHECK_FAULT(VEC_GP, 0,
		    wrmsr_safe(MSR_MTRR_DEF_TYPE, (def & ~7ull) | 2));
	CHECK_FAULT(VEC_GP, 0,
		    wrmsr_safe(MSR_MTRR_DEF_TYPE, (def & ~7ull) | 7));
	CHECK_FAULT(VEC_GP, 0, wrmsr_safe(MSR_MTRR_DEF_TYPE, def | 1 << 8));
	CHECK_EQ(def, rdmsr(MSR_MTRR_DEF_TYPE));
	if (cap & 0xff) {
		uint64_t base = rdmsr(MSR_MTRR_BASE_0);
		uint64_t mask = rdmsr(MSR_MTRR_BASE_0 + 1);

		CHECK_FAULT(VEC_GP, 0, wrmsr_safe(MSR_MTRR_BASE_0,
						  (base & ~0xffull) | 2));
		CHECK_FAULT(VEC_GP, 0, wrmsr_safe(MSR_MTRR_BASE_0,
						  base | 1 << 8));
		CHECK_FAULT(VEC_GP, 0, wrmsr_safe(MSR_MTRR_BASE_0,
						  base | 1ull << bits));
		CHECK_FAULT(VEC_GP, 0, wrmsr_safe(MSR_MTRR_BASE_0 + 1,
						  mask | 1));
	}
	if (cap & 1 << 8) {
		uint64_t fixed = rdmsr(MSR_MTRR_FIX_64K);

		CHECK_FAULT(VEC_GP, 0, wrmsr_safe(MSR_MTRR_FIX_64K,
						  (fixed & ~0xffull) | 2));
		CHECK_EQ(fixed, rdmsr(MSR_MTRR_FIX_64K));
	}
}

PROBE(mtrr_count_is_the_one_that_is_told,
	.rule = "There are as many variable MTRR pairs as IA32_MTRRCAP says, no more",
	.cite = "Intel SDM vol. 3, MTRR Feature Identification; AMD APM vol. 2, "
		"Identifying MTRR Features",
	.skip = GUEST(no_mtrr),
	.control = "an RDMSR that does nothing is caught")
{
	uint32_t count = rdmsr(MSR_MTRRCAP) & 0xff;
	uint64_t v;

	for (uint32_t i = 0; i < 2 * count && i < 0x40; i++)
		CHECK_EQ(NO_FAULT, rdmsr_safe(MSR_MTRR_BASE_0 + i, &v));
	CHECK_EQ(VEC_GP, rdmsr_safe(MSR_MTRR_BASE_0 + 2 * count, &v));
	CHECK_EQ(VEC_GP, rdmsr_safe(MSR_MTRR_BASE_0 + 2 * count + 1, &v));
}
