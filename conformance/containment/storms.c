/*
 * Interrupts and exceptions without end: the CPU is always about to deliver
 * one more, and the hypervisor must still get it back.
 */
#include "apic.h"
#include "endless.h"
#include "irq.h"
#include "host/split_lock.h"
#include "raw.h"
#include "sipi.h"
#include "smp.h"

#define CITE_APIC	"Intel SDM vol. 3, APIC, Issuing Interprocessor Interrupts; " \
			"AMD APM vol. 2, Interprocessor Interrupts"
#define COMMAND		(IRQ_VECTOR | APIC_ICR_ASSERT)
#define TIMER_COUNT	0x390		/* the current one, read only */

ENDLESS(self_ipi_storm, "A guest interrupts itself for ever", CITE_APIC,
	.needs = NEED_VMM | NEED_IRQCHIP)
{
	xapic_start();
	irq_install(IRQ_VECTOR, irq_count_xapic);
	bell_ring(ABI_BELL_READY);
	irq_enable();
	for (;;)
		xapic_write(APIC_ICR, COMMAND | APIC_ICR_SELF);
}

ENDLESS(nmi_storm, "A guest sends itself NMIs for ever", CITE_APIC
	"; Intel SDM vol. 3, Nonmaskable Interrupt",
	.needs = NEED_VMM | NEED_IRQCHIP)
{
	xapic_start();
	irq_install(VEC_NMI, irq_count);
	bell_ring(ABI_BELL_READY);
	for (;;) {
		xapic_target(0);
		xapic_write(APIC_ICR, APIC_ICR_NMI | APIC_ICR_ASSERT);
	}
}

__guest void interrupt_others(void)
{
	xapic_start();
	irq_enable();
	if (!cpu_self()->index)
		bell_ring(ABI_BELL_READY);
	for (;;)
		xapic_write(APIC_ICR, COMMAND | APIC_ICR_OTHERS);
}

ENDLESS(ipi_storm, "Two vCPUs interrupt each other for ever", CITE_APIC,
	.needs = NEED_VMM | NEED_IRQCHIP, .vcpus = 2)
{
	irq_install(IRQ_VECTOR, irq_count_xapic);
	smp_run(interrupt_others, 0);
}

ENDLESS(init_storm, "A vCPU sends INIT to another for ever", CITE_APIC
	"; Intel SDM vol. 3, MP Initialization",
	.needs = NEED_VMM | NEED_IRQCHIP, .vcpus = 2)
{
	xapic_start();
	bell_ring(ABI_BELL_READY);
	for (;;)
		init_send(1);
}

ENDLESS(timer_of_period_one, "A guest's APIC timer fires at every tick",
	"Intel SDM vol. 3, APIC Timer; AMD APM vol. 2, APIC Timer Interrupt",
	.needs = NEED_VMM | NEED_IRQCHIP)
{
	xapic_start();
	irq_install(IRQ_VECTOR, irq_count_xapic);
	xapic_write(APIC_TIMER_DIVIDE, APIC_TIMER_DIVIDE_1);
	xapic_write(APIC_LVT_TIMER, IRQ_VECTOR | APIC_LVT_PERIODIC);
	xapic_write(APIC_TIMER_INITIAL, 1);
	bell_ring(ABI_BELL_READY);
	for (;;)
		irq_halt();
}

ENDLESS(timer_of_period_zero, "A guest plays with a timer of period 0",
	"CVE-2013-6367 (division by the timer's period), as commonly cited; "
	"Intel SDM vol. 3, APIC Timer",
	.needs = NEED_VMM | NEED_IRQCHIP, .hostile = true)
{
	xapic_start();
	irq_install(IRQ_VECTOR, irq_count_xapic);
	bell_ring(ABI_BELL_READY);
	irq_enable();
	for (uint32_t i = 0;; i++) {
		xapic_write(APIC_LVT_TIMER, IRQ_VECTOR |
			    (i & 1 ? APIC_LVT_PERIODIC : 0));
		xapic_write(APIC_TIMER_INITIAL, i & 2);
		xapic_write(APIC_TIMER_DIVIDE, i & 0xb);
		xapic_write(APIC_TIMER_INITIAL, 0);
		mmio_read32(XAPIC_GPA + TIMER_COUNT);
	}
}

extern uint8_t idt[];			/* entry.S; 16 bytes a gate */

/* The frame of each #DB lands where the next one is raised by it. */
ENDLESS(debug_exception_storm, "Delivering #DB raises #DB, for ever",
	"CVE-2015-8104, as commonly cited; Intel SDM vol. 3, Debug Exception",
	.needs = NEED_VMM, .hostile = true)
{
	/* Where the frame's store is not watched, TF goes on behind IRET. */
	irq_install(VEC_DB, irq_count);
	/* Gate 1's stack becomes IST1, whose frame ends 8 under its top. */
	idt[16 * VEC_DB + 4] = 1;
	write_dr0((uint64_t)&cpu0 + CPU_IST_TOP - 8);
	write_dr7(0x400 | 1 | 1 << 16 | 2 << 18);
	bell_ring(ABI_BELL_READY);
	__asm__ volatile("pushfq\n\torl $0x100, (%%rsp)\n\tpopfq\n\tnop\n"
			 "1: jmp 1b" ::: "memory", "cc");
}

/*
 * At CPL3 with AC on and a stack that is not aligned, in 32-bit code whose
 * handler runs at CPL3 too: the pushes of each #AC raise the next.
 */
static const uint8_t unaligned[] = {
	0xb8, ABI_BELL_READY, 0, 0, 0,			/* mov $5, %eax */
	0x66, 0xba, ABI_PORT_BELL & 0xff, ABI_PORT_BELL >> 8,
	0xef,						/* out %eax, %dx */
	0xbc, 0x01, 0x38, 0x05, 0x00,			/* mov $..801, %esp */
	0xa1, 0x01, 0x30, 0x05, 0x00,			/* mov ..001, %eax */
	0xeb, 0xfe,					/* jmp . */
};

__host void alignment_prepare(struct item_host *h)
{
	struct kvm_sregs s;
	struct error e;
	int rc;

	/* AC, and IOPL 3 for the doorbell. */
	if (raw_flat32(h, RAW_FLAT32_CPL3, unaligned, sizeof(unaligned),
		       0x43000))
		return;
	raw_gate(h, VEC_AC, RAW_CODE_GPA + sizeof(unaligned) - 2, 3);
	rc = KVM_IOCTL(h->vcpu->fd, KVM_GET_SREGS, &s, &e);
	s.cr0 |= 1 << 18;			/* AM */
	if (rc >= 0)
		rc = KVM_IOCTL(h->vcpu->fd, KVM_SET_SREGS, &s, &e);
	host_said(h, rc, &e);
}

ENDLESS(alignment_exception_storm, "Delivering #AC raises #AC, for ever",
	"CVE-2015-5307, as commonly cited; Intel SDM vol. 3, Alignment Check "
	"Exception", .needs = NEED_VMM, .hostile = true,
	.prepare = HOST(alignment_prepare))
{
}

static uint8_t two_lines[128] __attribute__((aligned(64)));

__host void split_prepare(struct item_host *h)
{
	if (split_lock_is_fatal(""))
		host_verdict(h, ABI_SKIP, "split locks are fatal on this host "
			     "(split_lock_detect=fatal)");
}

ENDLESS(split_lock_flood, "A guest locks across two cache lines for ever",
	"Intel SDM vol. 3, Bus Locking, Split locks; Linux, buslock.rst",
	.needs = NEED_VMM | NEED_PREEMPTION, .rings = RING0 | RING3,
	.prepare = HOST(split_prepare))
{
	bell_ring(ABI_BELL_READY);
	for (;;)
		__asm__ volatile("lock addl $1, %0"
				 : "+m"(*(uint32_t *)(two_lines + 62))
				 :: "cc");
}

/* All numbers, all hostile arguments: see also paravirtual.c. */
ENDLESS(hypercall_flood, "A guest floods KVM with hypercalls of all numbers",
	"Linux, Documentation/virt/kvm/x86/hypercalls.rst; CVE-2021-22543 "
	"class", .needs = NEED_VMM, .rings = RING0 | RING3)
{
	uint64_t seed = mailbox->seed | 1;

	bell_ring(ABI_BELL_READY);
	for (uint64_t i = 0;; i++) {
		uint64_t rax = i % 3 ? i % 16 : seed, b = seed >> 7,
			 c = seed << 9, d = ~seed, s = seed;

		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		if (cpu_is_intel())
			asm_safe("vmcall", : "+a"(rax), "+b"(b), "+c"(c),
				 "+d"(d), "+S"(s) :: "memory");
		else
			asm_safe("vmmcall", : "+a"(rax), "+b"(b), "+c"(c),
				 "+d"(d), "+S"(s) :: "memory");
	}
}
