/*
 * The names a CPU gives itself: vendor, family, brand, and the features that
 * only one vendor has, are those of one and the same CPU.
 *
 * A hypervisor mixes its guest's CPU from parts. Some mixtures no manual
 * forbids and no factory ever made: those tell.
 */
#include "suite.h"

enum { EAX, EBX, ECX, EDX };

#define BOTH	(RING0 | RING3)
#define FUNCTION_1	"Intel SDM vol. 2, CPUID, Version Information; AMD APM " \
			"vol. 3, Function 1h, EAX"

PROBE(family_is_encoded_by_the_rule,
	.rule = "The extended family is 0 unless the family is 15; AMD repeats it all",
	.cite = FUNCTION_1, .rings = BOTH,
	.control = "a leaf 1 of family 6 with an extended family is caught")
{
	uint32_t version = cpuid_reg(1, 0, EAX);
	uint32_t family = version >> 8 & 15;

	CHECK(family >= 5);		/* no CPU below has long mode */
	CHECK(family == 15 || !(version >> 20 & 0xff));
	if (cpu_is_amd())
		CHECK_EQ(version, cpuid_reg(0x80000001u, 0, EAX));
	else if (family != 6 && family != 15)
		CHECK_EQ(0, version >> 16 & 15);
}

/* Copies the 48 characters, and counts those that are not printable. */
__guest unsigned int brand_read(char *brand)
{
	uint32_t word[12];
	unsigned int odd = 0;

	for (uint32_t i = 0; i < 3; i++)
		arch_cpuid(0x80000002u + i, 0, &word[4 * i], &word[4 * i + 1],
			   &word[4 * i + 2], &word[4 * i + 3]);
	for (unsigned int i = 0; i < 48; i++) {
		brand[i] = (char)(word[i / 4] >> i % 4 * 8);
		odd += brand[i] && (brand[i] < 0x20 || brand[i] > 0x7e);
		if (i && !brand[i - 1])
			brand[i] = 0;
	}
	brand[48] = 0;
	return odd;
}

__guest bool text_contains(const char *in, const char *word)
{
	for (; *in; in++) {
		unsigned int n = 0;

		while (word[n] && in[n] == word[n])
			n++;
		if (!word[n])
			return true;
	}
	return false;
}

PROBE(brand_is_text_and_the_vendors,
	.rule = "The brand string is printable text and holds its vendor's name",
	.cite = "Intel SDM vol. 2, CPUID, Processor Brand String; AMD APM vol. 3, "
		"Functions 8000_0002h to 8000_0004h", .rings = BOTH,
	.control = "a brand string with a control character is caught")
{
	char brand[49];

	CHECK(cpuid_reg(0x80000000u, 0, EAX) >= 0x80000004u);
	CHECK_EQ(0, brand_read(brand));
	if ((cpu_is_intel() && !text_contains(brand, "Intel")) ||
	    (cpu_is_amd() && !text_contains(brand, "AMD") &&
	     !text_contains(brand, "Hygon")))
		TELL("the brand string is no product of the CPUID vendor");
}

PROBE(vendors_keep_their_features,
	.rule = "A CPU has no feature that only the other vendor ever made",
	.cite = "Intel SDM vol. 2, CPUID; AMD APM vol. 3, Feature Information",
	.rings = BOTH,
	.control = "a feature of the other vendor changes the verdict")
{
	uint32_t c = cpuid_reg(0x80000001u, 0, ECX);
	/* SVM, SSE4A, XOP, FMA4 and CLZERO; VMX and SGX */
	bool amds = c >> 2 & 1 || c >> 6 & 1 || c >> 11 & 1 || c >> 16 & 1 ||
		    (cpuid_reg(0x80000008u, 0, EBX) & 1);
	bool intels = cpuid_reg(1, 0, ECX) >> 5 & 1 ||
		      cpuid_reg(7, 0, EBX) >> 2 & 1;

	CHECK(cpu_is_intel() || cpu_is_amd() || !amds || !intels);
	if ((cpu_is_intel() && amds) || (cpu_is_amd() && intels))
		TELL("CPUID shows a feature that this vendor never made");
}

PROBE(amds_copies_are_copies,
	.rule = "AMD repeats 1:EDX in 80000001H:EDX; on Intel those bits are zero",
	.cite = "AMD APM vol. 3, Function 8000_0001h, EDX; Intel SDM vol. 2, CPUID, "
		"leaf 80000001H", .rings = BOTH,
	.control = "a leaf 80000001H with another FPU bit is caught")
{
	/* FPU to APIC, MTRR to PSE36, MMX, FXSR */
	uint32_t shared = 0x3ff | 0x3f << 12 | 1 << 23 | 1 << 24;
	uint32_t low = cpuid_reg(1, 0, EDX) & shared;
	uint32_t high = cpuid_reg(0x80000001u, 0, EDX) & shared;

	CHECK_EQ(cpu_is_amd() ? low : 0, high);
}

PROBE(extended_leaf_beyond_the_last_answers_by_the_rule,
	.rule = "Beyond the last extended leaf Intel repeats the last basic, AMD zeros",
	.cite = "Intel SDM vol. 2, CPUID, Information Returned by CPUID; AMD APM "
		"vol. 3, Standard, Extended and Undefined Functions",
	.rings = BOTH,
	.control = "a highest extended leaf before one with data is caught")
{
	uint32_t max = cpuid_reg(0x80000000u, 0, EAX), basic, got[4];
	uint32_t want[4] = { 0 };
	bool same;

	CHECK(max >> 16 == 0x8000);
	arch_cpuid(0, 0, &basic, &got[1], &got[2], &got[3]);
	if (cpu_is_intel())
		arch_cpuid(basic, 0, &want[0], &want[1], &want[2], &want[3]);
	arch_cpuid(max + 1, 0, &got[0], &got[1], &got[2], &got[3]);
	same = want[0] == got[0] && want[1] == got[1] && want[2] == got[2] &&
	       want[3] == got[3];
	if (cpu_is_intel() || same)
		CHECK(same);
	else	/* as for basic leaves: no manual promises it */
		TELL("a leaf beyond the highest extended one is not all zeros");
}

PROBE(features_come_with_what_they_need,
	.rule = "No feature is there without the one that it extends",
	.cite = "Intel SDM vol. 1, Detection of AVX Instructions, Detection of "
		"AVX-512 Foundation; AMD APM vol. 3, Feature Information",
	.rings = BOTH,
	.control = "a CPUID that does nothing is caught")
{
	uint32_t one = cpuid_reg(1, 0, ECX), seven = cpuid_reg(7, 0, EBX);
	bool avx = one >> 28 & 1, avx512 = seven >> 16 & 1;

	CHECK(!(one >> 20 & 1) || (one >> 19 & 1));	/* SSE4.2: SSE4.1 */
	CHECK(!(one >> 19 & 1) || (one >> 9 & 1));	/* SSE4.1: SSSE3 */
	CHECK(!(one >> 9 & 1) || (one & 1));		/* SSSE3: SSE3 */
	CHECK(!avx || (one >> 26 & 1));			/* AVX: XSAVE */
	CHECK(!(one >> 12 & 1) || avx);			/* FMA */
	CHECK(!(one >> 29 & 1) || avx);			/* F16C */
	CHECK(!(seven >> 5 & 1) || avx);		/* AVX2 */
	CHECK(!avx512 || (seven >> 5 & 1));
	CHECK(!(seven >> 17 & 1) || avx512);		/* AVX512DQ */
	CHECK(!(seven >> 30 & 1) || avx512);		/* AVX512BW */
	CHECK(!(seven >> 31 & 1) || avx512);		/* AVX512VL */
}
