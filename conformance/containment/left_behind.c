/*
 * What a guest puts into the CPU never reaches a thread of the host: neither
 * its own vCPU's, between two of its instructions, nor a bystander's.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "item_host.h"
#include "kvm/ioctl.h"
#include "kvm/vm.h"
#include "target/target.h"
#include "xstate.h"

#define PORT		0x5650		/* before; the next one is after */
#define CITE		"AMD APM vol. 2, VMRUN and #VMEXIT, Host State; Intel SDM " \
			"vol. 3, Loading Host State on VM Exits"
#define HOST_SEED	0x31
#define GUEST_SEED	0xc7
#define TURNS		40
#define WAITS		100000		/* of 100 us, for a bystander's first turns */

__host struct held *held_make(struct item_host *h)
{
	void *at = NULL;
	struct held *held;

	if (!xstate_mask() || !(cpuid_reg(1, 0, 2) & 1u << 27)) {
		host_verdict(h, ABI_SKIP, "this CPU has no XSAVE");
		return NULL;
	}
	if (posix_memalign(&at, 64, sizeof(*held))) {
		host_verdict(h, ABI_ERROR, "out of memory");
		return NULL;
	}
	held = at;
	memset(held, 0, sizeof(*held));
	held->host = h;
	held->mask = xstate_mask() & xgetbv(0);
	xstate_fill(&held->in, held->mask, HOST_SEED);
	xstate_tell(h);
	h->opaque = held;
	return held;
}

/*
 * A system call with a pattern in all vector registers: bytes of them that
 * are something else behind it. Its own state is put back at the end.
 */
__host __attribute__((noinline)) uint64_t
call_lost(struct held *s, long number, long first, long second, long *result)
{
	uint32_t lo = (uint32_t)s->mask, hi = 0;
	long rax = number;

	__asm__ volatile("mov %[lo], %%eax\n\txor %%edx, %%edx\n\t"
			 "xsave64 (%[own])\n\t"
			 XSTATE_LOAD
			 "mov %[number], %%rax\n\t"
			 "xor %%edx, %%edx\n\t"
			 "syscall\n\t"
			 "mov %%rax, %[rax]\n\t"
			 "mov %[lo], %%eax\n\txor %%edx, %%edx\n\t"
			 XSTATE_STORE
			 "mov %[lo], %%eax\n\txor %%edx, %%edx\n\t"
			 "xrstor64 (%[own])"
			 : [rax] "=&m"(rax)
			 : [in] "r"(&s->in), [out] "r"(&s->out),
			   [own] "r"(&s->own), [lo] "m"(lo),
			   [number] "m"(number), "D"(first), "S"(second)
			 : "rax", "rcx", "rdx", "r11", "memory", "cc");
	(void)hi;
	*result = rax;
	return xstate_lost(&s->out, s->mask, HOST_SEED);
}

/* Runs the vCPU itself, up to the guest's write to PORT + 1. */
__host void vectors_prepare(struct item_host *h)
{
	struct held *held = held_make(h);
	struct vcpu *v = h->vcpu;
	long rc;

	for (uint64_t i = 0; held && i < 100000; i++) {
		held->lost += call_lost(held, SYS_ioctl, v->fd, KVM_RUN, &rc);
		held->turns++;
		if (rc == -EINTR || rc == -EAGAIN)
			continue;
		if (rc < 0 || v->run->exit_reason == KVM_EXIT_SHUTDOWN ||
		    !exit_dispatch(v)) {
			host_verdict(h, ABI_ERROR, "the vCPU ended");
			return;
		}
		if (v->run->exit_reason == KVM_EXIT_IO &&
		    v->run->io.port == PORT + 1)
			return;
	}
}

__host void held_stop(struct held *held)
{
	held->stop = true;
	if (held->threaded)
		pthread_join(held->thread, NULL);
	held->threaded = false;
}

__host void held_finish(struct item_host *h)
{
	if (h->opaque)
		held_stop(h->opaque);
	free(h->opaque);
	h->opaque = NULL;
}

__host void vectors_judge(struct item_host *h)
{
	struct held *held = h->opaque;

	if (!held)
		return;
	held_stop(held);
	host_check(h, "the host's thread was looked at", true, held->turns > 1);
	host_check(h, "bytes of the thread's vector registers that changed", 0,
		   held->lost);
}

static struct xstate mine;

/* Its own pattern, and as many exits and host interrupts as come. */
__guest void vectors_dirty(void)
{
	uint64_t mask = xstate_mask();

	xstate_fill(&mine, mask, GUEST_SEED);
	outb(PORT, 0);
	for (int i = 0; i < TURNS; i++)
		__asm__ volatile(XSTATE_LOAD "mov $0x5610, %%edx\n\t"
				 "out %%eax, %%dx"
				 :: [in] "r"(&mine), "a"((uint32_t)mask),
				 "d"(0) : "memory");
	outb(PORT + 1, 0);
}

PROBE(vector_registers_of_the_thread_survive,
	.rule = "KVM_RUN gives its thread all of x87, XMM to ZMM and masks back",
	.cite = CITE "; Linux, KVM's FPU swap",
	.control = "one byte that changed over KVM_RUN is caught",
	.needs = NEED_VMM, .watch = WATCH_OUTSIDE, .skip = GUEST(no_xstate),
	.prepare = HOST(vectors_prepare), .judge = HOST(vectors_judge),
	.finish = HOST(held_finish))
{
	CHECK_EQ(NO_FAULT, xstate_enable());
	ring3_call(vectors_dirty);
}

/* Shares the vCPU's CPU, and gives it away with its registers full. */
__host void *bystander_main(void *opaque)
{
	struct held *held = opaque;
	const struct target_context *ctx = held->host->ctx;
	long rc;

	if (ctx->pin)
		topology_pin(ctx->topology, ctx->pu, NULL);
	while (!held->stop) {
		held->lost += call_lost(held, SYS_sched_yield, 0, 0, &rc);
		held->turns++;
	}
	return NULL;
}

__host void bystander_prepare(struct item_host *h)
{
	struct held *held = held_make(h);

	if (!held)
		return;
	held->threaded = !pthread_create(&held->thread, NULL, bystander_main,
					 held);
	if (!held->threaded)
		host_verdict(h, ABI_ERROR, "no thread for the bystander");
	/* On a busy host the guest could be through before it has a CPU. */
	for (int i = 0; i < WAITS && held->threaded && held->turns < 2; i++)
		usleep(100);
}

PROBE(vector_registers_of_a_bystander_survive,
	.rule = "A thread that takes turns with a vCPU keeps its vector registers",
	.cite = CITE "; CVE-2018-3665 class (lazy FPU), as commonly cited",
	.control = "a byte of a register that changed over a switch is caught",
	.needs = NEED_VMM, .watch = WATCH_SIBLING, .skip = GUEST(no_xstate),
	.prepare = HOST(bystander_prepare), .judge = HOST(vectors_judge),
	.finish = HOST(held_finish))
{
	CHECK_EQ(NO_FAULT, xstate_enable());
	for (int i = 0; i < 5; i++)
		ring3_call(vectors_dirty);
}

/* A hardware watchpoint of the vCPU's own thread, and what it watches. */
static volatile uint64_t watched __attribute__((aligned(8)));
static int watch_fd = -1;

__host uint64_t watch_count(void)
{
	uint64_t n = 0;

	watched++;
	return read(watch_fd, &n, sizeof(n)) == sizeof(n) ? n : ~0ull;
}

__host void watch_step(struct vcpu *v, void *opaque, uint64_t offset,
		       void *data, unsigned int bytes, bool write)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_BREAKPOINT, .size = sizeof(attr),
		.bp_type = HW_BREAKPOINT_W, .bp_len = HW_BREAKPOINT_LEN_8,
		.bp_addr = (uintptr_t)&watched, .sample_period = 1ull << 40,
		.exclude_kernel = 1, .exclude_hv = 1,
	};
	struct item_host *h = opaque;

	(void)v, (void)data, (void)bytes, (void)write;
	if (offset) {
		h->mailbox->ret[2] = watch_fd < 0 ? 0 : watch_count();
		return;
	}
	watch_fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1,
				PERF_FLAG_FD_CLOEXEC);
	if (watch_fd < 0)
		host_verdict(h, ABI_SKIP, "this kernel gives a process no "
			     "hardware watchpoint");
	else
		h->mailbox->ret[0] = watch_count();
}

__host void host_watch_prepare(struct item_host *h)
{
	struct error e;
	int rc = range_claim(&h->vm->pio, PORT, 2, watch_step, h, &e);

	host_said(h, rc, &e);
}

__host void host_watch_finish(struct item_host *h)
{
	(void)h;
	if (watch_fd >= 0)
		close(watch_fd);
	watch_fd = -1;
}

__host void host_watch_judge(struct item_host *h)
{
	if (watch_fd < 0)
		return;
	host_check(h, "hits of the host's watchpoint before", 1,
		   h->mailbox->ret[0]);
	host_check(h, "hits of it after the guest used DR0 to DR7", 2,
		   h->mailbox->ret[2]);
}

PROBE(watchpoint_of_the_host_survives,
	.rule = "A watchpoint in the host's thread still fires after the guest has "
		"loaded DR0 to DR3 and DR7",
	.cite = CITE "; Linux, perf_event_open(2), PERF_TYPE_BREAKPOINT",
	.control = "a watchpoint that does not fire again is caught",
	.needs = NEED_VMM, .watch = WATCH_SIBLING,
	.prepare = HOST(host_watch_prepare), .judge = HOST(host_watch_judge),
	.finish = HOST(host_watch_finish))
{
	outb(PORT, 0);
	write_dr0(0x1000);
	write_dr1(0x2000);
	write_dr2(0x3000);
	write_dr3(0x4000);
	write_dr7(0x455);
	outl(ABI_PORT_USER, 0);
	outb(PORT + 1, 0);
	write_dr7(0x400);
	CHECK_EQ(0x4000, read_dr3());
}

/* MSRs of the CPU that runs the vCPU's thread, while that is in the host. */
static const uint32_t host_msr[] = {
	MSR_STAR, MSR_LSTAR, 0xc0000083u, MSR_FMASK, MSR_SYSENTER_CS,
	MSR_SYSENTER_ESP, MSR_SYSENTER_EIP, MSR_TSC_AUX, MSR_PAT, 0x1d9,
};

#define HOST_MSRS	(sizeof(host_msr) / sizeof(*host_msr))

static uint64_t host_value[2][HOST_MSRS];

__host void msrs_step(struct vcpu *v, void *opaque, uint64_t offset, void *data,
		      unsigned int bytes, bool write)
{
	struct item_host *h = opaque;
	unsigned int cpu = 0;
	char path[64];
	int fd;

	(void)v, (void)data, (void)bytes, (void)write;
	if (syscall(SYS_getcpu, &cpu, NULL, NULL))
		return;
	snprintf(path, sizeof(path), "/dev/cpu/%u/msr", cpu);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		host_verdict(h, ABI_SKIP, "the host's MSRs cannot be read: run as "
			     "root, and modprobe msr");
	for (size_t i = 0; fd >= 0 && i < HOST_MSRS; i++)
		if (pread(fd, &host_value[offset][i], 8, host_msr[i]) != 8)
			host_value[offset][i] = 0;
	if (fd >= 0)
		close(fd);
}

__host void msrs_prepare(struct item_host *h)
{
	struct error e;

	memset(host_value, 0, sizeof(host_value));
	host_said(h, range_claim(&h->vm->pio, PORT, 2, msrs_step, h, &e), &e);
}

__host void msrs_judge(struct item_host *h)
{
	if (h->mailbox->verdict >= ABI_SKIP)
		return;
	for (size_t i = 0; i < HOST_MSRS; i++) {
		char text[64];

		snprintf(text, sizeof(text), "the host's MSR %#x", host_msr[i]);
		host_check(h, text, host_value[0][i], host_value[1][i]);
	}
}

PROBE(msrs_of_the_host_survive,
	.rule = "STAR, LSTAR, FMASK, SYSENTER_*, TSC_AUX, PAT and DEBUGCTL are the "
		"host's again when its thread is back in user space",
	.cite = CITE "; Linux, KVM's user-return MSRs",
	.control = "a changed byte beside guest memory is caught",
	.needs = NEED_VMM, .watch = WATCH_SIBLING,
	.prepare = HOST(msrs_prepare), .judge = HOST(msrs_judge))
{
	outb(PORT, 0);
	wrmsr(MSR_STAR, 0x123456789abcdef0);
	wrmsr(MSR_LSTAR, 0x1234567);
	wrmsr(0xc0000083u, 0x2345678);
	wrmsr(MSR_FMASK, 0x47700);
	wrmsr(MSR_SYSENTER_CS, 0x1238);
	wrmsr(MSR_SYSENTER_ESP, 0x3456789);
	wrmsr(MSR_SYSENTER_EIP, 0x4567890);
	wrmsr_safe(MSR_TSC_AUX, 0xdead);
	wrmsr(MSR_PAT, 0x0606060606060606);
	wrmsr_safe(0x1d9, 2);			/* BTF */
	outl(ABI_PORT_USER, 0);
	outb(PORT + 1, 0);
	wrmsr_safe(0x1d9, 0);
	CHECK_EQ(0x1234567, rdmsr(MSR_LSTAR));
}
