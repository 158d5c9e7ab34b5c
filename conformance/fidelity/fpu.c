/*
 * The x87 and SSE unit: what turns it off, what it raises, what it stores.
 *
 * Hypervisors that switch vector state lazily do it by these very bits.
 * Instructions of the unit run at CPL3: there every host lets the CPU do it.
 */
#include "suite.h"

#define OFF	"Intel SDM vol. 3, Control Registers, CR0.TS, EM, MP; AMD APM " \
		"vol. 2, CR0 Register"
enum { CR4_OSXMMEXCPT = 1 << 10 };

static uint64_t cr0, cr4;

__guest void unit_open(uint64_t more)
{
	cr0 = read_cr0();
	cr4 = read_cr4();
	write_cr4(cr4 | CR4_OSFXSR);
	write_cr0((cr0 & ~(uint64_t)(CR0_EM | CR0_TS | CR0_MP)) | CR0_NE |
		  more);
}

__guest void unit_close(void)
{
	write_cr0(cr0);
	write_cr4(cr4);
}

__guest void use_while_ts(void)
{
	CHECK_EQ(VEC_NM, asm_safe("fld1", ));
	CHECK_EQ(VEC_NM, asm_safe("xorps %%xmm0, %%xmm0", ::));
	CHECK_EQ(VEC_NM, asm_safe("fwait", ));
}

__guest void wait_while_ts(void)
{
	CHECK_EQ(NO_FAULT, asm_safe("fwait", ));
	CHECK_EQ(VEC_NM, asm_safe("fld1", ));
}

PROBE(task_switched_bit_raises_nm,
	.rule = "With CR0.TS, x87 and SSE raise #NM, and WAIT if CR0.MP as well",
	.cite = OFF,
	.control = "a MOV to CR0 that does nothing is caught")
{
	unit_open(CR0_TS | CR0_MP);
	ring3_call(use_while_ts);
	write_cr0(read_cr0() & ~(uint64_t)CR0_MP);
	ring3_call(wait_while_ts);
	unit_close();
}

__guest void use_while_em(void)
{
	CHECK_EQ(VEC_NM, asm_safe("fld1", ));
	CHECK_EQ(VEC_UD, asm_safe("xorps %%xmm0, %%xmm0", ::));
}

PROBE(emulation_bit_raises_nm_and_ud,
	.rule = "With CR0.EM, x87 raises #NM and SSE raises #UD",
	.cite = OFF,
	.control = "a MOV to CR0 that does nothing is caught")
{
	unit_open(CR0_EM);
	ring3_call(use_while_em);
	unit_close();
}

__guest void sse_use(void)
{
	CHECK_EQ(VEC_UD, asm_safe("xorps %%xmm0, %%xmm0", ::));
}

PROBE(sse_needs_osfxsr,
	.rule = "SSE raises #UD while CR4.OSFXSR is clear",
	.cite = "Intel SDM vol. 3, Control Registers, CR4.OSFXSR; AMD APM vol. 2, "
		"FXSAVE/FXRSTOR Support (OSFXSR) Bit",
	.control = "a MOV to CR4 that does nothing is caught")
{
	unit_open(0);
	write_cr4(read_cr4() & ~(uint64_t)CR4_OSFXSR);
	ring3_call(sse_use);
	unit_close();
}

/* FNINIT, unmask division by zero, and divide: pending until the next wait. */
#define DIVIDE_BY_ZERO							\
	"fninit\n\tmovw $0x037b, -8(%%rsp)\n\tfldcw -8(%%rsp)\n\t"	\
	"fld1\n\tfldz\n\tfdivrp\n\t"

__guest void divide(void)
{
	uint64_t at = 0;
	uint16_t status;

	CHECK_EQ(VEC_MF, asm_safe(DIVIDE_BY_ZERO
		 "lea 1f(%%rip), %0\n\t1: fwait", : "=&r"(at)));
	CHECK_EQ(at, last_fault.rip);
	__asm__ volatile("fnstsw %0" : "=a"(status));
	CHECK_EQ(0x84, status & 0x84);
	CHECK_EQ(NO_FAULT, asm_safe("fnclex\n\tfwait\n\tfninit", ));
}

PROBE(unmasked_error_waits_for_the_next_instruction,
	.rule = "With CR0.NE, an unmasked x87 error raises #MF at the next WAIT",
	.cite = "Intel SDM vol. 3, Interrupt 16--x87 FPU Floating-Point Error; AMD "
		"APM vol. 2, #MF--x87 Floating-Point Exception-Pending",
	.control = "an OUT that does nothing is caught")
{
	unit_open(0);
	ring3_call(divide);
	unit_close();
}

static unsigned int simd_vector;

__guest void simd_divide(void)
{
	uint32_t mxcsr = 0x1f80 & ~(1u << 9), usual = 0x1f80, one = 0x3f800000;

	simd_vector = asm_safe("ldmxcsr %0\n\tmovss %1, %%xmm0\n\t"
			       "xorps %%xmm1, %%xmm1\n\tdivss %%xmm1, %%xmm0",
			       :: "m"(mxcsr), "m"(one));
	asm_safe("ldmxcsr %0", :: "m"(usual));
}

PROBE(simd_error_needs_osxmmexcpt,
	.rule = "An unmasked SSE error raises #XM with CR4.OSXMMEXCPT, else #UD",
	.cite = "Intel SDM vol. 3, Interrupt 19--SIMD Floating-Point Exception; "
		"AMD APM vol. 2, #XF--SIMD Floating-Point Exception",
	.control = "a MOV to CR4 that does nothing is caught")
{
	unit_open(0);
	write_cr4(read_cr4() | CR4_OSXMMEXCPT);
	ring3_call(simd_divide);
	CHECK_EQ(VEC_XM, simd_vector);
	write_cr4(read_cr4() & ~(uint64_t)CR4_OSXMMEXCPT);
	ring3_call(simd_divide);
	CHECK_EQ(VEC_UD, simd_vector);
	unit_close();
}

/* A process has it already, and no CR4. */
__guest const char *osfxsr_set(void)
{
	uint64_t v = 0;

	if (asm_safe("mov %%cr4, %0", : "=r"(v)) == NO_FAULT)
		write_cr4_safe(v | CR4_OSFXSR);
	return NULL;
}

static uint8_t area[512] __attribute__((aligned(16)));

__guest uint32_t area_word(unsigned int at)
{
	return *(volatile uint16_t *)(area + at) |
	       (uint32_t)*(volatile uint16_t *)(area + at + 2) << 16;
}

PROBE(fxsave_shows_a_fresh_unit,
	.rule = "After FNINIT, FXSAVE stores FCW 37FH, FSW 0, no tag, and the MXCSR",
	.cite = "Intel SDM vol. 2, FXSAVE, FINIT; AMD APM vol. 3 and 5, FXSAVE, "
		"FINIT",
	.rings = RING3, .skip = GUEST(osfxsr_set),
	.control = "an FXSAVE that does nothing is caught")
{
	uint32_t mxcsr = 0;

	CHECK_EQ(NO_FAULT, asm_safe("fninit\n\tfxsave64 %0\n\tstmxcsr %1",
				    : "=m"(area), "=m"(mxcsr)));
	CHECK_EQ(0x37f, area_word(0));
	CHECK_EQ(0, area[4]);
	CHECK_EQ(mxcsr, area_word(24));
	CHECK_EQ(0, area_word(24) & ~area_word(28));
}

PROBE(fxrstor_refuses_what_mxcsr_has_not,
	.rule = "LDMXCSR and FXRSTOR of a reserved MXCSR bit raise #GP(0)",
	.cite = "Intel SDM vol. 2, LDMXCSR, FXRSTOR; AMD APM vol. 4 and 5, "
		"LDMXCSR, FXRSTOR",
	.rings = RING3, .skip = GUEST(osfxsr_set),
	.control = "an LDMXCSR that does nothing is caught")
{
	uint32_t reserved = 0x80001f80, usual = 0x1f80;

	CHECK_FAULT(VEC_GP, 0, asm_safe("ldmxcsr %0", :: "m"(reserved)));
	CHECK_EQ(NO_FAULT, asm_safe("fxsave64 %0", : "=m"(area)));
	area[27] |= 0x80;
	CHECK_FAULT(VEC_GP, 0, asm_safe("fxrstor64 %0", :: "m"(area)));
	/* Where it was taken, the next probe on this boot must not meet it. */
	asm_safe("ldmxcsr %0", :: "m"(usual));
}

PROBE(fxsave_wants_alignment,
	.rule = "FXSAVE to an address that is not a multiple of 16 raises #GP(0)",
	.cite = "Intel SDM vol. 2, FXSAVE (#GP or #AC); AMD APM vol. 5, FXSAVE",
	.rings = RING3, .skip = GUEST(osfxsr_set),
	.control = "an FXSAVE that does nothing is caught")
{
	CHECK_FAULT(VEC_GP, 0, asm_safe("fxsave64 8(%0)",
					:: "r"(area) : "memory"));
}
