/*
 * Save and restore of a vCPU, one KVM_GET and KVM_SET at a time.
 *
 * It is what a snapshot, a live migration and a nested hypervisor's switch
 * of VMMs pay for each vCPU while the guest stands still; vcpu_state.c has
 * all of it together.
 */
#include "state.h"

#define STATE_ROWS(id, what, request, ...)				\
	STATE_ROW(id, get, "KVM_GET_" request ": " what " of a vCPU",	\
		  "KVM_GET_" request, __VA_ARGS__);			\
	STATE_ROW(id, set, "KVM_SET_" request ": " what " of a vCPU",	\
		  "KVM_SET_" request, __VA_ARGS__)

__host const char *sregs2_unavailable(struct target_context *ctx)
{
	return kvm_call_raw(ctx->kvm_fd, KVM_CHECK_EXTENSION,
			    KVM_CAP_SREGS2) > 0 ? NULL :
	       "this kernel's KVM has no KVM_GET_SREGS2 (Linux 5.14)";
}

STATE_ROWS(regs, "general registers", "REGS");
STATE_ROWS(sregs, "segments and control registers", "SREGS",
	.reading = "Setting them may throw away the guest's translations.");
STATE_ROWS(sregs2, "segments, control registers and PDPTRs", "SREGS2",
	.unavailable = HOST(sregs2_unavailable));
STATE_ROWS(fpu, "x87 and SSE state", "FPU");
STATE_ROWS(xsave, "all of the extended state", "XSAVE",
	.reading = "By KVM_GET_XSAVE2 where there is one: 4 KiB, or more with AMX.");
STATE_ROWS(xcrs, "XCR0", "XCRS");
STATE_ROWS(lapic, "the local APIC's registers", "LAPIC",
	.reading = "Setting them arms the timer again and looks for pending interrupts.");
STATE_ROWS(vcpu_events, "pending exceptions and interrupts", "VCPU_EVENTS");
STATE_ROWS(mp_state, "running or waiting", "MP_STATE");
STATE_ROWS(debugregs, "debug registers", "DEBUGREGS");
STATE_ROWS(msrs, "all that KVM_GET_MSR_INDEX_LIST names", "MSRS",
	.reading = "Kernels and CPUs differ in how many there are. What this vCPU refuses is left "
		   "out.");
STATE_ROWS(clock, "the VM's clock, not that", "CLOCK",
	.reading = "Of the VM: once for all vCPUs.");
