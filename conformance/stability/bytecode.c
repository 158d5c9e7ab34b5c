/*
 * A guest that executes bytecode: sequences of accesses to ports, devices'
 * registers, MSRs, control registers and the APIC, made up from a seed, as
 * Hyper-Cube does. Whatever it does, KVM stays: each sequence comes to its
 * end, ends the guest by a name that KVM has for it, or leaves when kicked.
 *
 * The guest stops once, before its first operation. There the host takes its
 * memory and state, and lets a clone of it run for each sequence: so the same
 * seed gives the same sequences from the same state, and one that fails is
 * run again with fewer and fewer operations until none can go. Those are the
 * text of the verdict.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "bytecode.h"
#include "kvm/postmortem.h"
#include "shrink.h"
#include "target/target.h"
#include "whole.h"

#define STEP_PORT	0x5650
#define SEQUENCES	8u
#define TRIES		200u		/* to make one that fails smaller */
#define SLICE_NS	20000000l
#define SLICES		10u		/* then a sequence is kicked */
#define CR3_BITS	0xfff0000000000018ull
#define SHIELD_WORDS	512u
#define SHIELD		0x5ec2e75ec2e75ec2ull

/* What the guest leaves alone, and everybody else must. */
static uint64_t shield[SHIELD_WORDS] __attribute__((aligned(4096), unused));
static struct code_program program __attribute__((unused));

/* A tail of the sequence is another: the last line of a fault is not lost. */
__guest void code_mmio(const struct code_op *o, bool write)
{
	uint64_t at = o->where, v = o->value;

	switch (o->width * 2 + write) {
	case 2:
		asm_safe("movb (%0), %b1", :: "r"(at), "q"(v) : "memory");
		break;
	case 3:
		asm_safe("movb %b1, (%0)", :: "r"(at), "q"(v) : "memory");
		break;
	case 4:
		asm_safe("movw (%0), %w1", :: "r"(at), "q"(v) : "memory");
		break;
	case 5:
		asm_safe("movw %w1, (%0)", :: "r"(at), "q"(v) : "memory");
		break;
	case 8:
		asm_safe("movl (%0), %k1", :: "r"(at), "q"(v) : "memory");
		break;
	case 9:
		asm_safe("movl %k1, (%0)", :: "r"(at), "q"(v) : "memory");
		break;
	case 16:
		asm_safe("movq (%0), %q1", :: "r"(at), "q"(v) : "memory");
		break;
	default:
		asm_safe("movq %q1, (%0)", :: "r"(at), "q"(v) : "memory");
		break;
	}
}

__guest void code_pio(const struct code_op *o, bool write)
{
	uint16_t port = (uint16_t)o->where;
	uint32_t v = (uint32_t)o->value;

	switch ((o->width & 3) * 2 + write) {
	case 2:
		asm_safe("inb %1, %b0", : "+a"(v) : "d"(port));
		break;
	case 3:
		asm_safe("outb %b0, %1", :: "a"(v), "d"(port));
		break;
	case 4:
		asm_safe("inw %1, %w0", : "+a"(v) : "d"(port));
		break;
	case 5:
		asm_safe("outw %w0, %1", :: "a"(v), "d"(port));
		break;
	case 0:
		asm_safe("inl %1, %0", : "+a"(v) : "d"(port));
		break;
	default:
		asm_safe("outl %0, %1", :: "a"(v), "d"(port));
		break;
	}
}

/* One bit turned, and back. */
__guest void code_flip(const struct code_op *o)
{
	uint64_t bit = 1ull << o->bit, was = 0;

	if (o->kind == CODE_FLIP_MSR) {
		if (rdmsr_safe(o->where, &was) == NO_FAULT &&
		    wrmsr_safe(o->where, was ^ bit) == NO_FAULT)
			wrmsr_safe(o->where, was);
		return;
	}
	switch (o->where) {
	case 0:
		asm_safe("mov %%cr0, %0", : "+r"(was));
		write_cr0_safe(was ^ bit);
		write_cr0_safe(was);
		break;
	case 3:
		asm_safe("mov %%cr3, %0", : "+r"(was));
		/* Not where the tables lie: this code would be gone. */
		asm_safe("mov %0, %%cr3", :: "r"(was ^ (bit & CR3_BITS))
			 : "memory");
		asm_safe("mov %0, %%cr3", :: "r"(was) : "memory");
		break;
	case 4:
		asm_safe("mov %%cr4, %0", : "+r"(was));
		write_cr4_safe(was ^ bit);
		write_cr4_safe(was);
		break;
	default:
		asm_safe("mov %%cr8, %0", : "+r"(was));
		asm_safe("mov %0, %%cr8", :: "r"(was ^ bit) : "memory");
		break;
	}
}

__guest void code_do(const struct code_op *o)
{
	uint64_t v;

	switch (o->kind) {
	case CODE_IN:
	case CODE_OUT:
		code_pio(o, o->kind == CODE_OUT);
		break;
	case CODE_READ:
	case CODE_WRITE:
	case CODE_APIC_READ:
	case CODE_APIC_WRITE:
		code_mmio(o, o->kind & 1);
		break;
	case CODE_RDMSR:
		rdmsr_safe(o->where, &v);
		break;
	case CODE_WRMSR:
		wrmsr_safe(o->where, o->value);
		break;
	case CODE_FLIP_MSR:
	case CODE_FLIP_CR:
		code_flip(o);
		break;
	case CODE_CPUID:
		cpuid_reg(o->where, o->bit, 0);
		break;
	default:
		asm_safe("invlpg (%0)", :: "r"(o->value) : "memory");
		asm_safe("wbinvd", ::: "memory");
		break;
	}
}

_Static_assert((CODE_WRITE & 1) && !(CODE_READ & 1) && (CODE_APIC_WRITE & 1) &&
	       !(CODE_APIC_READ & 1), "code_mmio() is told by the kind's bit");

enum ending {
	ENDED_DONE,		/* behind the last operation */
	ENDED_BY_ITSELF,	/* a fault of its own, a triple one, a name */
	ENDED_KICKED,
	ENDED_WRONG,
	ENDINGS,
};

/* One at a time in a process. */
static struct {
	struct item_host *h;
	uint8_t *ram;			/* as it was at the step; owned */
	timer_t timer;
	uint64_t ended[ENDINGS];
	uint64_t made;			/* operations, by all clones */
	char why[64];			/* of the last that was wrong */
	struct whole state;		/* its end is open: the last */
} bytecode __attribute__((unused));

__host void step_taken(struct vcpu *v, void *opaque, uint64_t offset,
		       void *data, unsigned int bytes, bool write)
{
	struct item_host *h = opaque;
	struct error e;
	int rc = settle(v, &e);

	(void)offset, (void)data, (void)bytes, (void)write;
	if (rc >= 0)
		rc = whole_get(v->fd, &bytecode.state, &e);
	if (!host_said(h, rc, &e))
		memcpy(bytecode.ram, h->ram, ABI_RAM_BYTES);
}

__host void bytecode_prepare(struct item_host *h)
{
	struct error e;

	memset(&bytecode, 0, sizeof(bytecode));
	bytecode.h = h;
	bytecode.ram = calloc(1, ABI_RAM_BYTES);
	if (!bytecode.ram)
		host_verdict(h, ABI_ERROR, "out of memory for a guest's copy");
	else
		host_said(h, range_claim(&h->vm->pio, STEP_PORT, 1, step_taken,
					 h, &e), &e);
}

__host void bytecode_finish(struct item_host *h)
{
	(void)h;
	free(bytecode.ram);
	bytecode.ram = NULL;
}

__host void clone_bell(struct vcpu *v, void *opaque, uint64_t offset,
		       void *data, unsigned int bytes, bool write)
{
	(void)opaque, (void)offset, (void)bytes;
	if (write && (*(uint32_t *)data == ABI_BELL_DONE ||
		      *(uint32_t *)data == ABI_BELL_PANIC))
		vcpu_stop(v, (int)*(uint32_t *)data);
}

/* The guest as it was at the step, with this sequence before it. */
__host int clone_make(struct vm *vm, const struct code_op *op, unsigned int n,
		      struct error *e)
{
	struct item_host *h = bytecode.h;
	const struct vm_config config = {
		.ram_bytes = ABI_RAM_BYTES, .backing = BACKING_ANON, .vcpus = 1,
		.irqchip = true, .pit = true,
	};
	struct code_program *p;
	const struct range *r;
	int rc = vm_create(vm, h->vm->sys, &config, e);

	if (rc)
		return rc;
	memcpy(vm->slot[0].hva, bytecode.ram, ABI_RAM_BYTES);
	p = vm_memory_at(vm, h->mailbox->ret[0], sizeof(*p));
	rc = p ? range_claim(&vm->pio, ABI_PORT_BELL, 4, clone_bell, NULL, e) :
	     error_set(e, -EPROTO, "the guest said no place for its program");
	r = range_find(&h->vm->pio, CODE_PORT, 1);
	if (!rc && r)
		rc = range_claim(&vm->pio, r->start, r->bytes, r->fn,
				 r->opaque, e);
	if (!rc)
		rc = whole_set(vm->vcpu[0].fd, &bytecode.state, e);
	if (rc < 0) {
		vm_destroy(vm);
		return rc;
	}
	p->count = n;
	p->done = 0;
	memcpy(p->op, op, n * sizeof(*op));
	return 0;
}

__host enum ending clone_wrong(const char *why)
{
	snprintf(bytecode.why, sizeof(bytecode.why), "%s", why);
	return ENDED_WRONG;
}

/* Until it stops, one way or another; the timer interrupts KVM_RUN. */
__host enum ending clone_run(struct vcpu *v)
{
	for (unsigned int slices = 0; slices < SLICES;) {
		if (ioctl(v->fd, KVM_RUN, 0)) {
			if (errno != EINTR && errno != EAGAIN)
				return clone_wrong(strerror(errno));
			slices++;
			continue;
		}
		if (!exit_dispatch(v)) {
			const char *name = exit_reason_name(
						v->run->exit_reason);

			return v->run->exit_reason == KVM_EXIT_UNKNOWN ||
			       !strcmp(name, "KVM_EXIT_?") ?
			       clone_wrong(name) : ENDED_BY_ITSELF;
		}
		if (atomic_load(&v->stop))
			return atomic_load(&v->stop) == ABI_BELL_DONE ?
			       ENDED_DONE : ENDED_BY_ITSELF;
	}
	return ENDED_KICKED;
}

__host bool shield_holds(const struct vm *vm, uint64_t gpa)
{
	const uint64_t *at = vm_memory_at((struct vm *)vm, gpa, sizeof(shield));

	for (unsigned int i = 0; at && i < SHIELD_WORDS; i++)
		if (at[i] != SHIELD + i)
			return false;
	return at;
}

__host enum ending sequence_run(const struct code_op *op, unsigned int n)
{
	const struct itimerspec often = {
		{ 0, SLICE_NS }, { 0, SLICE_NS },
	}, never = { { 0, 0 }, { 0, 0 } };
	enum ending end;
	const void *hva;
	struct error e;
	struct vm vm;

	if (clone_make(&vm, op, n, &e)) {
		host_verdict(bytecode.h, ABI_ERROR, e.text);
		return ENDED_DONE;
	}
	timer_settime(bytecode.timer, 0, &often, NULL);
	end = clone_run(&vm.vcpu[0]);
	timer_settime(bytecode.timer, 0, &never, NULL);
	if (!vm_canaries_intact(&vm, &hva))
		end = clone_wrong("a byte beside guest memory changed");
	else if (!shield_holds(&vm, bytecode.h->mailbox->ret[1]))
		end = clone_wrong("memory that nobody writes changed");
	bytecode.made += ((const struct code_program *)vm_memory_at(&vm,
			  bytecode.h->mailbox->ret[0], sizeof(program)))->done;
	vm_destroy(&vm);
	return end;
}

__host bool sequence_fails(void *opaque, const void *op, unsigned int n)
{
	(void)opaque;
	return sequence_run(op, n) == ENDED_WRONG;
}

/* As few operations as still do it: that is what anybody will want to see. */
__host void failure_tell(unsigned int index, struct code_op *op)
{
	char text[ABI_TEXT_MAX], how[sizeof(bytecode.why)];
	unsigned int n = CODE_OPS;
	bool again = sequence_run(op, n) == ENDED_WRONG;

	if (again)
		shrink(op, &n, sizeof(*op), TRIES, sequence_fails, NULL);
	snprintf(how, sizeof(how), "%s", bytecode.why);
	snprintf(text, sizeof(text), "sequence %u, %s: %u operation%s", index,
		 how, n, again ? ", none can go" : ", but not twice");
	for (unsigned int i = 0; i < n && i < 4; i++)
		code_text(&op[i], text, sizeof(text));
	host_check(bytecode.h, text, 0, 1);
}

__host void bytecode_judge(struct item_host *h)
{
	struct sigevent to = {
		.sigev_notify = SIGEV_THREAD_ID,
		.sigev_signo = system_kick_signal(),
	};
	struct code_op op[CODE_OPS];
	struct rng rng;

	to._sigev_un._tid = (pid_t)syscall(SYS_gettid);
	if (timer_create(CLOCK_MONOTONIC, &to, &bytecode.timer)) {
		host_verdict(h, ABI_ERROR, "no timer for sequences that loop");
		return;
	}
	rng_seed(&rng, h->mailbox->seed);
	for (unsigned int i = 0; i < SEQUENCES; i++) {
		enum ending end;

		for (unsigned int k = 0; k < CODE_OPS; k++)
			op[k] = code_draw(&rng);
		end = sequence_run(op, CODE_OPS);
		bytecode.ended[end]++;
		if (end != ENDED_WRONG)
			continue;
		failure_tell(i, op);
		break;
	}
	timer_delete(bytecode.timer);
	host_check(h, "sequences that ended as a guest may end", SEQUENCES,
		   bytecode.ended[ENDED_DONE] + bytecode.ended[ENDED_BY_ITSELF] +
		   bytecode.ended[ENDED_KICKED]);
	host_check(h, "the clones came beyond their first operations", true,
		   bytecode.made > 2 * SEQUENCES);
}

PROBE(random_operations_leave_kvm_standing,
	.rule = "Sequences of random accesses to ports, devices, MSRs, control registers and "
		"the APIC end by themselves or by a kick, and change nothing but the guest",
	.cite = "Popek and Goldberg (1974), resource control; Hyper-Cube (NDSS 2020), as "
		"commonly cited",
	.control = "a port that changes a byte beside guest memory is caught, and named alone",
	.rings = RING0 | RING3, .needs = NEED_VMM | NEED_IRQCHIP | NEED_PIT,
	.hostile = true, .watch = WATCH_OUTSIDE,
	.prepare = HOST(bytecode_prepare), .judge = HOST(bytecode_judge),
	.finish = HOST(bytecode_finish))
{
	volatile struct code_program *p = &program;

	for (unsigned int i = 0; i < SHIELD_WORDS; i++)
		shield[i] = SHIELD + i;
	mailbox->ret[0] = (uint64_t)&program;
	mailbox->ret[1] = (uint64_t)shield;
	outb(STEP_PORT, 0);
	/* From here on it is a clone, unless there is nothing to do. */
	for (uint32_t i = 0; i < p->count; i++) {
		code_do((const struct code_op *)&p->op[i]);
		p->done = i + 1;
	}
	CHECK_EQ(p->count, p->done);
}
