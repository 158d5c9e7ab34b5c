/*
 * Random code in a VM of its own: whatever a guest executes ends in an exit
 * that KVM has a name for or in a signal that was sent, leaves the host's half
 * of the CPU as it was, and writes nothing beside guest memory.
 *
 * One run is PROGRAMS programs from the mailbox's seed, each a page of bytes
 * at the CPL that is asked for: some plain noise, some with the opcodes that
 * hypervisors and instruction emulators have been wrong about in between. A
 * timer ends those that loop. The guest of the probe itself does nothing.
 */
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <x86intrin.h>

#include "../../microbench/lifecycle/small_vm.h"
#include "measure/rng.h"

#define PROGRAMS	250u
#define SLICE_NS	2000000		/* of one that does not end */
#define RAM_BYTES	(1ull << 20)
#define CODE_BYTES	256u
#define DATA_GPA	0x40000ull

enum { ENDED_SIGNAL, ENDED_EXIT, ENDED_UNKNOWN, ENDINGS };

struct programs {
	struct item_host *h;
	struct vm vm;
	struct kvm_sregs sregs;
	struct rng rng;
	timer_t timer;
	uint64_t ended[ENDINGS];
};

/* Prefixes and opcodes, to be followed by noise. */
static const uint8_t opcodes[][4] = {
	{ 0x0f, 0x01 }, { 0x0f, 0x00 }, { 0x0f, 0x20 }, { 0x0f, 0x22 },
	{ 0x0f, 0x21 }, { 0x0f, 0x23 }, { 0x0f, 0x30 }, { 0x0f, 0x32 },
	{ 0x0f, 0xa2 }, { 0x0f, 0x05 }, { 0x0f, 0x34 }, { 0x0f, 0x0b },
	{ 0x0f, 0xae }, { 0x0f, 0xc7 }, { 0x0f, 0x31 }, { 0x0f, 0x33 },
	{ 0x0f, 0x06 }, { 0x0f, 0x09 }, { 0x0f, 0x1f }, { 0x0f, 0x3a },
	{ 0x0f, 0x38 }, { 0xf3, 0x0f, 0xae }, { 0xf2, 0x0f, 0x38 },
	{ 0xf0, 0x0f, 0xc7 }, { 0x66, 0x0f, 0x38 }, { 0xc5 }, { 0xc4 },
	{ 0x62 }, { 0x8f }, { 0xcd }, { 0xcc }, { 0xcf }, { 0x48, 0xcf },
	{ 0xea }, { 0xff }, { 0xf4 }, { 0xfa }, { 0xfb }, { 0xe4 }, { 0xe6 },
	{ 0x6c }, { 0x6e }, { 0xf3, 0xa4 }, { 0xf3, 0x6e }, { 0x9c }, { 0x9d },
	{ 0x8e }, { 0x8c }, { 0x0f, 0xb2 }, { 0xc8 }, { 0xdb }, { 0xdd },
};

__host void code_fill(struct programs *p, uint8_t *code)
{
	for (unsigned int i = 0; i < CODE_BYTES; i += 8) {
		uint64_t r = rng_next(&p->rng);

		memcpy(code + i, &r, sizeof(r));
	}
	if (rng_below(&p->rng, 4))
		for (unsigned int i = 0; i + 4 <= CODE_BYTES;
		     i += 3 + (unsigned int)rng_below(&p->rng, 6)) {
			const uint8_t *op = opcodes[rng_below(&p->rng,
				sizeof(opcodes) / sizeof(opcodes[0]))];

			for (int k = 0; k < 3 && (!k || op[k]); k++)
				code[i + (unsigned int)k] = op[k];
		}
}

/* Small numbers, pointers into memory and out of it, and noise. */
__host uint64_t value_draw(struct programs *p)
{
	uint64_t r = rng_next(&p->rng);

	switch (r >> 61) {
	case 0:
		return r & 0xff;
	case 1:
	case 2:
	case 3:
		return DATA_GPA + (r & 0xffff);
	case 4:
		return RAM_BYTES - 8 + (r & 15);
	case 5:
		return 0xc0000080 + (r & 7);
	default:
		return r;
	}
}

__host int vm_open(struct programs *p)
{
	const struct vm_config config = {
		.ram_bytes = RAM_BYTES, .backing = BACKING_ANON, .vcpus = 1,
	};
	struct kvm_regs regs = { .rip = SMALL_CODE_GPA, .rflags = 2 };
	struct error e;
	int rc = small_vm_make(p->h, &p->vm, &config, "\xf4", 1);

	if (rc)
		return rc;
	if (p->h->mailbox->ring == 3)
		rc = small_vm_ring3(p->h, &p->vm.vcpu[0], &regs);
	if (!rc)
		rc = host_said(p->h, KVM_IOCTL(p->vm.vcpu[0].fd, KVM_GET_SREGS,
					       &p->sregs, &e), &e);
	if (rc < 0)
		vm_destroy(&p->vm);
	return rc < 0 ? rc : 0;
}

/* As it was before the first program; what was begun ends before that. */
__host int vcpu_reset(struct programs *p, struct vcpu *v)
{
	struct kvm_vcpu_events events = { 0 };
	struct kvm_mp_state runnable = { KVM_MP_STATE_RUNNABLE };
	struct kvm_regs r;
	struct error e;
	int rc;

	v->run->immediate_exit = 1;
	ioctl(v->fd, KVM_RUN, 0);
	v->run->immediate_exit = 0;
	r = (struct kvm_regs){
		value_draw(p), value_draw(p), value_draw(p), value_draw(p),
		value_draw(p), value_draw(p), value_draw(p), value_draw(p),
		value_draw(p), value_draw(p), value_draw(p), value_draw(p),
		value_draw(p), value_draw(p), value_draw(p), value_draw(p),
		SMALL_CODE_GPA, 2,
	};
	rc = KVM_IOCTL(v->fd, KVM_SET_SREGS, &p->sregs, &e);
	if (rc >= 0)
		rc = KVM_IOCTL(v->fd, KVM_SET_VCPU_EVENTS, &events, &e);
	/* Refused where no APIC is the kernel's: then it is running. */
	kvm_call_raw(v->fd, KVM_SET_MP_STATE, (uintptr_t)&runnable);
	if (rc >= 0)
		rc = KVM_IOCTL(v->fd, KVM_SET_REGS, &r, &e);
	return host_said(p->h, rc < 0 ? rc : 0, &e);
}

/* KVM's own word for an exit that it does not know is UNKNOWN. */
__host bool exit_named(unsigned int reason)
{
	return reason != KVM_EXIT_UNKNOWN &&
	       strcmp(exit_reason_name(reason), "KVM_EXIT_?") != 0;
}

__host int program_run(struct programs *p)
{
	const struct itimerspec once = {
		.it_value.tv_nsec = SLICE_NS, .it_interval.tv_nsec = SLICE_NS,
	}, never = { { 0, 0 }, { 0, 0 } };
	struct vcpu *v = &p->vm.vcpu[0];
	unsigned int csr = _mm_getcsr();
	int rc = vcpu_reset(p, v);

	if (rc)
		return rc;
	code_fill(p, vm_memory_at(&p->vm, SMALL_CODE_GPA, CODE_BYTES));
	timer_settime(p->timer, 0, &once, NULL);
	rc = ioctl(v->fd, KVM_RUN, 0) ? -errno : 0;
	timer_settime(p->timer, 0, &never, NULL);
	if (rc == -EINTR || rc == -EAGAIN)
		p->ended[ENDED_SIGNAL]++;
	else if (!rc && exit_named(v->run->exit_reason))
		p->ended[ENDED_EXIT]++;
	else
		p->ended[ENDED_UNKNOWN]++;
	if (csr != _mm_getcsr()) {
		host_check(p->h, "MXCSR of the host is as it was", csr,
			   _mm_getcsr());
		_mm_setcsr(csr);
	}
	return 0;
}

__host int timer_open(struct programs *p)
{
	struct sigevent to = {
		.sigev_notify = SIGEV_THREAD_ID,
		.sigev_signo = system_kick_signal(),
	};

	to._sigev_un._tid = (pid_t)syscall(SYS_gettid);
	if (!timer_create(CLOCK_MONOTONIC, &to, &p->timer))
		return 0;
	host_verdict(p->h, ABI_ERROR, "no timer for programs that loop");
	return -errno;
}

__host void programs_judge(struct item_host *h)
{
	struct programs *p = calloc(1, sizeof(*p));
	const void *hva;
	int rc = 0;

	if (!p || !h->vm) {
		free(p);
		return;
	}
	p->h = h;
	rng_seed(&p->rng, h->mailbox->seed);
	if (timer_open(p))
		goto out;
	rc = vm_open(p);
	if (rc)
		goto timer;
	for (unsigned int i = 0; i < PROGRAMS && !rc; i++)
		rc = program_run(p);
	host_check(h, "programs that ended in an exit or by the timer",
		   PROGRAMS, p->ended[ENDED_EXIT] + p->ended[ENDED_SIGNAL]);
	host_check(h, "canaries around guest memory are intact", 1,
		   vm_canaries_intact(&p->vm, &hva));
	host_check(h, "and those of the VM beside it", 1,
		   vm_canaries_intact(h->vm, &hva));
	vm_destroy(&p->vm);
timer:
	timer_delete(p->timer);
out:
	free(p);
}

PROBE(random_code_is_contained,
	.rule = "Random code ends in an exit with a name or by a signal, and leaves the host's "
		"state and memory as they were",
	.cite = "Popek and Goldberg (1974), resource control",
	.control = "a byte beside the memory of the VM beside it that changes is caught",
	.rings = RING0 | RING3, .needs = NEED_VMM, .hostile = true,
	.judge = HOST(programs_judge))
{
	CHECK_EQ(ABI_MAGIC, mailbox->magic);
}
