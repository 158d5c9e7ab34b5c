/*
 * CPUID tells the truth about the machine that executes it.
 *
 * A hypervisor makes most of these answers up. Those that mirror a control
 * register or a limit of the format are facts that the guest can check.
 */
#include "suite.h"

enum { EAX, EBX, ECX, EDX };

__guest const char *no_xsave(void)
{
	return cpuid_reg(1, 0, ECX) & 1 << 26 ? NULL : "CPUID: no XSAVE";
}

PROBE(osxsave_bit_tracks_cr4,
	.rule = "CPUID.1:ECX.OSXSAVE is the current value of CR4.OSXSAVE",
	.cite = "Intel SDM vol. 2, CPUID; AMD APM vol. 3, Function 1h, ECX",
	.control = "a write to CR4 that does nothing is caught",
	.skip = GUEST(no_xsave))
{
	uint64_t cr4 = read_cr4();

	write_cr4(cr4 | CR4_OSXSAVE);
	CHECK_EQ(1, cpuid_reg(1, 0, ECX) >> 27 & 1);
	write_cr4(cr4 & ~(uint64_t)CR4_OSXSAVE);
	CHECK_EQ(0, cpuid_reg(1, 0, ECX) >> 27 & 1);
	write_cr4(cr4);
}

PROBE(apic_bit_tracks_apicbase,
	.rule = "CPUID.1:EDX.APIC is clear while IA32_APIC_BASE.EN is clear",
	.cite = "Intel SDM vol. 3, Enabling or Disabling the Local APIC; "
		"AMD APM vol. 3, Function 1h, EDX",
	.control = "an IA32_APIC_BASE that ignores the write is caught")
{
	uint64_t base = rdmsr(MSR_APICBASE);

	if (!(base & 1 << 11)) {
		CHECK_EQ(0, cpuid_reg(1, 0, EDX) >> 9 & 1);
		return;
	}
	CHECK_EQ(1, cpuid_reg(1, 0, EDX) >> 9 & 1);
	/* Bus-era parts cannot go back, so nothing is asked of that. */
	wrmsr(MSR_APICBASE, base & ~(1ull << 11));
	CHECK_EQ(0, cpuid_reg(1, 0, EDX) >> 9 & 1);
}

__guest const char *no_avx_state(void)
{
	if (no_xsave())
		return no_xsave();
	return cpuid_reg(0xd, 0, EAX) & 4 ? NULL : "CPUID: no AVX state";
}

PROBE(xsave_size_tracks_xcr0,
	.rule = "CPUID.0DH.0:EBX is the size for what XCR0 enables now",
	.cite = "Intel SDM vol. 2, CPUID, leaf 0DH; AMD APM vol. 3, Function Dh",
	.control = "an XSETBV that does nothing is caught",
	.skip = GUEST(no_avx_state))
{
	uint64_t cr4 = read_cr4();
	uint32_t avx_end;

	write_cr4(cr4 | CR4_OSXSAVE);
	avx_end = cpuid_reg(0xd, 2, EAX) + cpuid_reg(0xd, 2, EBX);
	/* The legacy region and the header are there in any case. */
	CHECK_EQ(NO_FAULT, xsetbv_safe(0, 1));
	CHECK_EQ(576, cpuid_reg(0xd, 0, EBX));
	CHECK_EQ(NO_FAULT, xsetbv_safe(0, 7));
	CHECK_EQ(avx_end, cpuid_reg(0xd, 0, EBX));
	CHECK_EQ(NO_FAULT, xsetbv_safe(0, 1));
	write_cr4(cr4);
}

PROBE(upper_halves_are_cleared,
	.rule = "CPUID clears bits 63:32 of RAX, RBX, RCX and RDX",
	.cite = "Intel SDM vol. 2, CPUID; AMD APM vol. 3, CPUID",
	.control = "a CPUID that does nothing is caught",
	.rings = RING0 | RING3)
{
	uint64_t high = 0xffffffffull << 32;
	uint64_t a = high, b = high, c = high, d = high;

	__asm__ volatile("cpuid" : "+a"(a), "+b"(b), "+c"(c), "+d"(d));
	CHECK_EQ(0, a >> 32);
	CHECK_EQ(0, b >> 32);
	CHECK_EQ(0, c >> 32);
	CHECK_EQ(0, d >> 32);
}

PROBE(vendor_is_text_and_agrees,
	.rule = "The vendor is 12 printable characters; AMD repeats it in 80000000H",
	.cite = "Intel SDM vol. 2, CPUID; AMD APM vol. 3, Function 8000_0000h",
	.control = "a CPUID leaf 0 with another EBX is caught",
	.rings = RING0 | RING3)
{
	uint32_t low[4], high[4];
	unsigned int odd = 0;

	arch_cpuid(0, 0, &low[0], &low[1], &low[2], &low[3]);
	arch_cpuid(0x80000000u, 0, &high[0], &high[1], &high[2], &high[3]);
	for (int reg = EBX; reg <= EDX; reg++)
		for (int bit = 0; bit < 32; bit += 8)
			odd += (low[reg] >> bit & 0xff) - 0x20 > 0x5e;
	CHECK_EQ(0, odd);
	/* On Intel the registers of 80000000H are reserved. */
	if (!(high[EDX] | high[ECX] | high[EBX]))
		return;
	CHECK_EQ(low[EBX], high[EBX]);
	CHECK_EQ(low[ECX], high[ECX]);
	CHECK_EQ(low[EDX], high[EDX]);
}

PROBE(address_widths_fit_the_format,
	.rule = "Physical addresses have 32 to 52 bits, linear ones 48 or 57",
	.cite = "Intel SDM vol. 3, Enumeration of Paging Features by CPUID; "
		"AMD APM vol. 3, Function 8000_0008h",
	.control = "a leaf 80000008H that claims no linear bits is caught",
	.rings = RING0 | RING3)
{
	uint32_t widths = cpuid_reg(0x80000008u, 0, EAX);
	uint32_t gpa_bits = widths & 0xff, gva_bits = widths >> 8 & 0xff;

	CHECK(gpa_bits >= 32 && gpa_bits <= 52);
	CHECK(gva_bits == 48 || gva_bits == 57);
}

PROBE(baseline_of_64_bit_mode_is_advertised,
	.rule = "What 64-bit mode cannot be without is reported as present",
	.cite = "AMD APM vol. 2, Processor Feature Identification; "
		"Intel SDM vol. 3, Activating IA-32e Mode",
	.control = "a leaf 80000001H without the LM bit is caught",
	.rings = RING0 | RING3)
{
	/* FPU, TSC, MSR, PAE, CX8, CMOV, FXSR, SSE, SSE2 */
	uint32_t base = 1u << 0 | 1u << 4 | 1u << 5 | 1u << 6 | 1u << 8 |
			1u << 15 | 1u << 24 | 1u << 25 | 1u << 26;

	CHECK_EQ(base, cpuid_reg(1, 0, EDX) & base);
	CHECK_EQ(1, cpuid_reg(0x80000001u, 0, EDX) >> 29 & 1);
}

PROBE(leaf_beyond_the_last_answers_by_the_rule,
	.rule = "Beyond the highest basic leaf Intel repeats it; AMD gives zeros",
	.cite = "Intel SDM vol. 2, CPUID, Information Returned by CPUID; "
		"AMD APM vol. 3, Standard, Extended and Undefined Functions",
	.control = "a highest leaf of 0CH, before one with data, is caught",
	.rings = RING0 | RING3)
{
	uint32_t max, want[4] = { 0 }, got[4];
	int same;

	arch_cpuid(0, 0, &max, &got[EBX], &got[ECX], &got[EDX]);
	if (!cpu_is_intel() && !cpu_is_amd()) {
		SKIP("no rule is known for this vendor");
		return;
	}
	if (cpu_is_intel())
		arch_cpuid(max, 0, &want[0], &want[1], &want[2], &want[3]);
	arch_cpuid(max + 1, 0, &got[0], &got[1], &got[2], &got[3]);
	same = want[0] == got[0] && want[1] == got[1] && want[2] == got[2] &&
	       want[3] == got[3];
	if (cpu_is_intel() || same)
		CHECK(same);
	else	/* AMD's parts do it, though no manual promises it */
		TELL("a leaf beyond the highest one is not all zeros");
}

static uint32_t seen[2][4];

__guest void leaf_1_read(void)
{
	arch_cpuid(1, 0, &seen[1][0], &seen[1][1], &seen[1][2], &seen[1][3]);
}

PROBE(cpl3_sees_what_cpl0_sees,
	.rule = "CPUID does not depend on the current privilege level",
	.cite = "Intel SDM vol. 2, CPUID; AMD APM vol. 3, CPUID",
	.control = "a CPUID that does nothing at CPL3 is caught")
{
	arch_cpuid(1, 0, &seen[0][0], &seen[0][1], &seen[0][2], &seen[0][3]);
	ring3_call(leaf_1_read);
	for (int reg = EAX; reg <= EDX; reg++)
		CHECK_EQ(seen[0][reg], seen[1][reg]);
}
