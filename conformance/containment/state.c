/*
 * What a guest loads into the CPU is gone when the host runs again.
 *
 * The guest changes a register between two port writes; on each the host
 * half, on the vCPU's own thread, reads that register as user space sees it.
 */
#include <asm/prctl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "suite.h"
#include "item_host.h"
#include "kvm/vm.h"

#define PORT	0x5650		/* before; the next one is after */
#define CITE	"AMD APM vol. 2, VMRUN and #VMEXIT, Host State; Intel SDM vol. " \
		"3, Loading Host State on VM Exits"

/* Two words for the reading, and whether it could be taken. */
typedef bool reading_fn(uint64_t word[2]);

struct reader {
	reading_fn *fn;
	struct item_host *h;
};

/* Readings land in ret[0..1] before and ret[2..3] after. */
__host void reading_take(struct vcpu *vcpu, void *opaque, uint64_t offset,
			 void *data, unsigned int bytes, bool write)
{
	struct reader *r = opaque;
	uint64_t *word = &r->h->mailbox->ret[offset * 2];

	(void)vcpu, (void)data, (void)bytes, (void)write;
	if (r->fn(word))
		return;
	word[0] = word[1] = 0;
	host_verdict(r->h, ABI_SKIP, "the host cannot read it");
}

__host void readings_prepare(struct item_host *h, reading_fn *fn)
{
	static struct reader r;
	struct error e;

	r = (struct reader){ fn, h };
	for (int i = 0; i < 4; i++)
		h->mailbox->ret[i] = (uint64_t)i;	/* never equal */
	if (range_claim(&h->vm->pio, PORT, 2, reading_take, &r, &e))
		host_verdict(h, ABI_ERROR, e.text);
}

__host void readings_judge(struct item_host *h)
{
	const uint64_t *word = h->mailbox->ret;

	if (h->mailbox->verdict >= ABI_SKIP)
		return;		/* no reading was taken */
	host_check(h, "the host's register, after the guest", word[0], word[2]);
	host_check(h, "the host's other one, after the guest", word[1],
		   word[3]);
}

__host bool bases_read(uint64_t word[2])
{
	return !syscall(SYS_arch_prctl, ARCH_GET_FS, &word[0]) &&
	       !syscall(SYS_arch_prctl, ARCH_GET_GS, &word[1]);
}

__host void bases_prepare(struct item_host *h)
{
	readings_prepare(h, bases_read);
}

PROBE(segment_bases_of_the_host_survive,
	.rule = "FS and GS bases of the host's thread outlive those of the guest",
	.cite = CITE, .control = "a GS base changed meanwhile is caught",
	.prepare = HOST(bases_prepare), .judge = HOST(readings_judge))
{
	outb(PORT, 0);
	wrmsr(MSR_FS_BASE, 0x123456789000);
	wrmsr(MSR_GS_BASE, 0x23456789a000);
	wrmsr(MSR_KERNEL_GS_BASE, 0x3456789ab000);
	outb(PORT + 1, 0);
	CHECK_EQ(0x123456789000, rdmsr(MSR_FS_BASE));
	wrmsr(MSR_FS_BASE, 0);
	wrmsr(MSR_GS_BASE, 0);
	wrmsr(MSR_KERNEL_GS_BASE, 0);
}

__host bool modes_read(uint64_t word[2])
{
	uint32_t mxcsr;
	uint16_t fcw;

	__asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(mxcsr), "=m"(fcw));
	word[0] = mxcsr;
	word[1] = fcw;
	return true;
}

__host void modes_prepare(struct item_host *h)
{
	readings_prepare(h, modes_read);
}

__guest void modes_change(void)
{
	static const uint32_t mxcsr = 0xff80;	/* round to zero, flush */
	static const uint16_t fcw = 0x0c7f;	/* single precision */

	outb(PORT, 0);
	__asm__ volatile("ldmxcsr %0\n\tfldcw %1" :: "m"(mxcsr), "m"(fcw));
	outb(PORT + 1, 0);
}

PROBE(rounding_modes_of_the_host_survive,
	.rule = "MXCSR and the x87 control word of the host outlive the guest's",
	.cite = CITE, .control = "an MXCSR changed meanwhile is caught",
	.prepare = HOST(modes_prepare), .judge = HOST(readings_judge))
{
	write_cr0(read_cr0() & ~(uint64_t)(CR0_EM | CR0_TS));
	write_cr4(read_cr4() | CR4_OSFXSR);
	ring3_call(modes_change);
	CHECK_EQ(CR4_OSFXSR, read_cr4() & CR4_OSFXSR);
}

__host bool xcr0_read(uint64_t word[2])
{
	if (!(cpuid_reg(1, 0, 2) & 1 << 27))
		return false;
	word[0] = xgetbv(0);
	word[1] = 0;
	return true;
}

__host void xcr0_prepare(struct item_host *h)
{
	readings_prepare(h, xcr0_read);
}

PROBE(xcr0_of_the_host_survives,
	.rule = "XCR0 of the host outlives the guest's",
	.cite = CITE, .control = "a second reading that differs is caught",
	.prepare = HOST(xcr0_prepare), .judge = HOST(readings_judge))
{
	if (!(cpuid_reg(1, 0, 2) & 1 << 26)) {
		SKIP("CPUID: no XSAVE");
		return;
	}
	write_cr4(read_cr4() | CR4_OSXSAVE);
	outb(PORT, 0);
	CHECK_EQ(NO_FAULT, xsetbv_safe(0, 1));
	outb(PORT + 1, 0);
}

/* Linux keeps the CPU and its node there; RDTSCP is how programs ask. */
__host bool aux_read(uint64_t word[2])
{
	unsigned int cpu, node, again, aux;

	if (!(cpuid_reg(0x80000001u, 0, 3) & 1 << 27))
		return false;
	do {
		if (syscall(SYS_getcpu, &cpu, &node, NULL))
			return false;
		__asm__ volatile("rdtscp" : "=c"(aux) :: "rax", "rdx");
		if (syscall(SYS_getcpu, &again, &node, NULL))
			return false;
	} while (cpu != again);
	word[0] = aux ^ (node << 12 | cpu);
	word[1] = 0;
	return true;
}

__host void aux_prepare(struct item_host *h)
{
	readings_prepare(h, aux_read);
}

PROBE(tsc_aux_of_the_host_survives,
	.rule = "TSC_AUX of the host outlives the guest's",
	.cite = CITE, .control = "a second reading that differs is caught",
	.prepare = HOST(aux_prepare), .judge = HOST(readings_judge))
{
	if (!(cpuid_reg(0x80000001u, 0, 3) & 1 << 27)) {
		SKIP("CPUID: no RDTSCP");
		return;
	}
	outb(PORT, 0);
	wrmsr(MSR_TSC_AUX, 0xdead);
	outb(PORT + 1, 0);
	CHECK_EQ(0xdead, rdmsr(MSR_TSC_AUX));
}

static volatile sig_atomic_t traps;
static volatile uint64_t watched;

__host void trap_count(int signo)
{
	(void)signo;
	traps++;
}

/* Writes what the guest watches, with a net under it. */
__host bool watched_write(uint64_t word[2])
{
	struct sigaction act = { .sa_handler = trap_count }, old;
	sigset_t set, mask;

	traps = 0;
	sigemptyset(&set);
	sigaddset(&set, SIGTRAP);
	if (sigaction(SIGTRAP, &act, &old))
		return false;
	pthread_sigmask(SIG_UNBLOCK, &set, &mask);
	watched++;
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	sigaction(SIGTRAP, &old, NULL);
	word[0] = (uint64_t)traps;
	word[1] = 0;
	return true;
}

__host void watch_prepare(struct item_host *h)
{
	readings_prepare(h, watched_write);
	h->mailbox->arg[0] = (uint64_t)&watched;
}

PROBE(watchpoint_does_not_fire_in_the_host,
	.rule = "A guest's data breakpoint on a host address never traps there",
	.cite = CITE, .control = "a SIGTRAP meanwhile is caught",
	.prepare = HOST(watch_prepare), .judge = HOST(readings_judge))
{
	outb(PORT, 0);
	write_dr0(mailbox->arg[0]);
	write_dr7(0x400 | 1 | 1 << 16 | 2 << 18);
	outb(PORT + 1, 0);
	CHECK_EQ(mailbox->arg[0], read_dr0());
	write_dr7(0x400);
}
