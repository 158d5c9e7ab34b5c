/*
 * Half trips: how long a doorbell takes from the guest's store until a thread
 * of the host's sees its eventfd readable, and a completion from the host's
 * write until the guest sees it, in memory or by an interrupt.
 *
 * A thread on another CPU reads the eventfd all the time (or sleeps in it),
 * and answers. The guest stamps before its store and behind the answer's
 * arrival, the thread stamps when it has read and before it answers: guest
 * and host TSC differ by KVM's offset, or by none where a host runs the
 * guest's RDTSC as it is; which of them is verified by the order of events.
 * Round trips are by the guest's clock alone, and are the half trips' sum.
 */
#define _GNU_SOURCE 1		/* for affinity, where the flags lack it */
#include "apic.h"
#include "irq.h"
#include "suite.h"
#include "ringer.h"

#define PAGE_AT	((volatile struct page *)ABI_SCRATCH_GPA)

static uint64_t trips;			/* the guest's */

__guest void bell_store(void)
{
	PAGE_AT->rung = tsc_read();
	mmio_write32(ABI_MMIO_GPA + ABI_MMIO_EVENTFD, 0);
}

__guest void polled_op(void)
{
	trips++;
	bell_store();
	while (PAGE_AT->answered != trips)
		;
	PAGE_AT->heard += tsc_read() - PAGE_AT->sent;
}

/* Without stamps: nothing but the trip. */
__guest void plain_op(void)
{
	trips++;
	mmio_write32(ABI_MMIO_GPA + ABI_MMIO_EVENTFD, 0);
	while (PAGE_AT->answered != trips)
		;
}

__guest void irq_op(void)
{
	uint64_t before = *irq_counter(cpu_self());

	trips++;
	bell_store();
	if (!irq_wait(before))
		guest_panic("no interrupt from the host's thread");
	while (PAGE_AT->answered != trips)
		;
	PAGE_AT->heard += irq_tsc(cpu_self()) - PAGE_AT->sent;
}

__guest void irq_setup(void)
{
	irq_install(VIRTIO_VECTOR, irq_stamp_xapic);
	xapic_start();
	irq_enable();
}

__guest void irq_teardown(void)
{
	irq_disable();
	apic_stop();
	irq_uninstall(VIRTIO_VECTOR);
}

#define ROW(id, text, words, how, setup_, needs_, ...)			\
	BENCH(id,							\
		.summary = text,					\
		.reading = words,					\
		.cite = "VIRTIO 1.2, 2.3 Notifications; Linux, KVM API, KVM_IOEVENTFD, KVM_IRQFD", \
		.rings = RING3,						\
		.needs = NEED_VMM | NEED_SCRATCH | needs_,		\
		.op = GUEST(how##_op),					\
		.unavailable = HOST(two_cpus_missing),			\
		.host_setup = HOST(setup_),				\
		.host_rewind = HOST(ringer_rewind),			\
		.host_teardown = HOST(ringer_teardown),			\
		__VA_ARGS__						\
	)

#define INTERRUPTS	.setup = GUEST(irq_setup), .teardown = GUEST(irq_teardown), \
			.exits = EXITS_RANGE(1, 8, 0)

ROW(doorbell_round_trip, "MMIO store to an ioeventfd until a polling thread's answer is seen",
    "doorbell_half and completion_polled_half together, by the guest's clock. The thread reads "
    "the eventfd all the time: nobody is woken.",
    plain, plain_setup, 0, .exits = EXITS(1, 0));
ROW(doorbell_half, "MMIO store to an ioeventfd until a polling thread has read it",
    "The exit, KVM's lookup of the address, the eventfd's count, and another CPU's read() of it.",
    polled, polled_setup, 0, .exits = EXITS(1, 0),
    .host_verify = HOST(doorbell_verify));
ROW(doorbell_half_asleep, "MMIO store to an ioeventfd until a sleeping thread has read it",
    "doorbell_half and the wake-up of a thread on another CPU.",
    polled, sleeping_setup, 0, .exits = EXITS(1, 0),
    .host_verify = HOST(doorbell_verify));
ROW(completion_polled_half, "The host's store to guest memory until a polling guest sees it",
    "A line that moves from one CPU's cache to another's; there is no exit in it.",
    polled, polled_setup, 0, .exits = EXITS(1, 0),
    .host_verify = HOST(completion_verify));
ROW(completion_irq_half, "The host's write to an irqfd until the guest's handler runs",
    "The message's way to the APIC, the kick of a running vCPU unless interrupts are posted, "
    "the injection, and the gate.",
    irq, interrupting_setup, NEED_IRQCHIP, INTERRUPTS,
    .host_verify = HOST(completion_verify));
ROW(doorbell_irq_round_trip, "MMIO store to an ioeventfd until the interrupt that answers it",
    "doorbell_half and completion_irq_half together, and the handler's way out.",
    irq, interrupting_setup, NEED_IRQCHIP, INTERRUPTS);
