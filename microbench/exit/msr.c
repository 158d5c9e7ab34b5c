/*
 * MSR accesses: answered in the kernel, passed through, or sent to user
 * space.
 *
 * The permission bitmap decides which MSRs exit. FS_BASE is passed through by
 * every hypervisor and is the control that must not exit; UCODE_REV never is
 * and has the shortest handler; ABI_MSR_USER is denied by a filter whose
 * denials go to user space.
 */
#include "suite.h"

#define CPUID_7_EBX_TSC_ADJUST	(1u << 1)

__guest const char *rdmsr_kernel_skip(void)
{
	uint64_t v;

	if (rdmsr_safe(MSR_UCODE_REV, &v) != NO_FAULT)
		return "RDMSR of the microcode revision faults here";
	return NULL;
}

/* AMD's manual lets the write fault; KVM takes it and does nothing. */
__guest const char *wrmsr_kernel_skip(void)
{
	if (wrmsr_safe(MSR_UCODE_REV, 0) != NO_FAULT)
		return "WRMSR of the microcode revision faults here";
	return NULL;
}

__guest const char *tsc_adjust_skip(void)
{
	if (!(cpuid_reg(7, 0, 1) & CPUID_7_EBX_TSC_ADJUST))
		return "CPUID offers no TSC_ADJUST";
	return NULL;
}

__guest void rdmsr_kernel_op(void)
{
	rdmsr(MSR_UCODE_REV);
}

__guest void wrmsr_kernel_op(void)
{
	wrmsr(MSR_UCODE_REV, 0);
}

__guest void rdmsr_passthrough_op(void)
{
	rdmsr(MSR_FS_BASE);
}

__guest void wrmsr_passthrough_op(void)
{
	wrmsr(MSR_FS_BASE, 0);
}

__guest void rdmsr_userspace_op(void)
{
	rdmsr(ABI_MSR_USER);
}

__guest void wrmsr_userspace_op(void)
{
	wrmsr(ABI_MSR_USER, 0);
}

__guest void wr_kernel_gs_base_op(void)
{
	wrmsr(MSR_KERNEL_GS_BASE, 0);
}

__guest void rd_tsc_adjust_msr_op(void)
{
	rdmsr(MSR_TSC_ADJUST);
}

/* Zero is what it holds after reset, so time does not jump. */
__guest void wr_tsc_adjust_msr_op(void)
{
	wrmsr(MSR_TSC_ADJUST, 0);
}

#define CITE_MSR "Intel SDM vol. 3C, MSR-Bitmap Address; AMD APM vol. 2, MSR Intercepts"

BENCH(rdmsr_kernel,
	.summary = "RDMSR of the microcode revision, answered in the kernel",
	.reading = "cpuid plus the dispatch of an MSR number: the price of any MSR that is not "
		   "passed through.",
	.cite = CITE_MSR,
	.skip = GUEST(rdmsr_kernel_skip),
	.op = GUEST(rdmsr_kernel_op),
	.exits = EXITS(1, 0),
);

BENCH(wrmsr_kernel,
	.summary = "WRMSR of the microcode revision, handled in the kernel",
	.reading = "As rdmsr_kernel, for a write that has no effect.",
	.cite = CITE_MSR,
	.skip = GUEST(wrmsr_kernel_skip),
	.op = GUEST(wrmsr_kernel_op),
	.exits = EXITS(1, 0),
);

BENCH(rdmsr_passthrough,
	.summary = "RDMSR of FS_BASE, passed through",
	.reading = "The control for rdmsr_kernel: no exit, so what is left is the instruction.",
	.cite = CITE_MSR,
	.op = GUEST(rdmsr_passthrough_op),
	.exits = EXITS(0, 0),
);

BENCH(wrmsr_passthrough,
	.summary = "WRMSR of FS_BASE, passed through",
	.reading = "The control for wrmsr_kernel: no exit, so what is left is the instruction.",
	.cite = CITE_MSR,
	.op = GUEST(wrmsr_passthrough_op),
	.exits = EXITS(0, 0),
);

BENCH(rdmsr_userspace,
	.summary = "RDMSR that a filter sends to user space",
	.reading = "What it costs to emulate an MSR in the VMM; compare pio_userspace_in.",
	.cite = "Linux, KVM API, KVM_X86_SET_MSR_FILTER and KVM_CAP_X86_USER_SPACE_MSR",
	.needs = NEED_MSR_USER,
	.decompose = true,
	.op = GUEST(rdmsr_userspace_op),
	.exits = EXITS(0, 1),
);

BENCH(wrmsr_userspace,
	.summary = "WRMSR that a filter sends to user space",
	.reading = "What it costs to emulate an MSR in the VMM; compare pio_userspace.",
	.cite = "Linux, KVM API, KVM_X86_SET_MSR_FILTER and KVM_CAP_X86_USER_SPACE_MSR",
	.needs = NEED_MSR_USER,
	.decompose = true,
	.op = GUEST(wrmsr_userspace_op),
	.exits = EXITS(0, 1),
);

BENCH(wr_kernel_gs_base,
	.summary = "WRMSR of KERNEL_GS_BASE, passed through",
	.reading = "What a guest kernel writes at every context switch; an exit here is a defect.",
	.cite = CITE_MSR,
	.vmexit_name = "wr_kernel_gs_base",
	.op = GUEST(wr_kernel_gs_base_op),
	.exits = EXITS(0, 0),
);

BENCH(rd_tsc_adjust_msr,
	.summary = "RDMSR of TSC_ADJUST",
	.reading = "Emulated in the kernel, because the guest's TSC is the host's with an offset.",
	.cite = "Intel SDM vol. 3B, Time-Stamp Counter Adjustment",
	.vmexit_name = "rd_tsc_adjust_msr",
	.skip = GUEST(tsc_adjust_skip),
	.op = GUEST(rd_tsc_adjust_msr_op),
	.exits = EXITS(1, 0),
);

BENCH(wr_tsc_adjust_msr,
	.summary = "WRMSR of TSC_ADJUST with the value it has",
	.reading = "As rd_tsc_adjust_msr, plus the new TSC offset.",
	.cite = "Intel SDM vol. 3B, Time-Stamp Counter Adjustment",
	.vmexit_name = "wr_tsc_adjust_msr",
	.skip = GUEST(tsc_adjust_skip),
	.op = GUEST(wr_tsc_adjust_msr_op),
	.exits = EXITS(1, 0),
);
