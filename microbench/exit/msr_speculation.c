/*
 * The MSRs that speculation brought: what a mitigated guest kernel writes on
 * its hot paths.
 *
 * KVM leaves SPEC_CTRL and PRED_CMD intercepted until the guest shows that it
 * uses them, by a first write that is not zero, and passes them through from
 * then on (newer kernels and CPUs: from the start). Calibration makes that
 * first write, so the rows measure the passed-through write. TSX_CTRL is
 * swapped lazily by the host and always exits.
 */
#include "suite.h"

#define CPUID_7_EDX_SPEC_CTRL	(1u << 26)	/* Intel: IBRS and IBPB */
#define CPUID_7_EDX_ARCH_CAPS	(1u << 29)
#define CPUID_AMD_EBX_IBPB	(1u << 12)	/* leaf 0x80000008 */
#define CPUID_AMD_EBX_IBRS	(1u << 14)
#define MSR_ARCH_CAPABILITIES	0x10a
#define ARCH_CAPS_TSX_CTRL	(1u << 7)
#define SPEC_CTRL_IBRS		1
#define PRED_CMD_IBPB		1

__guest const char *ibrs_skip(void)
{
	if (cpuid_reg(7, 0, 3) & CPUID_7_EDX_SPEC_CTRL ||
	    cpuid_reg(0x80000008, 0, 1) & CPUID_AMD_EBX_IBRS)
		return NULL;
	return "CPUID offers no IBRS";
}

__guest const char *ibpb_skip(void)
{
	if (cpuid_reg(7, 0, 3) & CPUID_7_EDX_SPEC_CTRL ||
	    cpuid_reg(0x80000008, 0, 1) & CPUID_AMD_EBX_IBPB)
		return NULL;
	return "CPUID offers no IBPB";
}

__guest const char *tsx_ctrl_skip(void)
{
	uint64_t caps;

	if (!(cpuid_reg(7, 0, 3) & CPUID_7_EDX_ARCH_CAPS) ||
	    rdmsr_safe(MSR_ARCH_CAPABILITIES, &caps) != NO_FAULT ||
	    !(caps & ARCH_CAPS_TSX_CTRL))
		return "the CPU offers no TSX_CTRL";
	return NULL;
}

__guest void wr_ibrs_msr_op(void)
{
	wrmsr(MSR_SPEC_CTRL, SPEC_CTRL_IBRS);
	wrmsr(MSR_SPEC_CTRL, 0);
}

__guest void wr_ibpb_msr_op(void)
{
	wrmsr(MSR_PRED_CMD, PRED_CMD_IBPB);
}

__guest void wr_tsx_ctrl_msr_op(void)
{
	wrmsr(MSR_TSX_CTRL, 0);
}

BENCH(wr_ibrs_msr,
	.summary = "WRMSR of SPEC_CTRL: IBRS on, then off",
	.reading = "Two writes, as in kvm-unit-tests. No exit: the cost is the CPU's own.",
	.cite = "Intel SDM vol. 4, IA32_SPEC_CTRL; AMD APM vol. 2, Speculation Control",
	.vmexit_name = "wr_ibrs_msr",
	.skip = GUEST(ibrs_skip),
	.op = GUEST(wr_ibrs_msr_op),
	.exits = EXITS(0, 0),
);

BENCH(wr_ibpb_msr,
	.summary = "WRMSR of PRED_CMD: an indirect branch prediction barrier",
	.reading = "No exit: the cost is the CPU's own, and it can be thousands of cycles.",
	.cite = "Intel SDM vol. 4, IA32_PRED_CMD; AMD APM vol. 2, Speculation Control",
	.vmexit_name = "wr_ibpb_msr",
	.skip = GUEST(ibpb_skip),
	.op = GUEST(wr_ibpb_msr_op),
	.exits = EXITS(0, 0),
);

BENCH(wr_tsx_ctrl_msr,
	.summary = "WRMSR of TSX_CTRL, handled in the kernel",
	.reading = "Compare wrmsr_kernel: what is more is the host's own write of the MSR.",
	.cite = "Intel SDM vol. 4, IA32_TSX_CTRL",
	.vmexit_name = "wr_tsx_ctrl_msr",
	.skip = GUEST(tsx_ctrl_skip),
	.op = GUEST(wr_tsx_ctrl_msr_op),
	.exits = EXITS(1, 0),
);
