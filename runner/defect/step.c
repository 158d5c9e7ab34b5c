/*
 * Waits for instructions by single steps, or for exceptions by hardware
 * breakpoints on the gates of the guest's IDT, from a probe's begin on.
 */
#include <errno.h>
#include <string.h>

#include "defect/part.h"
#include "kvm/ioctl.h"

static int debug_set(struct vcpu *v, bool step)
{
	struct defect_vcpu *s = v->defect;
	struct kvm_guest_debug d = { .control = KVM_GUESTDBG_ENABLE };

	if (step)
		d.control |= KVM_GUESTDBG_SINGLESTEP;
	else if (s->gates)
		d.control |= KVM_GUESTDBG_USE_HW_BP;
	else
		d.control = 0;
	for (unsigned int i = 0; i < s->gates && !step; i++) {
		d.arch.debugreg[i] = s->gate_rip[i];
		d.arch.debugreg[7] |= 2ull << 2 * i;
	}
	return KVM_IOCTL(v->fd, KVM_SET_GUEST_DEBUG, &d, NULL);
}

int step_start(struct vcpu *v)
{
	struct defect_vcpu *s = v->defect;
	const struct defects *all = v->vm->config.defects;
	const struct defect *d;

	s->gates = 0;
	for (unsigned int i = 0; (d = defects_next(v, ON_EXCEPTION, &i)) &&
	     s->gates < 4; ) {
		s->gate_vector[s->gates] = d->vector;
		s->gate_rip[s->gates] = gate_rip(v, d->vector);
		s->gates += s->gate_rip[s->gates] != 0;
	}
	s->stepping = defects_any(all, ON_BEFORE) ||
		      defects_any(all, ON_AFTER);
	s->after = NULL;
	return s->stepping || s->gates ? debug_set(v, s->stepping) : 0;
}

void step_stop(struct vcpu *v)
{
	struct defect_vcpu *s = v->defect;
	bool on = s->stepping || s->gates;

	s->stepping = s->passing = false;
	s->gates = 0;
	if (on)
		debug_set(v, false);
}

static void raise(struct vcpu *v, uint8_t vector)
{
	struct kvm_vcpu_events events;

	if (KVM_IOCTL(v->fd, KVM_GET_VCPU_EVENTS, &events, NULL) < 0)
		return;
	events.exception.injected = 1;
	events.exception.nr = vector;
	events.exception.has_error_code = has_error_code(vector);
	events.exception.error_code = 0;
	KVM_IOCTL(v->fd, KVM_SET_VCPU_EVENTS, &events, NULL);
}

static void skip(struct vcpu *v, unsigned int bytes)
{
	struct kvm_regs regs;

	if (KVM_IOCTL(v->fd, KVM_GET_REGS, &regs, NULL) < 0)
		return;
	regs.rip += bytes;
	KVM_IOCTL(v->fd, KVM_SET_REGS, &regs, NULL);
}

static bool is_meant(struct vcpu *v, const struct defect *d)
{
	struct kvm_sregs s;
	struct kvm_regs r;

	if (d->cpl && (KVM_IOCTL(v->fd, KVM_GET_SREGS, &s, NULL) < 0 ||
		       (s.cs.dpl == 3) != (d->cpl == CPL_3)))
		return false;
	return !d->for_leaf || (KVM_IOCTL(v->fd, KVM_GET_REGS, &r, NULL) >= 0 &&
				(uint32_t)r.rax == d->leaf);
}

/*
 * An LFENCE has nothing to wait for: each step is a VM exit. It is left out,
 * since there are KVMs that do not stop behind one.
 */
static uint64_t fences_pass(struct vcpu *v, uint64_t rip)
{
	static const uint8_t lfence[] = { 0x0f, 0xae, 0xe8 };
	const uint8_t *code;

	while ((code = vm_memory_at(v->vm, rip, sizeof(lfence))) &&
	       !memcmp(code, lfence, sizeof(lfence))) {
		skip(v, sizeof(lfence));
		rip += sizeof(lfence);
	}
	return rip;
}

/* The instruction at `rip` is next. */
static void insn_watch(struct vcpu *v, uint64_t rip)
{
	struct defect_vcpu *s = v->defect;
	const struct defects *all = v->vm->config.defects;
	const uint8_t *code;
	struct defect_now now = { 0 };
	unsigned int bytes, rm;

	rip = fences_pass(v, rip);
	code = vm_memory_at(v->vm, rip, LONGEST);

	for (unsigned int i = 0; code && i < all->count; i++) {
		const struct defect *d = all->planted[i];

		if ((d->on != ON_BEFORE && d->on != ON_AFTER) ||
		    !insn_matches(&d->insn, code, &bytes, &rm) ||
		    !is_meant(v, d))
			continue;
		s->after_rm = rm;
		if (d->on == ON_AFTER) {
			s->after = d;
			s->after_rip = rip;
			s->after_bytes = bytes;
			continue;
		}
		defect_act(v, d, &now);
		if (defects_idle(v))
			continue;
		if (d->act == ACT_SKIP)
			skip(v, bytes);
		else if (d->act == ACT_RAISE)
			raise(v, d->vector);
	}
}

/* The last one is over; unless it faulted, it ended right behind itself. */
static void insn_over(struct vcpu *v, uint64_t rip)
{
	struct defect_vcpu *s = v->defect;
	struct defect_now now = { 0 };
	const struct defect *d = s->after;

	if (d && rip == s->after_rip && s->after_bytes)
		return;			/* a REP goes on */
	s->after = NULL;
	if (d && rip == s->after_rip + s->after_bytes)
		defect_act(v, d, &now);
}

/* A #DB of the guest's own, which KVM leaves to the debugger. */
static void debug_reflect(struct vcpu *v)
{
	const uint64_t dr6 = v->run->debug.arch.dr6;
	const struct defect_change c = {
		PLACE_DR, 6, 0xf, 0,
	};
	struct kvm_debugregs d;

	state_change(v, &c);
	if (KVM_IOCTL(v->fd, KVM_GET_DEBUGREGS, &d, NULL) >= 0) {
		d.dr6 |= dr6;
		KVM_IOCTL(v->fd, KVM_SET_DEBUGREGS, &d, NULL);
	}
	raise(v, 1);
}

bool step_serve(struct vcpu *v)
{
	struct defect_vcpu *s = v->defect;
	uint64_t rip = v->run->debug.arch.pc;

	if (s->passing) {
		s->passing = false;
		debug_set(v, s->stepping);
		return true;
	}
	if (s->stepping) {
		insn_over(v, rip);
		insn_watch(v, rip);
		return true;
	}
	if (!s->gates)
		return false;
	if (!gate_reached(v, rip)) {
		debug_reflect(v);
		return true;
	}
	s->passing = true;
	debug_set(v, true);
	return true;
}
