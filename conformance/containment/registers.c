/*
 * No register that a guest finds at its first instruction holds what the
 * host, or another guest, left in it.
 *
 * The state at reset is defined; anything else comes from somewhere.
 */
#include "suite.h"
#include "item_host.h"

#define RESET	"Intel SDM vol. 3, Processor State After Reset; AMD APM vol. 2, " \
		"Initial Processor State"

/*
 * A host half marks what only the built-in VMM can promise: elsewhere
 * firmware has run first, and what it left is no leak.
 */
__host void host_is_ours(struct item_host *h)
{
	(void)h;
}

PROBE(debug_registers_are_at_reset,
	.rule = "DR0 to DR3 are zero, DR6 and DR7 at their reset values",
	.cite = RESET,
	.control = "a DR2 set before the first entry is caught",
	.judge = HOST(host_is_ours))
{
	CHECK_EQ(0, read_dr0());
	CHECK_EQ(0, read_dr1());
	CHECK_EQ(0, read_dr2());
	CHECK_EQ(0, read_dr3());
	CHECK_EQ(0xffff0ff0, read_dr6());
	CHECK_EQ(0x400, read_dr7());
}

PROBE(system_call_registers_are_at_reset,
	.rule = "STAR, LSTAR, FMASK, KERNEL_GS_BASE and SYSENTER_* are zero",
	.cite = RESET,
	.control = "an LSTAR set before the first entry is caught",
	.judge = HOST(host_is_ours))
{
	static const uint32_t msr[] = {
		MSR_STAR, MSR_LSTAR, MSR_FMASK, MSR_KERNEL_GS_BASE,
		MSR_SYSENTER_CS, MSR_SYSENTER_ESP, MSR_SYSENTER_EIP,
	};

	for (unsigned int i = 0; i < sizeof(msr) / sizeof(*msr); i++) {
		uint64_t v = 1;

		CHECK_EQ(NO_FAULT, rdmsr_safe(msr[i], &v));
		CHECK_EQ(0, v);
	}
}

__guest const char *no_rdtscp(void)
{
	return cpuid_reg(0x80000001u, 0, 3) & 1 << 27 ? NULL
	       : "CPUID: no RDTSCP";
}

PROBE(tsc_aux_is_at_reset,
	.rule = "TSC_AUX is zero: Linux keeps the host's CPU number in it",
	.cite = RESET,
	.control = "a TSC_AUX set before the first entry is caught",
	.skip = GUEST(no_rdtscp), .judge = HOST(host_is_ours))
{
	CHECK_EQ(0, rdmsr(MSR_TSC_AUX));
}

static uint64_t xmm[32];
static uint32_t mxcsr;

__guest void vectors_store(void)
{
	__asm__ volatile(".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, "
			 "13, 14, 15\n\t"
			 "movups %%xmm\\n, 16 * \\n(%0)\n\t"
			 ".endr\n\t"
			 "stmxcsr %1"
			 :: "r"(xmm), "m"(mxcsr) : "memory");
}

PROBE(vector_registers_are_at_reset,
	.rule = "XMM0 to XMM15 are zero and MXCSR is 1F80H at their first use",
	.cite = RESET,
	.control = "an XMM5 set before the first entry is caught",
	.judge = HOST(host_is_ours))
{
	uint64_t any = 0;

	write_cr0(read_cr0() & ~(uint64_t)(CR0_EM | CR0_TS));
	write_cr4(read_cr4() | CR4_OSFXSR);
	xmm[1] = 1;			/* what is not stored is seen */
	ring3_call(vectors_store);
	for (int i = 0; i < 32; i++)
		any |= xmm[i];
	CHECK_EQ(0, any);
	CHECK_EQ(0x1f80, mxcsr);
}
