/*
 * HLT, and who wakes it: another vCPU or a thread of the host (halt_timer in
 * timer.c: nobody). Each with KVM's halt polling off and on.
 *
 * A vCPU that halts gives its CPU away, and waking it is the scheduler's
 * work. With halt polling its thread first spins in the kernel for a while:
 * an interrupt that comes soon is taken without any wake. The host's own
 * setting is kvm.halt_poll_ns, which the environment records; here it is set
 * for the VM, so that both are seen on every host.
 */
#define _GNU_SOURCE 1		/* for affinity, where the flags lack it */
#include "responder.h"
#include "kvm/ioctl.h"
#include "target/target.h"

#define POLL_NS		200000u	/* as kvm.halt_poll_ns is by default */
#define RECEIVER	1u

__guest void ipi_setup(void)
{
	xapic_setup();
	xapic_target(RECEIVER);
}

__guest void halt_ipi_op(void)
{
	volatile uint64_t *counter = irq_counter(cpu_at(RECEIVER));
	uint64_t before = *counter;

	xapic_write(APIC_ICR, APIC_ICR_ASSERT | IRQ_VECTOR);
	count_wait(counter, before);
}

__guest void halt_ipi_wake(void)
{
	xapic_write(APIC_ICR, APIC_ICR_ASSERT | WAKE_VECTOR);
}

__guest void halt_peer(void)
{
	while (!smp_over())
		irq_halt();
}

__guest void halt_irqfd_op(void)
{
	uint64_t before = *own_counter();

	outl(ABI_PORT_EVENTFD, 0);
	while (*own_counter() == before && mailbox->verdict < ABI_FAIL)
		irq_halt();
}

__host int poll_set(struct item_host *h, uint32_t ns)
{
	struct error e;

	return host_said(h, irq_halt_poll_set(h->vm, ns, &e), &e);
}

__host int polls_never(struct item_host *h)
{
	return poll_set(h, 0);
}

__host int polls(struct item_host *h)
{
	return poll_set(h, POLL_NS);
}

__host int responder_polls_never(struct item_host *h)
{
	int rc = poll_set(h, 0);

	return rc ? rc : responder_start(h);
}

__host int responder_polls(struct item_host *h)
{
	int rc = poll_set(h, POLL_NS);

	return rc ? rc : responder_start(h);
}

__host const char *polling_unavailable(struct target_context *ctx)
{
	return kvm_call_raw(ctx->kvm_fd, KVM_CHECK_EXTENSION,
			    KVM_CAP_HALT_POLL) > 0 ? NULL :
	       "this kernel's KVM has no KVM_CAP_HALT_POLL (Linux 5.11)";
}

#define CITE_HALT "Linux, KVM API, KVM_CAP_HALT_POLL; Linux, The KVM halt polling system"

#define HALT_IPI(id, text, host_fn)					\
	BENCH(id,							\
		.summary = "IPI to a vCPU that halts, and its answer, halt polling " text, \
		.reading = "halt_ipi less halt_ipi_polled is what sleeping and "	\
			   "waking costs; compare ipi, where nobody halts.",	\
		.cite = CITE_HALT,					\
		.needs = NEED_VMM | NEED_IRQCHIP,			\
		.sleeps = true,						\
		.vcpus = 2, .roles = ROLES_FIRST,			\
		.unavailable = HOST(polling_unavailable),		\
		.skip = GUEST(xapic_skip),				\
		.setup = GUEST(ipi_setup),				\
		.setup_each = GUEST(xapic_start),			\
		.op = GUEST(halt_ipi_op),				\
		.peer = GUEST(halt_peer),				\
		.peers_wake = GUEST(halt_ipi_wake),			\
		.teardown = GUEST(interrupt_teardown),			\
		.host_setup = HOST(host_fn),				\
		.exits = EXITS_PEERS(0, 4, 0, 4),			\
	)

#define HALT_IRQFD(id, text, host_fn)					\
	BENCH(id,							\
		.summary = "Doorbell, HLT, and an irqfd that wakes, halt polling " text, \
		.reading = "As irqfd with a guest that halts in the meantime; "	\
			   "halt_irqfd less halt_irqfd_polled is what sleeping and "	\
			   "waking costs.",				\
		.cite = CITE_HALT,					\
		.needs = NEED_VMM | NEED_IRQCHIP | NEED_IOEVENTFD,	\
		.sleeps = true,						\
		.unavailable = HOST(polling_unavailable),		\
		.skip = GUEST(xapic_skip),				\
		.setup = GUEST(xapic_setup),				\
		.setup_each = GUEST(xapic_start),			\
		.op = GUEST(halt_irqfd_op),				\
		.teardown = GUEST(interrupt_teardown),			\
		.host_setup = HOST(host_fn),				\
		.host_teardown = HOST(responder_stop),			\
		.exits = EXITS_RANGE(1, 4, 0),				\
	)

HALT_IPI(halt_ipi, "off", polls_never);
HALT_IPI(halt_ipi_polled, "on", polls);
HALT_IRQFD(halt_irqfd, "off", responder_polls_never);
HALT_IRQFD(halt_irqfd_polled, "on", responder_polls);
