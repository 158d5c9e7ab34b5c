/*
 * A VM's first vCPU, from its start to what is said of its end; see
 * kvm_machine.h.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kvm/postmortem.h"
#include "oracle/oracle.h"
#include "target/kill.h"
#include "target/kvm_machine.h"

#define GRACE_MS	10000	/* for a kicked vCPU to leave an emulated kernel, too */

static void vcpu_job(void *opaque)
{
	struct machine *m = opaque;
	struct vcpu *v = &m->vm.vcpu[0];
	struct kvm_state *s = m->state;

	/* In the first job and not in one of its own: a wake-up saved. */
	if (!s->placed && m->ctx->pin)
		s->place_rc = topology_pin(m->ctx->topology, m->ctx->pu,
					   &s->place_error);
	s->placed = true;
	if (s->place_rc)
		return;
	vcpu_thread_begin();
	oracle_thread_before(m->host.oracle);
	do {
		m->end = vcpu_run(v);
	} while (m->end == VCPU_STOPPED && atomic_load(&v->stop) == STOP_STAMPS);
	oracle_thread_after(m->host.oracle);
}

/* *late: the deadline passed first. */
static int vcpu_wait(struct machine *m, bool *late, struct error *e)
{
	struct vcpu *v = &m->vm.vcpu[0];
	int rc;

	*late = !worker_wait(&m->state->worker, m->request->deadline_ms);
	if (*late) {
		smp_cancel(&m->smp);
		vcpu_kick(v);
		m->state->stuck = !worker_wait(&m->state->worker, GRACE_MS);
	}
	if (m->state->stuck)
		/*
		 * Its memory cannot be given back while it runs. That ends
		 * the session: going on would measure beside a runaway.
		 */
		return error_set(e, -EIO, "a vCPU did not leave the kernel "
				 "%d ms after its kick: this kernel's KVM "
				 "cannot be interrupted", GRACE_MS);
	v->started = false;
	rc = smp_stop(&m->smp, GRACE_MS, e);
	m->state->stuck = rc;
	return rc;
}

/* The same for one that does not end by itself. */
static int guest_kill(struct machine *m, bool *late, struct error *e)
{
	int rc = kill_run(m, vcpu_job, late, e);

	if (rc)
		return rc;
	m->vm.vcpu[0].started = false;
	smp_cancel(&m->smp);
	rc = smp_stop(&m->smp, GRACE_MS, e);
	m->state->stuck = rc;
	return rc;
}

static void crash_describe(struct machine *m, struct vcpu *v,
			   enum vcpu_end end, char *to, size_t bytes)
{
	const struct abi_mailbox *mb = m->mailbox;
	char words[ABI_TEXT_MAX + 1], which[32] = "";

	if (v->index)
		snprintf(which, sizeof(which), "vCPU %u: ", v->index);
	if (end == VCPU_STOPPED && atomic_load(&v->stop) == STOP_MEMORY)
		snprintf(to, bytes, "%sthe guest's memory went away: SIGBUS "
			 "in the host's half", which);
	else if (end == VCPU_STOPPED)
		snprintf(to, bytes, "%sguest: %s: vector %llu at %#llx", which,
			 guest_words(mb->reason, sizeof(mb->reason), words),
			 (unsigned long long)mb->panic.vector,
			 (unsigned long long)mb->panic.rip);
	else if (v->run_errno)
		snprintf(to, bytes, "%sKVM_RUN: %s%s", which,
			 strerror(v->run_errno), v->run_errno == EFAULT ?
			 ": the guest's memory went away" : "");
	else
		snprintf(to, bytes, "%sthe vCPU ended in %s", which,
			 exit_reason_name(v->run->exit_reason));
}

static void end_describe(struct machine *m, bool late)
{
	struct observation *seen = m->seen;
	unsigned int failed = atomic_load(&m->smp.failed);
	struct vcpu *v = &m->vm.vcpu[failed];
	enum vcpu_end end = failed ? m->smp.secondary[failed - 1].end : m->end;

	if (!failed && late && end == VCPU_KICKED) {
		seen->end = RUN_HANG;
		snprintf(seen->end_reason, sizeof(seen->end_reason),
			 "no answer within %u ms", m->request->deadline_ms);
	} else if (!failed && (m->kill.over || (end == VCPU_STOPPED &&
		   atomic_load(&v->stop) == STOP_DONE))) {
		seen->end = RUN_DONE;
	} else {
		seen->end = RUN_CRASH;
		crash_describe(m, v, end, seen->end_reason,
			       sizeof(seen->end_reason));
	}
	if (seen->end != RUN_DONE)
		seen->postmortem = postmortem_json(v, m->mailbox);
}

int machine_run(void *vm, const struct run_request *r,
		struct observation *seen, struct error *e)
{
	struct machine *m = vm;
	struct vcpu *v = &m->vm.vcpu[0];
	bool late, endless = r->probe && r->probe->kills;
	int rc;

	m->seen = seen;
	seen->tsc_khz = m->tsc_khz;
	v->thread = m->state->worker.thread;
	v->started = true;
	if (endless)
		rc = guest_kill(m, &late, e);
	else
		worker_start(&m->state->worker, vcpu_job, m);
	if (!endless)
		rc = vcpu_wait(m, &late, e);
	if (rc)
		return rc;
	if (m->state->place_rc)
		return error_set(e, m->state->place_rc, "%s",
				 m->state->place_error.text);
	end_describe(m, late);
	if (seen->end == RUN_DONE) {
		trips_join(m);
		if (r->probe && r->probe->judge &&
		    m->mailbox->verdict != ABI_SKIP)
			r->probe->judge(&m->host);
		oracle_judge(m->host.oracle);
		seen->evidence = oracle_evidence(m->host.oracle);
	}
	seen->mailbox = *m->mailbox;
	seen->price = m->host.price;
	return 0;
}
