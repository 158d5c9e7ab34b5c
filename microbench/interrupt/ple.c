/*
 * vCPUs that spin for each other: a turn goes round, and whoever waits for it
 * spins with PAUSE.
 *
 * With a CPU for each it is a cache line that moves. Where two have to share
 * a CPU whoever waits keeps the other from it, until the scheduler ends its
 * time slice, or until the hardware has seen it spin (PLE on VMX, the PAUSE
 * filter on SVM) and KVM yields to another vCPU; or, with a hypercall, until
 * it says by itself whom it waits for. The rows on one CPU put both vCPUs'
 * threads there.
 */
#define _GNU_SOURCE 1		/* for affinity, where the flags lack it */
#include <pthread.h>
#include <sched.h>

#include "interrupt.h"
#include "item_host.h"
#include "kvm/vm.h"
#include "target/target.h"

#define ROUNDS			4	/* in an operation, on one CPU */
#define KVM_HC_SCHED_YIELD	11	/* Linux, KVM hypercalls */
#define KVM_CPUID_FEATURES	0x40000001u
#define KVM_FEATURE_PV_SCHED_YIELD	13
#define KVM_SIGNATURE_EBX	0x4b4d564bu	/* "KVMK" */

/* Free running: a batch is whole rounds. In a line of its own. */
static struct {
	volatile uint64_t turn __attribute__((aligned(64)));
	uint64_t pad[7];
} ring_of_turns;

__guest bool others_turn(uint32_t me, uint32_t all)
{
	return ring_of_turns.turn % all != me;
}

__guest void spin_op(void)
{
	uint32_t me = cpu_self()->index, all = smp_cpus();

	while (others_turn(me, all))
		cpu_relax();
	ring_of_turns.turn++;
}

/* Enough of them that whoever begins has to wait for the other. */
__guest void spin_rounds_op(void)
{
	for (int i = 0; i < ROUNDS; i++)
		spin_op();
}

__guest void hypercall_yield(uint32_t apic_id)
{
	uint64_t rax = KVM_HC_SCHED_YIELD;

	if (cpu_is_intel())
		__asm__ volatile("vmcall" : "+a"(rax) : "b"((uint64_t)apic_id)
				 : "memory");
	else
		__asm__ volatile("vmmcall" : "+a"(rax) : "b"((uint64_t)apic_id)
				 : "memory");
}

__guest void yield_rounds_op(void)
{
	uint32_t me = cpu_self()->index, all = smp_cpus();

	for (int i = 0; i < ROUNDS; i++) {
		while (others_turn(me, all))
			hypercall_yield((uint32_t)(ring_of_turns.turn % all));
		ring_of_turns.turn++;
	}
}

/* CPUID(1) has the hypervisor bit; KVM's own leaves say what it takes. */
__guest const char *yield_skip(void)
{
	uint32_t a, b, c, d;

	arch_cpuid(KVM_CPUID_FEATURES - 1, 0, &a, &b, &c, &d);
	if (b != KVM_SIGNATURE_EBX)
		return "the hypervisor is not KVM";
	arch_cpuid(KVM_CPUID_FEATURES, 0, &a, &b, &c, &d);
	return a >> KVM_FEATURE_PV_SCHED_YIELD & 1 ? NULL :
	       "KVM does not offer KVM_HC_SCHED_YIELD";
}

/* Here the caller is the first vCPU's thread; the other's follows it. */
__host int share_cpu(struct item_host *h)
{
	struct vcpu *other = &h->vm->vcpu[1];
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) || CPU_COUNT(&set) != 1) {
		CPU_ZERO(&set);
		CPU_SET(sched_getcpu(), &set);
		if (sched_setaffinity(0, sizeof(set), &set))
			return -1;
	}
	return -pthread_setaffinity_np(other->thread, sizeof(set), &set);
}

/* A VMCALL at interpreted CPL0 may never come back, nor to user space. */
__host const char *yield_unavailable(struct target_context *ctx)
{
	return ctx->backend && ctx->backend->kind == BACKEND_SHADOW ?
	       "hypercalls hang where KVM has no hardware assistance" : NULL;
}

#define CITE_PLE "Intel SDM vol. 3C, PAUSE-Loop Exiting; AMD APM vol. 2, Pause Intercept Filtering"

BENCH(ple_round_robin,
	.summary = "A turn that two vCPUs hand to each other, spinning with PAUSE",
	.reading = "Each vCPU has a turn in an operation. With a CPU for each it is two moves of "
		   "a cache line, and no exit.",
	.cite = CITE_PLE,
	.vmexit_name = "ple_round_robin",
	.rings = RING0 | RING3,
	.needs = NEED_PREEMPTION,
	.vcpus = 2,
	.op = GUEST(spin_op),
	.exits = EXITS_RANGE(0, UINT16_MAX, 0),
);

BENCH(ple_one_cpu,
	.summary = "The same with both vCPUs on one CPU: a turn is a switch",
	.reading = "Milliseconds are time slices: nobody saw the spinning. Microseconds are PLE, or "
		   "the PAUSE filter, and KVM's directed yield. Less exits than that are "
		   "impossible; how many is the hardware's window.",
	.cite = CITE_PLE "; Linux, kvm_vcpu_on_spin()",
	.rings = RING0 | RING3,
	.needs = NEED_VMM | NEED_PREEMPTION,
	.sleeps = true,
	.per = "round", .per_op = ROUNDS,
	.max_ops = 1, .max_blocks = 8,
	.vcpus = 2,
	.op = GUEST(spin_rounds_op),
	.host_rewind = HOST(share_cpu),
	.exits = EXITS_RANGE(0, UINT16_MAX, 0),
);

BENCH(yield_directed,
	.summary = "The same with a hypercall that yields to the vCPU whose turn it is",
	.reading = "What a paravirtual spinlock or TLB shootdown gains by saying whom it waits "
		   "for: compare ple_one_cpu.",
	.cite = "Linux, KVM hypercalls, KVM_HC_SCHED_YIELD",
	.needs = NEED_VMM | NEED_PREEMPTION,
	.sleeps = true,
	.per = "round", .per_op = ROUNDS,
	.max_ops = 1, .max_blocks = 8,
	.vcpus = 2,
	.unavailable = HOST(yield_unavailable),
	.skip = GUEST(yield_skip),
	.op = GUEST(yield_rounds_op),
	.host_rewind = HOST(share_cpu),
	.exits = EXITS_RANGE(0, UINT16_MAX, 0),
);
