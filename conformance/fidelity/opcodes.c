/*
 * What is no instruction raises #UD: unknown opcodes, forbidden prefixes, and
 * encodings of VEX and EVEX that the format rules out.
 *
 * fidelity/exceptions has the opcodes that 64-bit mode removed. An emulator
 * that only decodes what compilers emit takes these for something else.
 */
#include "suite.h"
#include "vectors.h"

#define BOTH	(RING0 | RING3)
#define OPCODES	"Intel SDM vol. 2, Opcode Map, Undefined Instruction; AMD APM " \
		"vol. 3, Opcode and Operand Encodings"
#define UNDEFINED(...)							\
	CHECK_EQ(VEC_UD, asm_safe(".byte " __VA_ARGS__, ::: "rax", "rcx",	\
				  "rdx", "memory", "cc"))

PROBE(reserved_opcodes_are_undefined,
	.rule = "UD0, UD1, UD2 and opcodes that stand for nothing raise #UD",
	.cite = OPCODES, .rings = BOTH,
	.control = "a UD1 that does nothing is caught")
{
	UNDEFINED("0x0f, 0xff, 0xc0");		/* UD0 */
	UNDEFINED("0x0f, 0xb9, 0xc0");		/* UD1 */
	UNDEFINED("0x0f, 0x0b");		/* UD2 */
	UNDEFINED("0x0f, 0x04");
	UNDEFINED("0x0f, 0x0a");
	UNDEFINED("0xd6");			/* SALC */
	UNDEFINED("0x82, 0xc0, 0x00");		/* ADD by its second opcode */
}

PROBE(reserved_group_members_are_undefined,
	.rule = "Members of the opcode groups that stand for nothing raise #UD",
	.cite = OPCODES, .rings = BOTH,
	.control = "a CALL's neighbour that does nothing is caught")
{
	UNDEFINED("0xfe, 0xd0");		/* group 4, /2 */
	UNDEFINED("0xff, 0xf8");		/* group 5, /7 */
	UNDEFINED("0x0f, 0xba, 0xc0, 0x00");	/* group 8, /0 */
	UNDEFINED("0xc6, 0xd0, 0x00");		/* group 11, /2 */
	UNDEFINED("0x0f, 0x00, 0xf0");		/* group 6, /6 */
	UNDEFINED("0x0f, 0xc7, 0xc0");		/* group 9, /0 */
}

PROBE(lock_is_for_a_few,
	.rule = "LOCK on CMP, TEST, NOP, BT and a load raises #UD; on XADD it works",
	.cite = "Intel SDM vol. 2, LOCK; AMD APM vol. 3, Lock Prefix",
	.rings = BOTH,
	.control = "a LOCK CMP that does nothing is caught")
{
	uint64_t word = 5, one = 1;

	UNDEFINED("0xf0, 0x90");		/* NOP */
	UNDEFINED("0xf0, 0x39, 0x04, 0x24");	/* CMP [RSP], EAX */
	UNDEFINED("0xf0, 0x85, 0x04, 0x24");	/* TEST */
	UNDEFINED("0xf0, 0x0f, 0xa3, 0x04, 0x24");	/* BT */
	UNDEFINED("0xf0, 0x03, 0x04, 0x24");	/* ADD EAX, [RSP] */
	CHECK_EQ(NO_FAULT, asm_safe("lock xaddq %0, %1" , : "+r"(one),
				    "+m"(word) :: "cc"));
	CHECK_EQ(6, word);
	CHECK_EQ(5, one);
}

__guest const char *avx_enable(void)
{
	vectors_enable();
	return cpuid_reg(1, 0, 2) >> 28 & 1 ? NULL : "CPUID: no AVX";
}

PROBE(vex_takes_no_other_prefix,
	.rule = "VEX behind 66, F2, F3, LOCK or REX raises #UD",
	.cite = "Intel SDM vol. 2, Vector SIMD Prefix: Instructions with the VEX "
		"Prefix; AMD APM vol. 4, VEX and XOP Prefixes",
	.rings = BOTH, .skip = GUEST(avx_enable),
	.control = "a prefixed VADDPS that does nothing is caught")
{
	CHECK_EQ(NO_FAULT, asm_safe(".byte 0xc5, 0xf8, 0x58, 0xc0", ));
	UNDEFINED("0x66, 0xc5, 0xf8, 0x58, 0xc0");	/* VADDPS XMM0 */
	UNDEFINED("0xf2, 0xc5, 0xf8, 0x58, 0xc0");
	UNDEFINED("0xf3, 0xc5, 0xf8, 0x58, 0xc0");
	UNDEFINED("0xf0, 0xc5, 0xf8, 0x58, 0xc0");
	UNDEFINED("0x48, 0xc5, 0xf8, 0x58, 0xc0");
}

PROBE(vex_fields_must_be_unused,
	.rule = "VEX.vvvv other than 1111 where there is no third operand raises #UD",
	.cite = "Intel SDM vol. 2, VEX.vvvv and Destination Operand; AMD APM "
		"vol. 4, VEX and XOP Prefixes",
	.rings = BOTH, .skip = GUEST(avx_enable),
	.control = "a VMOVAPS of three operands that does nothing is caught")
{
	CHECK_EQ(NO_FAULT, asm_safe(".byte 0xc5, 0xf8, 0x28, 0xc0", ));
	UNDEFINED("0xc5, 0xf0, 0x28, 0xc0");	/* VMOVAPS, vvvv is XMM1 */
	UNDEFINED("0xc4, 0xe0, 0x78, 0x28, 0xc0");	/* map 0 */
}

__guest const char *avx_state_off(void)
{
	const char *why = avx_enable();

	xsetbv_safe(0, 3);
	return why;
}

PROBE(vex_needs_its_state,
	.rule = "AVX instructions raise #UD while XCR0 does not enable AVX state",
	.cite = "Intel SDM vol. 1, Detection of AVX Instructions; AMD APM vol. 2, "
		"XFEATURE_ENABLED_MASK (XCR0)",
	.rings = BOTH, .needs = NEED_MACHINE, .skip = GUEST(avx_state_off),
	.control = "a VADDPS that does nothing is caught")
{
	UNDEFINED("0xc5, 0xf8, 0x58, 0xc0");
	CHECK_EQ(NO_FAULT, asm_safe("addps %%xmm0, %%xmm0", ::: "memory"));
}

__guest const char *xsave_off(void)
{
	avx_enable();
	write_cr4(read_cr4() & ~(uint64_t)CR4_OSXSAVE);
	return cpuid_reg(1, 0, 2) >> 26 & 1 ? NULL : "CPUID: no XSAVE";
}

PROBE(xsave_needs_osxsave,
	.rule = "XGETBV, XSAVE and VEX raise #UD while CR4.OSXSAVE is clear",
	.cite = "Intel SDM vol. 2, XGETBV, XSAVE; AMD APM vol. 2, XSAVE and "
		"Extended States (OSXSAVE) Bit",
	.rings = BOTH, .needs = NEED_MACHINE, .skip = GUEST(xsave_off),
	.control = "an XGETBV that does nothing is caught")
{
	static _Alignas(64) uint8_t area[576];

	CHECK_EQ(VEC_UD, asm_safe("xor %%ecx, %%ecx\n\txgetbv",
				  ::: "rax", "rcx", "rdx"));
	CHECK_EQ(VEC_UD, asm_safe("xsave (%0)", :: "r"(area), "a"(1), "d"(0)
				  : "memory"));
	UNDEFINED("0xc5, 0xf8, 0x58, 0xc0");
}

__guest const char *avx512_enable(void)
{
	vectors_enable();
	return cpuid_reg(7, 0, 1) >> 16 & 1 ? NULL : "CPUID: no AVX-512";
}

PROBE(evex_reserved_bits_are_undefined,
	.rule = "EVEX with a reserved bit set, or a fixed one clear, raises #UD",
	.cite = "Intel SDM vol. 2, Instruction Encoding Using EVEX Prefix; AMD APM "
		"vol. 4, EVEX Prefix",
	.rings = BOTH, .skip = GUEST(avx512_enable),
	.control = "an EVEX VADDPS that does nothing is caught")
{
	CHECK_EQ(NO_FAULT, asm_safe(".byte 0x62, 0xf1, 0x7c, 0x48, 0x58, 0xc0", ));
	UNDEFINED("0x62, 0xf9, 0x7c, 0x48, 0x58, 0xc0");	/* P0, bit 3 */
	UNDEFINED("0x62, 0xf1, 0x78, 0x48, 0x58, 0xc0");	/* P1, bit 2 */
	UNDEFINED("0x66, 0x62, 0xf1, 0x7c, 0x48, 0x58, 0xc0");
}
