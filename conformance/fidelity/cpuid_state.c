/*
 * The leaves of CPUID that follow the machine's state, or describe its
 * formats, agree with it and with each other.
 */
#include "suite.h"

enum { EAX, EBX, ECX, EDX };
enum { CR4_PKE = 1 << 22 };

#define BOTH	(RING0 | RING3)
#define LEAF_0D	"Intel SDM vol. 2, CPUID, leaf 0DH; AMD APM vol. 3, Function Dh"

__guest const char *no_pku(void)
{
	return cpuid_reg(7, 0, ECX) >> 3 & 1 ? NULL : "CPUID: no PKU";
}

PROBE(ospke_bit_tracks_cr4,
	.rule = "CPUID.7.0:ECX.OSPKE is the current value of CR4.PKE",
	.cite = "Intel SDM vol. 2, CPUID, leaf 07H; AMD APM vol. 3, Function 7h",
	.control = "a write to CR4 that does nothing is caught",
	.skip = GUEST(no_pku))
{
	uint64_t cr4 = read_cr4();

	write_cr4(cr4 | CR4_PKE);
	CHECK_EQ(1, cpuid_reg(7, 0, ECX) >> 4 & 1);
	write_cr4(cr4 & ~(uint64_t)CR4_PKE);
	CHECK_EQ(0, cpuid_reg(7, 0, ECX) >> 4 & 1);
	write_cr4(cr4);
}

__guest const char *no_xsave(void)
{
	return cpuid_reg(1, 0, ECX) >> 26 & 1 ? NULL : "CPUID: no XSAVE";
}

/* Apart, so that a test can spoil this CPUID and no other. */
__guest __attribute__((noinline)) void component_read(uint32_t i,
						      uint32_t *size,
						      uint32_t *from)
{
	uint32_t ignored;

	arch_cpuid(0xd, i, size, from, &ignored, &ignored);
}

PROBE(xsave_components_fit_their_area,
	.rule = "Each XCR0 component lies behind the header, apart, inside 0DH.0:ECX",
	.cite = LEAF_0D, .rings = BOTH, .skip = GUEST(no_xsave),
	.control = "a CPUID that does nothing is caught")
{
	uint64_t xcr0 = (uint64_t)cpuid_reg(0xd, 0, EDX) << 32 |
			cpuid_reg(0xd, 0, EAX);
	uint32_t end = 576, bad = 0;

	CHECK_EQ(3, xcr0 & 3);
	for (uint32_t i = 2; i < 63; i++) {
		uint32_t size, from;

		if (!(xcr0 >> i & 1))
			continue;
		component_read(i, &size, &from);
		bad += !size || from < 576;
		if (from + size > end)
			end = from + size;
		for (uint32_t j = 2; j < i; j++) {
			uint32_t other_size, other;

			if (!(xcr0 >> j & 1))
				continue;
			component_read(j, &other_size, &other);
			bad += from < other + other_size &&
			       other < from + size;
		}
	}
	CHECK_EQ(0, bad);
	CHECK_EQ(end, cpuid_reg(0xd, 0, ECX));
}

PROBE(xsave_states_match_their_features,
	.rule = "AVX, AVX-512 and PKU are advertised with their XCR0 components",
	.cite = "Intel SDM vol. 1, Detection of AVX Instructions, Enumeration of "
		"CPU Support for XSAVE; " LEAF_0D,
	.rings = BOTH, .skip = GUEST(no_xsave),
	.control = "a CPUID that does nothing is caught")
{
	uint32_t xcr0 = cpuid_reg(0xd, 0, EAX);

	CHECK_EQ(cpuid_reg(1, 0, ECX) >> 28 & 1, xcr0 >> 2 & 1);
	CHECK_EQ(cpuid_reg(7, 0, EBX) >> 16 & 1 ? 7 : 0, xcr0 >> 5 & 7);
	CHECK_EQ(cpuid_reg(7, 0, ECX) >> 3 & 1, xcr0 >> 9 & 1);
}

__guest const char *no_compaction(void)
{
	if (no_xsave())
		return no_xsave();
	/* With XSAVEC alone older editions leave the size out. */
	if (!(cpuid_reg(0xd, 1, EAX) >> 3 & 1))
		return "CPUID: no XSAVES";
	return cpuid_reg(0xd, 0, EAX) & 4 ? NULL : "CPUID: no AVX state";
}

PROBE(compacted_size_tracks_xcr0,
	.rule = "CPUID.0DH.1:EBX is the compacted size for what is enabled now",
	.cite = LEAF_0D, .skip = GUEST(no_compaction),
	.control = "an XSETBV that does nothing is caught")
{
	uint64_t cr4 = read_cr4();

	write_cr4(cr4 | CR4_OSXSAVE);
	CHECK_EQ(NO_FAULT, xsetbv_safe(0, 3));
	CHECK_EQ(576, cpuid_reg(0xd, 1, EBX));
	CHECK_EQ(NO_FAULT, xsetbv_safe(0, 7));
	CHECK_EQ(576 + cpuid_reg(0xd, 2, EAX), cpuid_reg(0xd, 1, EBX));
	CHECK_EQ(NO_FAULT, xsetbv_safe(0, 1));
	write_cr4(cr4);
}

PROBE(subleaf_is_ignored_where_there_is_none,
	.rule = "Leaves 0 and 80000008H do not depend on ECX",
	.cite = "Intel SDM vol. 2, CPUID; AMD APM vol. 3, CPUID", .rings = BOTH,
	.control = "a second CPUID that does nothing is caught")
{
	static const uint32_t leaf[] = { 0, 0x80000000, 0x80000008 };

	for (unsigned int i = 0; i < sizeof(leaf) / sizeof(*leaf); i++) {
		uint32_t a[4], b[4];

		arch_cpuid(leaf[i], 0, &a[0], &a[1], &a[2], &a[3]);
		arch_cpuid(leaf[i], 0x1234, &b[0], &b[1], &b[2], &b[3]);
		CHECK_EQ(a[EAX], b[EAX]);
		CHECK_EQ(a[EBX], b[EBX]);
		CHECK_EQ(a[ECX], b[ECX]);
		CHECK_EQ(a[EDX], b[EDX]);
	}
}

#define MSR_PLATFORM_INFO	0xceu
#define MSR_MISC_FEATURES	0x140u
#define MSR_HWCR		0xc0010015u

static uint32_t fault_msr;
static uint64_t fault_bit;

/* Intel's and AMD's ways to the same thing. */
__guest const char *no_cpuid_faulting(void)
{
	uint64_t v;

	if (cpuid_reg(0x80000021u, 0, EAX) >> 17 & 1) {
		fault_msr = MSR_HWCR;
		fault_bit = 1ull << 35;
		return NULL;
	}
	if (rdmsr_safe(MSR_PLATFORM_INFO, &v) == NO_FAULT && (v >> 31 & 1)) {
		fault_msr = MSR_MISC_FEATURES;
		fault_bit = 1;
		return NULL;
	}
	return "the CPU does not offer CPUID faulting";
}

__guest void cpuid_refused(void)
{
	CHECK_FAULT(VEC_GP, 0, asm_safe("xor %%eax, %%eax\n\tcpuid",
					::: "rax", "rbx", "rcx", "rdx"));
}

__guest void cpuid_allowed(void)
{
	CHECK_EQ(NO_FAULT, asm_safe("xor %%eax, %%eax\n\tcpuid",
				    ::: "rax", "rbx", "rcx", "rdx"));
}

PROBE(cpuid_faulting_stops_cpl3_only,
	.rule = "With CPUID faulting enabled CPUID raises #GP(0) at CPL3, not at CPL0",
	.cite = "Intel SDM vol. 4, MISC_FEATURE_ENABLES; AMD APM vol. 2, Hardware "
		"Configuration Register (HWCR), CpuidUserDis",
	.skip = GUEST(no_cpuid_faulting),
	.control = "a WRMSR that does nothing is caught")
{
	uint64_t before = 0;

	CHECK_EQ(NO_FAULT, rdmsr_safe(fault_msr, &before));
	CHECK_EQ(NO_FAULT, wrmsr_safe(fault_msr, before | fault_bit));
	ring3_call(cpuid_refused);
	cpuid_allowed();
	CHECK_EQ(NO_FAULT, wrmsr_safe(fault_msr, before & ~fault_bit));
	ring3_call(cpuid_allowed);
}
