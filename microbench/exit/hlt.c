/*
 * HLT without an in-kernel interrupt controller: the VMM is told and, having
 * nothing to wait for, enters the guest again.
 *
 * It is the userspace exit with the least in it: no data, no address, nothing
 * to complete on re-entry. Interrupts are off, so nothing else ends it.
 */
#include "suite.h"

__guest void hlt_userspace_op(void)
{
	__asm__ volatile("hlt" ::: "memory");
}

BENCH(hlt_userspace,
	.summary = "HLT that exits to user space",
	.reading = "The floor of a round trip to user space: compare pio_userspace, which "
		   "carries data.",
	.cite = "Linux, KVM API, KVM_EXIT_HLT; Intel SDM vol. 3C, Instructions That Cause VM "
		"Exits Conditionally; AMD APM vol. 2, Instruction Intercepts",
	.needs = NEED_VMM,
	.decompose = true,
	.op = GUEST(hlt_userspace_op),
	.exits = EXITS(0, 1),
);
