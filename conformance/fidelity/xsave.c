/*
 * XSAVE: formats, headers and XCR0, and that vector state survives whatever
 * makes the guest leave.
 *
 * At CPL3, in a process as in a guest, where every host lets the CPU do it.
 */
#include "suite.h"

#define XSAVE	"Intel SDM vol. 1, Managing State Using the XSAVE Feature Set; " \
		"AMD APM vol. 2, XSAVE/XRSTOR Instructions"

static uint8_t area[16384] __attribute__((aligned(64)));
static uint64_t cr4;

/* What is on without asking: bit 27 of the same register. */
__guest bool on(void)
{
	return cpuid_reg(1, 0, 2) >> 27 & 1;
}

__guest const char *no_xsave(void)
{
	return cpuid_reg(1, 0, 2) & 1 << 26 ? NULL : "CPUID: no XSAVE";
}

/* A process has the state that its kernel turned on. */
__guest const char *not_ready(void)
{
	const char *why = no_xsave();

	if (why || on())
		return why;
	write_cr4(read_cr4() | CR4_OSXSAVE | CR4_OSFXSR);
	xsetbv_safe(0, cpuid_reg(0xd, 0, 0) & 7);
	return on() ? NULL : "CR4.OSXSAVE cannot be set here";
}

#define WORD(at)	(*(volatile uint64_t *)(area + (at)))
enum { XSTATE_BV = 512, XCOMP_BV = 520, RESERVED = 528 };

__guest unsigned int xsave(uint64_t mask)
{
	return asm_safe("xsave64 %0", : "+m"(area) : "a"((uint32_t)mask),
			"d"((uint32_t)(mask >> 32)) : "memory");
}

__guest unsigned int xrstor(uint64_t mask)
{
	return asm_safe("xrstor64 %0", :: "m"(area), "a"((uint32_t)mask),
			"d"((uint32_t)(mask >> 32)) : "memory");
}

PROBE(sse_state_round_trips,
	.rule = "XRSTOR brings back the XMM registers that XSAVE stored",
	.cite = XSAVE, .rings = RING3, .skip = GUEST(not_ready),
	.control = "an XRSTOR that does nothing is caught")
{
	uint64_t v = 0;

	__asm__ volatile("movq %0, %%xmm3" :: "r"(0x123456789abcdefull));
	CHECK_EQ(NO_FAULT, xsave(3));
	CHECK_EQ(2, WORD(XSTATE_BV) & 2);
	CHECK_EQ(0x123456789abcdefull, WORD(160 + 3 * 16));
	__asm__ volatile("movq %0, %%xmm3" :: "r"(0ull));
	CHECK_EQ(NO_FAULT, xrstor(3));
	__asm__ volatile("movq %%xmm3, %0" : "=r"(v));
	CHECK_EQ(0x123456789abcdefull, v);
}

PROBE(cleared_component_is_initialised,
	.rule = "XRSTOR of a component whose XSTATE_BV bit is 0 initialises it",
	.cite = XSAVE, .rings = RING3, .skip = GUEST(not_ready),
	.control = "a store that does nothing is caught")
{
	uint64_t v = 1;

	__asm__ volatile("movq %0, %%xmm3" :: "r"(5ull));
	CHECK_EQ(NO_FAULT, xsave(3));
	WORD(XSTATE_BV) &= ~2ull;
	CHECK_EQ(NO_FAULT, xrstor(3));
	__asm__ volatile("movq %%xmm3, %0" : "=r"(v));
	CHECK_EQ(0, v);
}

PROBE(bad_headers_fault,
	.rule = "XRSTOR of a reserved bit in the header, or of XCOMP_BV, raises #GP(0)",
	.cite = XSAVE, .rings = RING3, .skip = GUEST(not_ready),
	.control = "an exception that arrives as another vector is caught")
{
	CHECK_EQ(NO_FAULT, xsave(3));
	WORD(XSTATE_BV) |= 1ull << 62;
	CHECK_FAULT(VEC_GP, 0, xrstor(3));
	WORD(XSTATE_BV) = 3;
	WORD(XCOMP_BV) = 1;
	CHECK_FAULT(VEC_GP, 0, xrstor(3));
	WORD(XCOMP_BV) = 0;
	WORD(RESERVED) = 1;
	CHECK_FAULT(VEC_GP, 0, xrstor(3));
	WORD(RESERVED) = 0;
	CHECK_EQ(NO_FAULT, xrstor(3));
}

PROBE(misaligned_area_faults,
	.rule = "XSAVE and XRSTOR at an address that is no multiple of 64 raise #GP(0)",
	.cite = XSAVE, .rings = RING3, .skip = GUEST(not_ready),
	.control = "an exception that arrives as another vector is caught")
{
	CHECK_FAULT(VEC_GP, 0, asm_safe("xsave64 16(%0)", :: "r"(area), "a"(3),
					"d"(0) : "memory"));
	CHECK_FAULT(VEC_GP, 0, asm_safe("xrstor64 16(%0)", :: "r"(area), "a"(3),
					"d"(0) : "memory"));
}

__guest const char *no_xsavec(void)
{
	const char *why = not_ready();

	if (why)
		return why;
	return cpuid_reg(0xd, 1, 0) & 2 ? NULL : "CPUID: no XSAVEC";
}

PROBE(compaction_names_its_format,
	.rule = "XSAVEC sets XCOMP_BV[63] and the components; CPUID.0DH.1 says its size",
	.cite = XSAVE "; Compacted Format", .rings = RING3,
	.skip = GUEST(no_xsavec),
	.control = "an XRSTOR that does nothing is caught")
{
	uint64_t v = 0;

	__asm__ volatile("movq %0, %%xmm4" :: "r"(0x77ull));
	CHECK_EQ(NO_FAULT, asm_safe("xsavec64 %0", : "+m"(area)
				    : "a"(7), "d"(0) : "memory"));
	CHECK_EQ(1ull << 63, WORD(XCOMP_BV) & 1ull << 63);
	CHECK_EQ(2, WORD(XCOMP_BV) & 2);
	CHECK_EQ(2, WORD(XSTATE_BV) & 2);
	CHECK_EQ(0, WORD(XSTATE_BV) & ~WORD(XCOMP_BV));
	__asm__ volatile("movq %0, %%xmm4" :: "r"(0ull));
	CHECK_EQ(NO_FAULT, xrstor(7));
	__asm__ volatile("movq %%xmm4, %0" : "=r"(v));
	CHECK_EQ(0x77, v);
}

__guest void save_as_user(void)
{
	CHECK_EQ(VEC_UD, xsave(3));
}

PROBE(needs_osxsave,
	.rule = "XSAVE raises #UD while CR4.OSXSAVE is clear",
	.cite = "Intel SDM vol. 2, XSAVE; AMD APM vol. 4, XSAVE",
	.skip = GUEST(no_xsave),
	.control = "an XSAVE that does nothing is caught")
{
	cr4 = read_cr4();
	write_cr4((cr4 | CR4_OSFXSR) & ~(uint64_t)CR4_OSXSAVE);
	ring3_call(save_as_user);
	write_cr4(cr4);
}

PROBE(xsetbv_knows_one_register,
	.rule = "XSETBV with ECX 1, or of a component that CPUID has not, raises #GP(0)",
	.cite = "Intel SDM vol. 2, XSETBV; AMD APM vol. 3, XSETBV",
	.skip = GUEST(no_xsave),
	.control = "a MOV to CR4 that does nothing is caught")
{
	uint64_t known = cpuid_reg(0xd, 0, 0) |
			 (uint64_t)cpuid_reg(0xd, 0, 3) << 32;
	uint64_t absent = ~known & (1ull << 62 | 1ull << 40 | 1ull << 13);

	cr4 = read_cr4();
	write_cr4(cr4 | CR4_OSXSAVE);
	CHECK_FAULT(VEC_GP, 0, xsetbv_safe(1, 3));
	for (uint64_t bit = 1; bit; bit <<= 1)
		if (absent & bit)
			CHECK_FAULT(VEC_GP, 0, xsetbv_safe(0, 3 | bit));
	write_cr4(cr4);
}

PROBE(components_depend_on_each_other,
	.rule = "XCR0 with part of AVX-512, one half of MPX or of AMX raises #GP(0)",
	.cite = "Intel SDM vol. 1, Enabling the XSAVE Feature Set; AMD APM vol. 2, "
		"XFEATURE_ENABLED_MASK",
	.skip = GUEST(no_xsave),
	.control = "a MOV to CR4 that does nothing is caught")
{
	cr4 = read_cr4();
	write_cr4(cr4 | CR4_OSXSAVE);
	CHECK_FAULT(VEC_GP, 0, xsetbv_safe(0, 0x27));	/* opmask alone */
	CHECK_FAULT(VEC_GP, 0, xsetbv_safe(0, 0xe3));	/* without AVX */
	CHECK_FAULT(VEC_GP, 0, xsetbv_safe(0, 0xb));	/* BNDREGS alone */
	CHECK_FAULT(VEC_GP, 0, xsetbv_safe(0, 0x13));	/* BNDCSR alone */
	CHECK_FAULT(VEC_GP, 0, xsetbv_safe(0, 1ull << 17 | 3));
	write_cr4(cr4);
}

PROBE(vector_state_survives_exits,
	.rule = "XMM and x87 registers are as they were after CPUID, faults and I/O",
	.cite = "Intel SDM vol. 2, CPUID, IN (registers affected); AMD APM vol. 3, "
		"CPUID, IN",
	.rings = RING3, .needs = NEED_MACHINE, .skip = GUEST(not_ready),
	.control = "a register that changes is caught")
{
	uint64_t a, b;
	uint16_t control = 0, wanted = 0x27f;

	__asm__ volatile("movq %0, %%xmm1\n\tmovq %1, %%xmm14\n\t"
			 "fninit\n\tfldcw %2"
			 :: "r"(0x1111222233334444ull),
			    "r"(0xffeeddccbbaa9988ull), "m"(wanted));
	for (int i = 0; i < 20; i++) {
		cpuid_reg(0, 0, 0);
		inb(0x80);
		asm_safe("ud2", );
	}
	__asm__ volatile("movq %%xmm1, %0\n\tmovq %%xmm14, %1\n\tfnstcw %2"
			 : "=r"(a), "=r"(b), "=m"(control));
	CHECK_EQ(0x1111222233334444ull, a);
	CHECK_EQ(0xffeeddccbbaa9988ull, b);
	CHECK_EQ(0x27f, control);
}
