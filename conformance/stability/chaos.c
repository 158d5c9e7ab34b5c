/*
 * More of what other threads of the VMM call on the kernel beside KVM_RUN: the
 * vCPU's own state, interrupts and their routes, slots that the guest looks
 * at, vCPUs that come late and run, and all of that at once.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>

#include "apic.h"
#include "irq.h"
#include "item_host.h"
#include "kvm/irq.h"
#include "racer.h"
#include "suite.h"
#include "x86_64/entry.h"

#define HERE_GPA	0x20000000ull
#define THERE_GPA	0x28000000ull
#define SLOT		VM_SLOTS_MAX
#define PAGE		4096ull
#define WORD		0x5ec2e75ec2e75ec2ull
#define LATE_PORT	0x5650
#define LATE_LAST	8u		/* vCPU ID */
#define LATE_RUNS	20u

/* What does not change while it runs is written back, too. */
__host bool state_call(struct item_host *h, uint64_t n)
{
	static union {
		struct kvm_regs regs;
		struct kvm_sregs sregs;
		struct kvm_lapic_state lapic;
		struct kvm_vcpu_events events;
		struct kvm_debugregs debug;
		struct kvm_xsave xsave;
		struct kvm_xcrs xcrs;
		struct kvm_mp_state mp;
	} s;
	/* struct kvm_msrs with room for one. */
	static struct {
		uint32_t nmsrs, pad;
		struct kvm_msr_entry one;
	} msr = { 1, 0, { .index = 0xc0000082 } };	/* LSTAR */
	int fd = h->vcpu->fd;

	switch (n % 9) {
	case 0:
		return kvm_call_raw(fd, KVM_GET_REGS, (uintptr_t)&s) >= 0;
	case 1:
		return kvm_call_raw(fd, KVM_GET_SREGS, (uintptr_t)&s) >= 0;
	case 2:
		return kvm_call_raw(fd, KVM_GET_LAPIC, (uintptr_t)&s) >= 0;
	case 3:
		return kvm_call_raw(fd, KVM_GET_VCPU_EVENTS,
				    (uintptr_t)&s) >= 0;
	case 4:
		return kvm_call_raw(fd, KVM_GET_DEBUGREGS,
				    (uintptr_t)&s) >= 0 &&
		       kvm_call_raw(fd, KVM_SET_DEBUGREGS, (uintptr_t)&s) >= 0;
	case 5:
		return kvm_call_raw(fd, KVM_GET_XSAVE, (uintptr_t)&s) >= 0;
	case 6:
		return kvm_call_raw(fd, KVM_GET_XCRS, (uintptr_t)&s) >= 0 &&
		       kvm_call_raw(fd, KVM_SET_XCRS, (uintptr_t)&s) >= 0;
	case 7:
		return kvm_call_raw(fd, KVM_GET_MSRS, (uintptr_t)&msr) == 1 &&
		       kvm_call_raw(fd, KVM_SET_MSRS, (uintptr_t)&msr) == 1;
	default:
		return kvm_call_raw(fd, KVM_GET_MP_STATE, (uintptr_t)&s) >= 0;
	}
}

__host void state_prepare(struct item_host *h)
{
	race_begin(h, state_call);
}

RACE_OF(state_is_read_beside_a_running_vcpu, NEED_IRQCHIP,
	"a file that stays open is caught",
	"A vCPU's registers, APIC, events and MSRs are read, and some written as they are, "
	"by another thread while it runs", state_prepare, .rings = RING0 | RING3)
{
	exits_and_memory();
}

/* -EAGAIN: there is no APIC yet that would take it, or no longer. */
__host bool irq_call(struct item_host *h, uint64_t n)
{
	struct error e;
	int rc, fd;

	switch (n % 5) {
	case 0:
		return irq_routes_set(h->vm, 0, IRQ_VECTOR, &e) >= 0;
	case 1:
		fd = irqfd_create(h->vm, IRQ_GSI_MSI, &e);
		if (fd < 0)
			return false;
		rc = eventfd_write(fd, 1);
		irqfd_destroy(h->vm, IRQ_GSI_MSI, fd);
		return !rc;
	case 2:
		rc = irq_msi_signal(h->vm, 0, IRQ_VECTOR, &e);
		return rc >= 0 || rc == -EAGAIN;
	case 3:
		return irq_line_set(h->vm, IRQ_GSI_PIN, n / 5 & 1, &e) >= 0;
	default:
		return irq_nmi(h->vcpu, &e) >= 0;
	}
}

/* NMIs come from the first instruction on: the guest says when they may. */
__host void irqs_begin(struct vcpu *v, void *opaque, uint64_t offset,
		       void *data, unsigned int bytes, bool write)
{
	struct item_host *h = opaque;

	(void)v, (void)offset, (void)bytes, (void)write;
	if (*(uint8_t *)data)
		race_begin(h, irq_call);
	else
		race_finish(h);
}

__host void irqs_prepare(struct item_host *h)
{
	struct error e;

	memset(racers, 0, sizeof(racers));
	host_said(h, range_claim(&h->vm->pio, LATE_PORT, 1, irqs_begin, h, &e),
		  &e);
}

RACE_OF(interrupts_and_routes_beside_a_running_vcpu, NEED_IRQCHIP,
	"interrupts that never come are caught",
	"Routes that change, irqfds that come and go, messages, wires and NMIs reach a "
	"guest that computes on", irqs_prepare, .rings = RING0)
{
	xapic_start();
	irq_install(IRQ_VECTOR, irq_count_xapic);
	irq_install(VEC_NMI, irq_count);
	outb(LATE_PORT, 1);
	irq_enable();
	exits_and_memory();
	irq_disable();
	/* From within: behind this nobody sends anything. */
	outb(LATE_PORT, 0);
	irq_window();
	CHECK(*irq_counter(cpu_self()) > 0);
}

/* There, here, logged, gone: the same page each time. */
__host bool move_call(struct item_host *h, uint64_t n)
{
	static uint64_t page[PAGE / 8] __attribute__((aligned(4096)));
	struct kvm_userspace_memory_region region = {
		.slot = SLOT, .memory_size = n % 4 == 3 ? 0 : PAGE,
		.guest_phys_addr = n % 4 == 1 ? THERE_GPA : HERE_GPA,
		.userspace_addr = (uintptr_t)page,
		.flags = n % 4 == 2 ? KVM_MEM_LOG_DIRTY_PAGES : 0,
	};

	page[0] = WORD;
	return kvm_call_raw(h->vm->fd, KVM_SET_USER_MEMORY_REGION,
			    (uintptr_t)&region) >= 0;
}

__host void move_prepare(struct item_host *h)
{
	race_begin(h, move_call);
}

__guest void look_and_write(void)
{
	volatile uint64_t *here_at = (volatile uint64_t *)HERE_GPA;
	volatile uint64_t *there_at = (volatile uint64_t *)THERE_GPA;
	uint64_t begin = tsc_read(), wrong = 0, turns = 0;

	for (; racing(begin); turns++) {
		uint64_t a = here_at[0], b = there_at[0];

		wrong += a != WORD && a != ~0ull;
		wrong += b != WORD && b != ~0ull;
		here_at[1] = turns;
		there_at[1] = turns;
	}
	CHECK_EQ(0, wrong);
	CHECK(turns > 0);
}

RACE_OF(slots_move_under_a_guest_that_looks, 0,
	"a page that was put there by somebody else is caught",
	"Memory that is moved, logged and taken away under a guest that reads and writes it "
	"is the memory or nothing, at each instant", move_prepare,
	.rings = RING0 | RING3)
{
	look_and_write();
}

/* 1: lock incq (%rdi); hlt; jmp 1b */
static const uint8_t late_code[] __attribute__((unused)) = {
	0xf0, 0x48, 0xff, 0x07, 0xf4, 0xeb, 0xf9,
};
static uint64_t late_count __attribute__((aligned(64), unused));
static uint64_t late_runs __attribute__((unused));

__host bool late_run(struct item_host *h, unsigned int id)
{
	uint64_t code = h->mailbox->ret[0], halts = 0;
	struct error e;
	struct vcpu v;

	if (vcpu_create(&v, h->vm, id, &e))
		return false;
	if (entry_secondary(&v, code, h->mailbox->ret[1], &e) >= 0)
		for (unsigned int i = 0; i < LATE_RUNS; i++)
			halts += !ioctl(v.fd, KVM_RUN, 0) &&
				 v.run->exit_reason == KVM_EXIT_HLT;
	vcpu_destroy(&v);
	__atomic_fetch_add(&late_runs, halts, __ATOMIC_RELAXED);
	return halts == LATE_RUNS;
}

/* The guest has said where both lie. The last one is late_judge()'s. */
__host bool late_call(struct item_host *h, uint64_t n)
{
	const struct timespec rest = { .tv_nsec = 1000000 };

	if (!h->mailbox->ret[0] || n % 4 || n / 4 + 1 >= LATE_LAST) {
		nanosleep(&rest, NULL);
		return true;
	}
	return late_run(h, 1 + (unsigned int)n / 4);
}

__host void late_prepare(struct item_host *h)
{
	late_runs = 0;
	h->mailbox->ret[0] = 0;
	race_begin(h, late_call);
}

__host void late_judge(struct item_host *h)
{
	const uint64_t *count;

	race_judge(h);
	/* On a busy host it may be the only one. */
	host_check(h, "the last of them runs", true, late_run(h, LATE_LAST));
	count = vm_memory_at(h->vm, h->mailbox->ret[1], sizeof(*count));
	host_check(h, "what late vCPUs counted", late_runs,
		   count ? *count : ~0ull);
}

PROBE(vcpus_that_come_late_run_and_go,
	.rule = "vCPUs that are added to a running VM run in its memory, and are closed again, "
		"beside the one that runs",
	.cite = CITE ", KVM_CREATE_VCPU",
	.control = "a vCPU whose ID is taken is caught",
	.needs = NEED_VMM, .rings = RING0 | RING3, .watch = WATCH_OUTSIDE,
	.prepare = HOST(late_prepare), .judge = HOST(late_judge),
	.finish = HOST(race_finish))
{
	mailbox->ret[1] = (uint64_t)&late_count;
	__atomic_store_n(&mailbox->ret[0], (uint64_t)late_code,
			 __ATOMIC_RELEASE);
	exits_and_memory();
}

/* Without a kick: it must go on by itself. */
__host bool signal_call(struct item_host *h, uint64_t n)
{
	const struct timespec rest = { .tv_nsec = 50000 };

	(void)n;
	if (h->vcpu->started)
		pthread_kill(h->vcpu->thread, system_kick_signal());
	nanosleep(&rest, NULL);
	return true;
}

__host bool pause_call(struct item_host *h, uint64_t n)
{
	const struct timespec rest = { .tv_nsec = 100000 };

	/* As a VMM pauses a vCPU: it comes out, waits, and goes in again. */
	h->vcpu->run->immediate_exit = n & 1;
	nanosleep(&rest, NULL);
	h->vcpu->run->immediate_exit = 0;
	/* A kick that came in between is not lost. */
	if (atomic_load(&h->vcpu->kicked))
		h->vcpu->run->immediate_exit = 1;
	return true;
}

__host void all_prepare(struct item_host *h)
{
	race_begin(h, move_call);
	race_begin(h, state_call);
	race_begin(h, signal_call);
	race_begin(h, pause_call);
}

RACE_OF(everything_at_once_beside_a_running_vcpu, NEED_IRQCHIP,
	"a page that was put there by somebody else is caught",
	"Slots that move, state that is read, signals and pauses, all at once, leave the "
	"memory of a running guest alone", all_prepare, .rings = RING0 | RING3)
{
	look_and_write();
	exits_and_memory();
}
