/*
 * A device's completion: the guest rings a doorbell, another thread of the
 * host answers by an irqfd, and the guest's handler runs.
 *
 * It is the round trip of every virtio request whose work is nothing: an
 * ioeventfd, a thread woken by it, a message to a vCPU that runs meanwhile,
 * handler and EOI. The exits told are doorbell and EOI; the one by which a
 * running vCPU is made to look is the host's own interrupt, which is counted
 * apart and is gone where interrupts are posted.
 */
#define _GNU_SOURCE 1		/* for affinity, where the flags lack it */
#include "responder.h"

__guest void irqfd_op(void)
{
	uint64_t before = *own_counter();

	outl(ABI_PORT_EVENTFD, 0);
	count_wait(own_counter(), before);
}

BENCH(irqfd,
	.summary = "Doorbell to a host thread, and its irqfd (MSI) back to the handler",
	.reading = "Most of it is waking the thread: compare irqfd_self, where none is woken, "
		   "and ioeventfd_pio, the way out alone.",
	.cite = "Linux, KVM API, KVM_IRQFD, KVM_IOEVENTFD; Intel SDM vol. 3C, Posted-Interrupt "
		"Processing",
	.rings = RING0 | RING3,
	.needs = NEED_VMM | NEED_IRQCHIP | NEED_IOEVENTFD,
	.sleeps = true,
	.skip = GUEST(xapic_skip),
	.setup = GUEST(xapic_setup),
	.setup_each = GUEST(xapic_open),
	.op = GUEST(irqfd_op),
	.teardown = GUEST(interrupt_teardown),
	.host_setup = HOST(responder_start),
	.host_teardown = HOST(responder_stop),
	.exits = EXITS_RANGE(1, 2, 0),
);
