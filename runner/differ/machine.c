/*
 * Places in a VM: a guest of guest.S, its tables, and its batches.
 *
 * The VM is a bare one and not the image, so that a fault of a random sequence
 * is nobody else's. Where data is MMIO it is just not backed by a slot: each
 * access exits, and is served from a copy here.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "differ/machine.h"
#include "differ/place.h"
#include "kvm/ioctl.h"
#include "kvm/postmortem.h"
#include "kvm/vm.h"
#include "target/worker.h"

#define GRACE_MS	10000	/* for a kicked vCPU to leave an emulated kernel, too */
#define STOP_BELL	1

struct guest_asked {
	uint64_t current, end, phase, cs, ss, xstate;
};

struct machine {
	struct kvm_system *sys;
	enum place_kind kind;
	unsigned int deadline_ms;
	uint32_t xstate;		/* XSAVE's mask; 0: FXSAVE */
	bool osxsave;			/* it is in the guest's XCR0, too */
	struct worker worker;
	struct vm vm;
	bool made, stuck;
	uint8_t *ram, *rest;
	uint8_t *data;			/* a slot's, or `mmio` */
	uint8_t *mmio;			/* owned; NULL: data is memory */
	uint32_t bell;
	enum vcpu_end end;
};

static void on_bell(struct vcpu *v, void *opaque, uint64_t offset, void *data,
		    unsigned int bytes, bool write)
{
	struct machine *m = opaque;

	(void)offset;
	if (!write || bytes != sizeof(m->bell))
		return;
	memcpy(&m->bell, data, sizeof(m->bell));
	vcpu_stop(v, STOP_BELL);
}

static void on_data(struct vcpu *v, void *opaque, uint64_t offset, void *data,
		    unsigned int bytes, bool write)
{
	struct machine *m = opaque;

	(void)v;
	if (write)
		memcpy(m->mmio + offset, data, bytes);
	else
		memcpy(data, m->mmio + offset, bytes);
}

static int memory_make(struct machine *m, struct error *e)
{
	int slot = vm_memory_add(&m->vm, REST_GPA, REST_BYTES, 0, BACKING_ANON,
				 e);

	if (slot < 0)
		return slot;
	m->rest = m->vm.slot[slot].hva;
	if (m->mmio) {
		m->data = m->mmio;
		return range_claim(&m->vm.mmio, DIFFER_VA, DATA_BYTES, on_data,
				   m, e);
	}
	slot = vm_memory_add(&m->vm, DIFFER_VA, DATA_BYTES, 0, BACKING_ANON, e);
	if (slot < 0)
		return slot;
	m->data = m->vm.slot[slot].hva;
	return 0;
}

static int guest_make(struct place *p, struct error *e)
{
	struct machine *m = p->state;
	const struct vm_config config = {
		.ram_bytes = GUEST_RAM_BYTES, .backing = BACKING_ANON, .vcpus = 1,
	};
	int rc = vm_create(&m->vm, m->sys, &config, e);

	if (rc)
		return rc;
	m->made = true;
	p->fresh++;
	m->ram = vm_memory_at(&m->vm, 0, GUEST_RAM_BYTES);
	guest_write(m->ram);
	rc = memory_make(m, e);
	if (!rc)
		rc = range_claim(&m->vm.pio, GUEST_PORT, sizeof(m->bell),
				 on_bell, m, e);
	return rc ? rc : guest_enter(&m->vm.vcpu[0], m->xstate, m->osxsave, e);
}

static void guest_end(struct machine *m)
{
	if (m->made)
		vm_destroy(&m->vm);
	m->made = false;
}

static struct cpu_state *state_of(struct machine *m, unsigned int i, bool out)
{
	return (struct cpu_state *)(m->ram + GUEST_STATES) + 2 * i + out;
}

static void trial_put(struct machine *m, const struct trial *t, unsigned int i)
{
	struct layout l;

	trial_layout(t, m->kind, &l);
	*state_of(m, i, false) = t->in;
	state_of(m, i, false)->rflags &= m->kind == PLACE_CPL0 ? ~0x200ull
								: ~0ull;
	memset(state_of(m, i, true), 0, sizeof(struct cpu_state));
	memcpy(m->rest + DIFFER_CODE_VA(t->slot) - REST_GPA, l.code,
	       sizeof(l.code));
	memcpy(m->data + DIFFER_DATA_VA(t->slot) - DIFFER_VA +
	       DIFFER_DATA_OFFSET, t->data, sizeof(t->data));
	memcpy(m->rest + DIFFER_STACK_VA(t->slot) - REST_GPA +
	       DIFFER_STACK_OFFSET, t->stack, sizeof(t->stack));
}

static void outcome_take(struct machine *m, const struct trial *t,
			 unsigned int i, struct outcome *o)
{
	o->out = *state_of(m, i, true);
	memcpy(o->data, m->data + DIFFER_DATA_VA(t->slot) - DIFFER_VA +
	       DIFFER_DATA_OFFSET, sizeof(o->data));
	memcpy(o->stack, m->rest + DIFFER_STACK_VA(t->slot) - REST_GPA +
	       DIFFER_STACK_OFFSET, sizeof(o->stack));
}

static void vcpu_job(void *opaque)
{
	struct machine *m = opaque;

	m->end = vcpu_run(&m->vm.vcpu[0]);
}

/* Runs the asked batch; *late: it had to be kicked. */
static int batch_run(struct machine *m, unsigned int from, unsigned int count,
		     bool *late, struct error *e)
{
	const bool cpl0 = m->kind == PLACE_CPL0;
	const struct guest_asked asked = {
		.current = GUEST_STATES + from * 2 * STATE_BYTES,
		.end = GUEST_STATES + count * 2 * STATE_BYTES,
		.cs = cpl0 ? GUEST_KCODE : GUEST_UCODE,
		.ss = cpl0 ? GUEST_KDATA : GUEST_UDATA,
		.xstate = m->xstate,
	};
	struct vcpu *v = &m->vm.vcpu[0];

	memcpy(m->ram + GUEST_ASKED, &asked, sizeof(asked));
	m->bell = 0;
	v->thread = m->worker.thread;
	v->started = true;
	worker_start(&m->worker, vcpu_job, m);
	*late = !worker_wait(&m->worker, m->deadline_ms);
	if (*late) {
		vcpu_kick(v);
		m->stuck = !worker_wait(&m->worker, GRACE_MS);
	}
	if (m->stuck)
		return error_set(e, -EIO, "a vCPU did not leave the kernel "
				 "%d ms after its kick: this kernel's KVM "
				 "cannot be interrupted", GRACE_MS);
	v->started = false;
	return 0;
}

/* What became of the trial during which the batch ended before its bell. */
static void death_describe(struct machine *m, bool late, struct outcome *o)
{
	struct vcpu *v = &m->vm.vcpu[0];
	const struct kvm_run *run = v->run;
	struct kvm_regs regs;

	o->end = late ? OUTCOME_HUNG : OUTCOME_DIED;
	if (!kvm_call_raw(v->fd, KVM_GET_REGS, (uintptr_t)&regs))
		o->out.rip = regs.rip;
	if (late)
		snprintf(o->note, sizeof(o->note), "no answer within %u ms",
			 m->deadline_ms);
	else if (m->end == VCPU_STOPPED)
		snprintf(o->note, sizeof(o->note),
			 "the guest's own code faulted");
	else if (v->run_errno)
		snprintf(o->note, sizeof(o->note), "KVM_RUN: %s",
			 strerror(v->run_errno));
	else if (run->exit_reason == KVM_EXIT_INTERNAL_ERROR)
		snprintf(o->note, sizeof(o->note), "%s, suberror %u",
			 exit_reason_name(run->exit_reason),
			 run->internal.suberror);
	else
		snprintf(o->note, sizeof(o->note), "%s",
			 exit_reason_name(run->exit_reason));
}

/* What the guest wrote is bounded before it is used. */
static unsigned int reached(const struct machine *m, unsigned int from,
			    unsigned int count)
{
	struct guest_asked asked;
	uint64_t i;

	memcpy(&asked, m->ram + GUEST_ASKED, sizeof(asked));
	i = (asked.current - GUEST_STATES) / (2 * STATE_BYTES);
	if (asked.current < GUEST_STATES || i < from)
		return from;
	return i < count ? (unsigned int)i : count;
}

static int machine_run(struct place *p, const struct trial *const *trial,
		       struct outcome *outcome, unsigned int count,
		       struct error *e)
{
	struct machine *m = p->state;
	unsigned int from = 0, at;
	bool late, done;
	int rc;

	while (from < count) {
		rc = m->made ? 0 : guest_make(p, e);
		for (unsigned int i = from; !rc && i < count; i++) {
			memset(&outcome[i], 0, sizeof(outcome[i]));
			trial_put(m, trial[i], i);
		}
		if (!rc)
			rc = batch_run(m, from, count, &late, e);
		if (rc)
			return rc;
		done = m->end == VCPU_STOPPED && m->bell == GUEST_BELL_DONE;
		at = done ? count : reached(m, from, count);
		for (unsigned int i = from; i < at; i++) {
			outcome_take(m, trial[i], i, &outcome[i]);
			outcome[i].end = OUTCOME_ENDED;
		}
		if (at < count)
			death_describe(m, late, &outcome[at]);
		if (!done)
			guest_end(m);
		from = at < count ? at + 1 : count;
	}
	return 0;
}

static void machine_refresh(struct place *p)
{
	guest_end(p->state);
}

static void machine_close(struct place *p)
{
	struct machine *m = p->state;

	if (!m || m->stuck)	/* then it keeps all of this */
		return;
	worker_close(&m->worker);
	guest_end(m);
	free(m->mmio);
	free(m);
	p->state = NULL;
}

int place_machine_open(struct place *p, enum place_kind kind,
		       struct kvm_system *sys, unsigned int deadline_ms,
		       bool hidden, struct error *e)
{
	struct machine *m = calloc(1, sizeof(*m));
	int rc;

	memset(p, 0, sizeof(*p));
	if (!m)
		return error_set(e, -ENOMEM, "out of memory");
	m->sys = sys;
	m->kind = kind;
	m->deadline_ms = deadline_ms;
	m->xstate = xstate_find(sys->cpuid);
	m->osxsave = m->xstate;
	if (hidden && !m->xstate)
		m->xstate = xstate_native();
	*p = (struct place){
		.kind = kind, .run = machine_run, .refresh = machine_refresh,
		.close = machine_close, .state = m,
	};
	m->mmio = kind == PLACE_MMIO ? calloc(1, DATA_BYTES) : NULL;
	if (kind == PLACE_MMIO && !m->mmio)
		rc = error_set(e, -ENOMEM, "out of memory");
	else
		rc = worker_open(&m->worker, e);
	if (!rc)
		rc = guest_make(p, e);
	if (rc)
		place_close(p);
	return rc;
}
