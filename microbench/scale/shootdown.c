/*
 * A TLB shootdown: one vCPU tells all others to forget a translation, and
 * goes on once every one has.
 *
 * munmap() and mprotect() of a program with threads do this, and so it is the
 * IPI that real guests send most. A vCPU that has no CPU answers when it gets
 * one: that is what overcommit does to such programs, and why hypervisors
 * offer to flush by themselves. The handler executes INVLPG, counts, and
 * reads the page, so that there is something to forget the next time.
 */
#include "halted.h"

/* Its large page holds nothing else that would have to be walked for again. */
#define SHOT_GVA	ABI_SCRATCH_GPA

__guest void shootdown_setup(void)
{
	x2apic_setup();
	irq_invlpg_set(SHOT_GVA);
	irq_install(IRQ_VECTOR, irq_invlpg_x2apic);
}

__guest void shootdown_op(void)
{
	invlpg((void *)SHOT_GVA);
	others_op();
	(void)*(volatile uint64_t *)SHOT_GVA;
}

BENCH(tlb_shootdown,
	.summary = "INVLPG on all vCPUs: by the first, by an IPI to all others, which halt",
	.reading = "Less ipi_broadcast it is what INVLPG and a walk take; with nested paging "
		   "neither exits. The initiator has to wait for those that have no CPU.",
	.cite = "Intel SDM vol. 3A, Propagation of Paging-Structure Changes to Multiple "
		"Processors; AMD APM vol. 2, TLB Management",
	.vcpus = 2, .roles = ROLES_FIRST,
	.setup = GUEST(shootdown_setup),
	.op = GUEST(shootdown_op),
	.peers_wake = GUEST(others_wake),
	.exits = EXITS_PEERS(0, 1, 3, 4),
	.needs = NEED_IRQCHIP | NEED_SCRATCH,
	HALTED,
);
