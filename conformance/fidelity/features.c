/*
 * What CPUID advertises executes, and what it hides is undefined.
 *
 * An advertised instruction that raises #UD is a broken promise: a failure.
 * A hidden one that executes is a hole through which the real CPU shows; the
 * manuals do not forbid it, so it tells. Opcodes that older CPUs take for
 * something else (LZCNT, TZCNT, hints) are judged elsewhere or not at all.
 */
#include "suite.h"
#include "vectors.h"

#define BOTH		(RING0 | RING3)
#define FEATURES	"Intel SDM vol. 2, CPUID, and each instruction's Exceptions; " \
			"AMD APM vol. 3, Obtaining Processor Information Via the CPUID Instruction"

enum { EAX, EBX, ECX, EDX };

static _Alignas(64) uint8_t memory[128];

/* `vector` is that of the instruction; the text names it. */
#define ADVERTISED(is, hidden, insn, vector)				\
	do {								\
		unsigned int got_ = (vector);				\
									\
		if (is)							\
			check_record(insn " is advertised and runs",	\
				     __LINE__, NO_FAULT, got_,		\
				     got_ == NO_FAULT);			\
		else if (got_ == (hidden))				\
			check_record(insn " is hidden and refused",	\
				     __LINE__, hidden, got_, true);	\
		else							\
			TELL(insn " is hidden and runs");		\
	} while (0)

#define FEATURE(leaf, reg, bit, insn, vector)				\
	ADVERTISED(cpuid_reg(leaf, 0, reg) >> (bit) & 1, VEC_UD, insn, vector)
#define SUBFEATURE(bit, hidden, insn, vector)				\
	ADVERTISED(cpuid_reg(0xd, 1, EAX) >> (bit) & 1, hidden, insn, vector)

/* No memory operand but (RDI); RAX to RDX are anybody's. */
#define RUN(insn)							\
	({								\
		uint64_t a_ = 0, c_ = 0, d_ = 0;			\
									\
		asm_safe(insn, : "+a"(a_), "+c"(c_), "+d"(d_)		\
			 : "D"(memory) : "rbx", "rsi", "memory", "cc");	\
	})
#define LEAF1C(bit, insn)	FEATURE(1, ECX, bit, insn, RUN(insn))
#define LEAF7B(bit, insn)	FEATURE(7, EBX, bit, insn, RUN(insn))
#define LEAF7C(bit, insn)	FEATURE(7, ECX, bit, insn, RUN(insn))
#define LEAF7D(bit, insn)	FEATURE(7, EDX, bit, insn, RUN(insn))
#define EXTENDED(bit, insn)	FEATURE(0x80000001u, ECX, bit, insn, RUN(insn))

PROBE(integer_extensions_are_as_advertised,
	.rule = "MOVBE, POPCNT, BMI, ADX, RDRAND and their like run where advertised",
	.cite = FEATURES, .rings = BOTH, .skip = GUEST(vectors_enable),
	.control = "a POPCNT that raises #UD is caught")
{
	LEAF1C(13, "cmpxchg16b (%%rdi)");
	LEAF1C(22, "movbe (%%rdi), %%eax");
	LEAF1C(23, "popcnt %%eax, %%eax");
	LEAF1C(30, "rdrand %%eax");
	LEAF7B(3, "andn %%eax, %%eax, %%eax");
	LEAF7B(8, "pdep %%eax, %%eax, %%eax");
	LEAF7B(18, "rdseed %%eax");
	LEAF7B(19, "adcx %%eax, %%eax");
	LEAF7B(23, "clflushopt (%%rdi)");
	LEAF7C(27, "movdiri %%eax, (%%rdi)");
	LEAF7C(28, "movdir64b (%%rdi), %%rdi");
	LEAF7D(14, "serialize");
	EXTENDED(0, "lahf");
	FEATURE(0x80000001u, EDX, 27, "rdtscp", RUN("rdtscp"));
	FEATURE(0x80000008u, EBX, 0, "clzero",
		asm_safe("clzero", :: "a"(memory) : "memory"));
}

PROBE(sse_extensions_are_as_advertised,
	.rule = "SSE3 to SSE4.2, AES, PCLMULQDQ, SHA and GFNI run where advertised",
	.cite = FEATURES, .rings = BOTH, .skip = GUEST(vectors_enable),
	.control = "a PSHUFB that raises #UD is caught")
{
	FEATURE(1, EDX, 25, "addps", RUN("addps %%xmm0, %%xmm0"));
	FEATURE(1, EDX, 26, "addpd", RUN("addpd %%xmm0, %%xmm0"));
	LEAF1C(0, "haddps %%xmm0, %%xmm0");
	LEAF1C(9, "pshufb %%xmm0, %%xmm0");
	LEAF1C(19, "pminsd %%xmm0, %%xmm0");
	LEAF1C(20, "pcmpgtq %%xmm0, %%xmm0");
	LEAF1C(20, "crc32l %%eax, %%eax");
	LEAF1C(25, "aesenc %%xmm0, %%xmm0");
	LEAF1C(1, "pclmulqdq $0, %%xmm0, %%xmm0");
	LEAF7B(29, "sha1msg1 %%xmm0, %%xmm0");
	LEAF7C(8, "gf2p8mulb %%xmm0, %%xmm0");
	EXTENDED(6, "extrq %%xmm0, %%xmm0");
}

PROBE(avx_extensions_are_as_advertised,
	.rule = "AVX, AVX2, FMA, F16C, VAES and VPCLMULQDQ run where advertised",
	.cite = FEATURES, .rings = BOTH, .skip = GUEST(vectors_enable),
	.control = "a VADDPS that raises #UD is caught")
{
	LEAF1C(28, "vaddps %%ymm0, %%ymm0, %%ymm0");
	LEAF1C(12, "vfmadd231ps %%xmm0, %%xmm0, %%xmm0");
	LEAF1C(29, "vcvtph2ps %%xmm0, %%xmm0");
	LEAF7B(5, "vpaddd %%ymm0, %%ymm0, %%ymm0");
	LEAF7C(9, "vaesenc %%ymm0, %%ymm0, %%ymm0");
	LEAF7C(10, "vpclmulqdq $0, %%ymm0, %%ymm0, %%ymm0");
}

PROBE(vector_instructions_of_amd_are_as_advertised,
	.rule = "XOP and FMA4 run where they are advertised, and raise #UD elsewhere",
	.cite = FEATURES, .rings = BOTH, .skip = GUEST(vectors_enable),
	.control = "a VFMADDPS of four operands that does nothing changes the verdict")
{
	EXTENDED(16, "vfmaddps %%xmm0, %%xmm0, %%xmm0, %%xmm0");
	/* Without XOP its first byte is POP's: a reserved form of it. */
	EXTENDED(11, "vphaddbw %%xmm0, %%xmm0");
}

PROBE(avx512_extensions_are_as_advertised,
	.rule = "Each part of AVX-512 runs where it is advertised, and only there",
	.cite = FEATURES, .rings = BOTH, .skip = GUEST(vectors_enable),
	.control = "a VPADDD of ZMM registers that raises #GP is caught")
{
	LEAF7B(16, "vpaddd %%zmm0, %%zmm0, %%zmm0");
	LEAF7B(17, "vpmullq %%zmm0, %%zmm0, %%zmm0");
	LEAF7B(21, "vpmadd52luq %%zmm0, %%zmm0, %%zmm0");
	LEAF7B(28, "vpconflictd %%zmm0, %%zmm0");
	LEAF7B(30, "vpaddb %%zmm0, %%zmm0, %%zmm0");
	LEAF7B(31, "vpaddd %%xmm16, %%xmm16, %%xmm16");
	LEAF7C(1, "vpermb %%zmm0, %%zmm0, %%zmm0");
	LEAF7C(6, "vpcompressb %%zmm0, %%zmm0");
	LEAF7C(11, "vpdpbusd %%zmm0, %%zmm0, %%zmm0");
	LEAF7C(12, "vpopcntb %%zmm0, %%zmm0");
	LEAF7C(14, "vpopcntd %%zmm0, %%zmm0");
}

PROBE(xsave_family_is_as_advertised,
	.rule = "XSAVE, XSAVEOPT, XSAVEC and XGETBV of 1 run where they are advertised",
	.cite = FEATURES, .rings = BOTH, .skip = GUEST(vectors_enable),
	.control = "an XSAVE that raises #UD is caught")
{
	static _Alignas(64) uint8_t area[576];

	FEATURE(1, ECX, 26, "xsave",
		asm_safe("xsave (%0)", :: "D"(area), "a"(1), "d"(0)
			 : "memory"));
	if (!(cpuid_reg(1, 0, ECX) >> 26 & 1))
		return;
	SUBFEATURE(0, VEC_UD, "xsaveopt",
		   asm_safe("xsaveopt (%0)", :: "D"(area), "a"(1), "d"(0)
			    : "memory"));
	SUBFEATURE(1, VEC_UD, "xsavec",
		   asm_safe("xsavec (%0)", :: "D"(area), "a"(1), "d"(0)
			    : "memory"));
	SUBFEATURE(2, VEC_GP, "xgetbv of 1",
		   asm_safe("xgetbv", :: "c"(1) : "rax", "rdx"));
}

static bool fsgsbase, rdpid;

/* What CR4 or an MSR has to allow first. */
__guest const char *bases_enable(void)
{
	fsgsbase = cpuid_reg(7, 0, EBX) & 1;
	rdpid = cpuid_reg(7, 0, ECX) >> 22 & 1;
	if (fsgsbase)
		write_cr4(read_cr4() | CR4_FSGSBASE);
	return NULL;
}

PROBE(fsgsbase_and_rdpid_are_as_advertised,
	.rule = "RDFSBASE and RDPID run where advertised and enabled, else raise #UD",
	.cite = FEATURES, .rings = BOTH, .skip = GUEST(bases_enable),
	.needs = NEED_MACHINE,
	.control = "an RDFSBASE that raises #UD is caught")
{
	FEATURE(7, EBX, 0, "rdfsbase", RUN("rdfsbase %%rax"));
	FEATURE(7, ECX, 22, "rdpid", RUN("rdpid %%rax"));
}
