/*
 * What a VM takes of its host's kernel and process is bounded, and given back.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>


#include "apic.h"
#include "irq.h"
#include "kvm/irq.h"
#include "steps.h"
#include "x86_64/entry.h"

#define VMS		8
#define KERNEL_MOST_KIB	(64l << 10)
#define FLOOD		4000
#define CITE		"Popek and Goldberg, resource control; Linux, KVM API"

/* Slab, page tables, those of KVM, and stacks: what a VM makes the kernel take. */
__host long kernel_kib(void)
{
	static const char *const field[] = {
		"SUnreclaim:", "PageTables:", "SecPageTables:", "KernelStack:",
	};
	FILE *f = fopen("/proc/meminfo", "re");
	char line[128];
	long all = 0, kib;

	while (f && fgets(line, sizeof(line), f))
		for (size_t i = 0; i < sizeof(field) / sizeof(*field); i++)
			if (!strncmp(line, field[i], strlen(field[i])) &&
			    sscanf(line + strlen(field[i]), "%ld", &kib) == 1)
				all += kib;
	if (f)
		fclose(f);
	return all;
}

static long kib_before, kib_most;

__host int kib_step(struct item_host *h, uint8_t n, struct error *e)
{
	long now = kernel_kib() - kib_before;

	(void)h, (void)n, (void)e;
	if (now > kib_most)
		kib_most = now;
	return 0;
}

__host void kib_prepare(struct item_host *h)
{
	kib_most = 0;
	kib_before = kernel_kib();
	steps_begin(h, kib_step);
}

/* Other processes' is in it too: the bound is far above what 8 MiB may cost. */
__host void kib_judge(struct item_host *h)
{
	host_check(h, "the kernel took over 64 MiB for a guest of 8 MiB", false,
		   kib_most > KERNEL_MOST_KIB);
}

static uint64_t tables[16][512] __attribute__((aligned(4096), unused));

/* Each root and each alias is one more that KVM may want to shadow. */
PROBE(fault_storm_takes_bounded_memory,
	.rule = "A guest that maps its memory again and again, by ever new tables, makes "
		"the kernel take less than 64 MiB",
	.cite = CITE ", KVM_SET_NR_MMU_PAGES; Linux, memory cgroup, secpagetables",
	.control = "a changed byte beside guest memory is caught",
	.needs = NEED_VMM, .watch = WATCH_OUTSIDE,
	.prepare = HOST(kib_prepare), .judge = HOST(kib_judge))
{
	uint64_t *pml4 = (uint64_t *)(read_cr3() & 0x000ffffffffff000ull);
	uint64_t touched = 0;

	for (uint32_t round = 0; round < 24; round++) {
		uint64_t *pd = tables[round % 16];
		uint64_t *pdpt = (uint64_t *)(pml4[0] & 0x000ffffffffff000ull);

		for (uint32_t i = 0; i < 512; i++)
			pd[i] = (((i + round) % 4) << 21) | 0x87;
		pdpt[4 + round] = (uint64_t)pd | 7;
		write_cr3(read_cr3());
		for (uint64_t i = 0; i < 512; i += 32)
			touched += *(volatile uint8_t *)
				   (((4ull + round) << 30) + (i << 21)) & 1;
		if (round % 8 == 7)
			step(0);
	}
	CHECK(touched < 1u << 20);
}

static uint64_t made;

/* Made, entered, and ended at any moment. */
__host int churn_step(struct item_host *h, uint8_t n, struct error *e)
{
	const struct vm_config config = {
		.ram_bytes = 1 << 20, .backing = BACKING_ANON,
		.vcpus = 1 + n % 2, .irqchip = n % 3 == 0, .stats = n % 2,
		.ioeventfd = n % 5 == 0,
	};
	struct vm vm;
	int rc = vm_create(&vm, h->vm->sys, &config, e);

	if (rc)
		return rc;
	if (n % 4) {
		rc = entry_long_mode(&vm.vcpu[0], vm.slot[0].hva, 0x20000, 0,
				     e);
		vm.slot[0].hva[0x20000] = 0xf4;		/* hlt */
		vm.vcpu[0].run->immediate_exit = n % 4 == 1 || n % 3 == 0;
		kvm_call_raw(vm.vcpu[0].fd, KVM_RUN, 0);
	}
	vm_destroy(&vm);
	made++;
	return rc < 0 ? rc : 0;
}

__host void churn_prepare(struct item_host *h)
{
	made = 0;
	steps_begin(h, churn_step);
}

__host void churn_judge(struct item_host *h)
{
	host_check(h, "VMs that were made and ended", VMS, made);
}

PROBE(vms_give_everything_back,
	.rule = "VMs that are made, run and ended while others run leave no file, thread or "
		"mapping behind",
	.cite = CITE ", KVM_CREATE_VM; close(2)",
	.control = "a file that stays open is caught",
	.needs = NEED_VMM, .watch = WATCH_OUTSIDE,
	.prepare = HOST(churn_prepare), .judge = HOST(churn_judge))
{
	for (uint8_t i = 0; i < VMS; i++)
		step(i);
	CHECK_EQ(ABI_MAGIC, mailbox->magic);
}

static int irqfd = -1;

__host int signal_step(struct item_host *h, uint8_t n, struct error *e)
{
	const uint64_t most = ~0ull - 1, one = 1;

	(void)h, (void)n;
	for (int i = 0; i < FLOOD; i++)
		if (write(irqfd, i & 1 ? &one : &most, 8) != 8 &&
		    errno != EAGAIN)
			return error_set(e, -errno, "the irqfd is broken");
	return 0;
}

__host void signal_prepare(struct item_host *h)
{
	struct error e;
	int rc = irq_routes_set(h->vm, 0, IRQ_VECTOR, &e);

	irqfd = rc ? rc : irqfd_create(h->vm, IRQ_GSI_MSI, &e);
	if (host_said(h, irqfd, &e))
		return;
	fcntl(irqfd, F_SETFL, O_NONBLOCK);
	steps_begin(h, signal_step);
}

__host void signal_finish(struct item_host *h)
{
	if (irqfd >= 0)
		irqfd_destroy(h->vm, IRQ_GSI_MSI, irqfd);
	irqfd = -1;
}

PROBE(flooded_irqfd_interrupts_and_no_more,
	.rule = "Thousands of signals by an irqfd reach the guest as interrupts, at most "
		"one each, and it goes on",
	.cite = CITE ", KVM_IRQFD; eventfd(2)",
	.control = "an irqfd that nothing signals is caught",
	.needs = NEED_VMM | NEED_IRQCHIP, .watch = WATCH_OUTSIDE,
	.prepare = HOST(signal_prepare), .finish = HOST(signal_finish))
{
	uint64_t taken;

	xapic_start();
	irq_install(IRQ_VECTOR, irq_count_xapic);
	irq_enable();
	step(0);
	/* KVM may leave it to a thread of its own, which waits for a CPU. */
	CHECK(irq_wait(0));
	for (int i = 0; i < 100; i++)
		irq_window();
	taken = *irq_counter(cpu_self());
	CHECK(taken <= FLOOD);
	irq_disable();
}

/* The ring is a page that user space may write: KVM must not trust it. */
__host int ring_step(struct item_host *h, uint8_t n, struct error *e)
{
	struct kvm_coalesced_mmio_ring *ring = (void *)((uint8_t *)
		h->vcpu->run + h->vm->sys->coalesced_page *
		sysconf(_SC_PAGESIZE));
	static const uint32_t index[][2] = {
		{ 0xffffffff, 0 }, { 0, 0xffffffff }, { 0x10000, 0x20000 },
		{ 0x80000000, 0x7fffffff }, { 170, 171 },
	};

	(void)e;
	if (n < 5) {
		ring->first = index[n][0];
		ring->last = index[n][1];
	} else {
		ring->first = ring->last = 0;
	}
	return 0;
}

__host void ring_prepare(struct item_host *h)
{
	if (!h->vm->sys->coalesced_page)
		host_verdict(h, ABI_SKIP, "this KVM has no coalesced ring");
	else
		steps_begin(h, ring_step);
}

PROBE(coalesced_ring_index_is_not_trusted,
	.rule = "A coalesced ring whose indices user space has made nonsense of makes KVM "
		"write into that page or not at all",
	.cite = "CVE-2019-14821, as commonly cited; Linux, KVM API, "
		"KVM_REGISTER_COALESCED_MMIO",
	.control = "a changed byte beside guest memory is caught",
	.needs = NEED_VMM | NEED_COALESCED, .hostile = true,
	.watch = WATCH_OUTSIDE, .prepare = HOST(ring_prepare))
{
	for (uint8_t i = 0; i < 6; i++) {
		step(i);
		for (uint32_t n = 0; n < 200; n++)
			mmio_write32(ABI_MMIO_GPA + ABI_MMIO_COALESCED, n);
	}
	CHECK_EQ(ABI_MAGIC, mailbox->magic);
}
