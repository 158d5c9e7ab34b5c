/*
 * Which sets of instructions a CPU has, by CPUID: an instruction that only one
 * of two places has is no difference worth finding.
 */
#include <cpuid.h>
#include <linux/kvm.h>

#include <Zydis/Zydis.h>

#include "differ/decode.h"

#define XCR0_AVX	6u		/* SSE and AVX state */

enum { EAX, EBX, ECX, EDX };

#define ALWAYS(ext)	{ ZYDIS_ISA_EXT_##ext, 0, 0, 0, false }
#define BIT(ext, leaf, reg, bit) \
	{ ZYDIS_ISA_EXT_##ext, leaf, 1u << (bit), reg, false }
#define VEX(ext, leaf, reg, bits) \
	{ ZYDIS_ISA_EXT_##ext, leaf, bits, reg, true }

static const struct {
	ZydisISAExt ext;
	uint32_t leaf;
	uint32_t bits;		/* all of them */
	uint8_t reg;
	bool avx;		/* and AVX's state */
} sets[] = {
	ALWAYS(BASE), ALWAYS(LONGMODE), ALWAYS(SSE), ALWAYS(SSE2),
	ALWAYS(PAUSE), BIT(CLFSH, 1, EDX, 19), BIT(SSE3, 1, ECX, 0),
	BIT(SSSE3, 1, ECX, 9), BIT(PCLMULQDQ, 1, ECX, 1),
	{ ZYDIS_ISA_EXT_SSE4, 1, 1u << 19 | 1u << 20 | 1u << 23, ECX, false },
	BIT(MOVBE, 1, ECX, 22), BIT(AES, 1, ECX, 25), BIT(SHA, 7, EBX, 29),
	BIT(BMI1, 7, EBX, 3), BIT(BMI2, 7, EBX, 8),
	BIT(ADOX_ADCX, 7, EBX, 19), BIT(CLFLUSHOPT, 7, EBX, 23),
	BIT(CLWB, 7, EBX, 24), BIT(GFNI, 7, ECX, 8),
	BIT(LZCNT, 0x80000001, ECX, 5), BIT(SSE4A, 0x80000001, ECX, 6),
	BIT(AMD3DNOW_PREFETCH, 0x80000001, ECX, 8),
	VEX(AVX, 1, ECX, 1u << 28), VEX(AVX2, 7, EBX, 1u << 5),
	VEX(FMA, 1, ECX, 1u << 12), VEX(F16C, 1, ECX, 1u << 29),
	VEX(AVXAES, 1, ECX, 1u << 25), VEX(VAES, 7, ECX, 1u << 9),
	VEX(VPCLMULQDQ, 7, ECX, 1u << 10),
};

#define SETS	(sizeof(sets) / sizeof(sets[0]))

_Static_assert(SETS <= 64, "an isa_set has 64 bits");

bool isa_has(isa_set set, unsigned int ext)
{
	for (size_t i = 0; i < SETS; i++)
		if (sets[i].ext == (ZydisISAExt)ext)
			return set & 1ull << i;
	return false;
}

bool isa_avx(isa_set set)
{
	return isa_has(set, ZYDIS_ISA_EXT_AVX);
}

typedef uint32_t cpuid_fn(const void *opaque, uint32_t leaf, unsigned int reg);

static isa_set isa_find(cpuid_fn *cpuid, const void *opaque)
{
	isa_set set = 0;
	bool avx = (cpuid(opaque, 0xd, EAX) & XCR0_AVX) == XCR0_AVX;

	for (size_t i = 0; i < SETS; i++) {
		uint32_t bits = sets[i].bits;

		if (bits && (cpuid(opaque, sets[i].leaf, sets[i].reg) & bits) !=
		    bits)
			continue;
		if (!sets[i].avx || avx)
			set |= 1ull << i;
	}
	return set;
}

static uint32_t native_reg(const void *opaque, uint32_t leaf, unsigned int reg)
{
	uint32_t r[4] = { 0 };

	(void)opaque;
	__get_cpuid_count(leaf, 0, &r[EAX], &r[EBX], &r[ECX], &r[EDX]);
	return r[reg];
}

static uint32_t table_reg(const void *opaque, uint32_t leaf, unsigned int reg)
{
	const struct kvm_cpuid2 *cpuid = opaque;

	for (uint32_t i = 0; i < cpuid->nent; i++) {
		const struct kvm_cpuid_entry2 *x = &cpuid->entries[i];
		const uint32_t r[4] = { x->eax, x->ebx, x->ecx, x->edx };

		if (x->function == leaf && !x->index)
			return r[reg];
	}
	return 0;
}

isa_set isa_native(void)
{
	return isa_find(native_reg, NULL);
}

isa_set isa_cpuid(const struct kvm_cpuid2 *cpuid)
{
	return isa_find(table_reg, cpuid);
}
