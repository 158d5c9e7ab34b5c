/*
 * #NM, #MF, #XM and the #UD in their place: how a floating-point instruction
 * fails is up to CR0 and CR4.
 *
 * Lazy switching of vector state lives off #NM; a hypervisor that plays with
 * CR0.TS for itself must not let the guest notice.
 */
#include "suite.h"
#include "vectors.h"

#define BOTH	(RING0 | RING3)
#define X87	"Intel SDM vol. 3, Device Not Available Exception (#NM); AMD APM " \
		"vol. 2, #NM--Device-Not-Available Exception (Vector 7)"

__guest const char *task_switched(void)
{
	sse_enable();
	write_cr0(read_cr0() | CR0_TS | CR0_MP);
	return NULL;
}

PROBE(ts_stops_floating_point,
	.rule = "With CR0.TS set x87, MMX and SSE instructions raise #NM at themselves",
	.cite = X87, .rings = BOTH, .needs = NEED_MACHINE,
	.skip = GUEST(task_switched),
	.control = "a #NM whose RIP is one too high is caught")
{
	uint64_t at = 0;

	CHECK_EQ(VEC_NM, asm_safe("lea 1f(%%rip), %0\n\t1: fninit",
				  : "=&r"(at)));
	CHECK_EQ(at, last_fault.rip);
	CHECK_EQ(VEC_NM, asm_safe("paddb %%mm0, %%mm0", ::: "memory"));
	CHECK_EQ(VEC_NM, asm_safe("addps %%xmm0, %%xmm0", ::: "memory"));
	CHECK_EQ(VEC_NM, asm_safe("fwait", ));
}

__guest const char *monitor_off(void)
{
	sse_enable();
	write_cr0((read_cr0() | CR0_TS) & ~(uint64_t)CR0_MP);
	return NULL;
}

PROBE(wait_heeds_ts_only_with_mp,
	.rule = "FWAIT with CR0.TS set and CR0.MP clear raises nothing",
	.cite = X87, .rings = BOTH, .needs = NEED_MACHINE,
	.skip = GUEST(monitor_off),
	.control = "an FNINIT that does nothing is caught")
{
	CHECK_EQ(NO_FAULT, asm_safe("fwait", ));
	CHECK_EQ(VEC_NM, asm_safe("fninit", ));
}

__guest const char *emulated(void)
{
	sse_enable();
	write_cr0((read_cr0() | CR0_EM) & ~(uint64_t)(CR0_TS | CR0_MP));
	return NULL;
}

PROBE(em_makes_x87_absent_and_sse_undefined,
	.rule = "With CR0.EM set x87 raises #NM, MMX and SSE raise #UD",
	.cite = X87, .rings = BOTH, .needs = NEED_MACHINE,
	.skip = GUEST(emulated),
	.control = "an FNINIT that does nothing is caught")
{
	CHECK_EQ(VEC_NM, asm_safe("fninit", ));
	CHECK_EQ(VEC_UD, asm_safe("paddb %%mm0, %%mm0", ::: "memory"));
	CHECK_EQ(VEC_UD, asm_safe("addps %%xmm0, %%xmm0", ::: "memory"));
}

__guest const char *sse_refused(void)
{
	sse_enable();
	write_cr4(read_cr4() & ~(uint64_t)CR4_OSFXSR);
	return NULL;
}

PROBE(sse_needs_osfxsr,
	.rule = "SSE instructions raise #UD while CR4.OSFXSR is clear; x87 runs",
	.cite = "Intel SDM vol. 3, Enabling SSE; AMD APM vol. 2, FXSAVE/FXRSTOR "
		"Support (OSFXSR) Bit", .rings = BOTH,
	.needs = NEED_MACHINE, .skip = GUEST(sse_refused),
	.control = "an ADDPS that does nothing is caught")
{
	CHECK_EQ(NO_FAULT, asm_safe("fninit", ));
	CHECK_EQ(VEC_UD, asm_safe("addps %%xmm0, %%xmm0", ::: "memory"));
	CHECK_EQ(VEC_UD, asm_safe("movaps %%xmm0, %%xmm1", ::: "memory"));
}

__guest const char *native_errors(void)
{
	sse_enable();
	write_cr0(read_cr0() | CR0_NE);
	return NULL;
}

PROBE(x87_error_waits_for_the_next,
	.rule = "An unmasked x87 error raises #MF at the next waiting x87 instruction",
	.cite = "Intel SDM vol. 3, x87 FPU Floating-Point Error (#MF); AMD APM "
		"vol. 2, #MF--x87 Floating-Point Exception-Pending (Vector 16)",
	.rings = BOTH, .skip = GUEST(native_errors), .needs = NEED_MACHINE,
	.control = "a #MF whose RIP is one too high is caught")
{
	static const uint16_t unmasked = 0x37b;	/* all but divide by zero */
	uint64_t at = 0;

	CHECK_EQ(VEC_MF, asm_safe("fninit\n\tfldcw %1\n\tfld1\n\tfldz\n\t"
				  "fdivrp\n\tnop\n\t"
				  "lea 1f(%%rip), %0\n\t1: fwait",
				  : "=&r"(at) : "m"(unmasked)));
	CHECK_EQ(at, last_fault.rip);
	CHECK_EQ(NO_FAULT, asm_safe("fninit", ));
}

/* 1 / 0 with that error unmasked; it is masked again behind label 3. */
__guest unsigned int sse_divide(uint64_t *at)
{
	static const uint32_t unmasked = 0x1d80, usual = 0x1f80;

	return asm_safe("ldmxcsr %1\n\txorps %%xmm0, %%xmm0\n\t"
			"mov $0x3f800000, %%eax\n\tmovd %%eax, %%xmm1\n\t"
			"lea 1f(%%rip), %0\n\t1: divss %%xmm0, %%xmm1\n\t"
			"nop\n\t3: ldmxcsr %2" RESUME(1, 3),
			: "=&r"(*at) : "m"(unmasked), "m"(usual) : "rax");
}

__guest const char *simd_errors_on(void)
{
	return sse_enable();
}

PROBE(sse_error_comes_at_once,
	.rule = "An unmasked SSE error raises #XM at the instruction itself",
	.cite = "Intel SDM vol. 3, SIMD Floating-Point Exception (#XM); AMD APM "
		"vol. 2, #XF--SIMD Floating-Point Exception (Vector 19)",
	.rings = BOTH, .skip = GUEST(simd_errors_on), .needs = NEED_MACHINE,
	.control = "an #XM that arrives as another vector is caught")
{
	uint64_t at = 0;

	CHECK_EQ(VEC_XM, sse_divide(&at));
	CHECK_EQ(at, last_fault.rip);
}

__guest const char *simd_errors_off(void)
{
	sse_enable();
	write_cr4(read_cr4() & ~(uint64_t)CR4_OSXMMEXCPT);
	return NULL;
}

PROBE(sse_error_without_osxmmexcpt_is_undefined,
	.rule = "An unmasked SSE error raises #UD while CR4.OSXMMEXCPT is clear",
	.cite = "Intel SDM vol. 3, SIMD Floating-Point Exception (#XM); AMD APM "
		"vol. 2, Unmasked Exception Support (OSXMMEXCPT) Bit",
	.rings = BOTH, .skip = GUEST(simd_errors_off), .needs = NEED_MACHINE,
	.control = "a DIVSS that does nothing is caught")
{
	uint64_t at = 0;

	CHECK_EQ(VEC_UD, sse_divide(&at));
	CHECK_EQ(at, last_fault.rip);
}
