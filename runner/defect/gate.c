/*
 * Exceptions: at the guest's own gate, with the frame on its stack, they are
 * bent, become others, or did not happen.
 */
#include "defect/part.h"
#include "kvm/ioctl.h"

#define GATE_BYTES	16

uint64_t gate_rip(struct vcpu *v, uint8_t vector)
{
	const uint16_t *gate;
	struct kvm_sregs s;

	if (KVM_IOCTL(v->fd, KVM_GET_SREGS, &s, NULL) < 0 ||
	    vector * GATE_BYTES + GATE_BYTES - 1 > s.idt.limit)
		return 0;
	gate = vm_memory_at(v->vm, s.idt.base + vector * GATE_BYTES,
			    GATE_BYTES);
	return gate ? gate[0] | (uint64_t)gate[3] << 16 |
		      (uint64_t)gate[4] << 32 | (uint64_t)gate[5] << 48 : 0;
}

/* Pushes another exception's frame in place of the one that is there. */
static void deliver(struct vcpu *v, const struct defect *d)
{
	uint64_t rip = gate_rip(v, d->as), *frame;
	struct kvm_regs regs;

	if (!rip || defects_idle(v) ||
	    KVM_IOCTL(v->fd, KVM_GET_REGS, &regs, NULL) < 0)
		return;
	if (!has_error_code(d->vector) && has_error_code(d->as)) {
		regs.rsp -= sizeof(*frame);
		frame = vm_memory_at(v->vm, regs.rsp, sizeof(*frame));
		if (!frame)
			return;
		*frame = 0;
	} else if (has_error_code(d->vector) && !has_error_code(d->as)) {
		regs.rsp += sizeof(*frame);
	}
	regs.rip = rip;
	KVM_IOCTL(v->fd, KVM_SET_REGS, &regs, NULL);
}

static struct kvm_segment segment_of_frame(uint64_t selector, bool code)
{
	uint8_t ring = selector & 3;

	return (struct kvm_segment){
		.limit = 0xffffffff, .selector = (uint16_t)selector,
		.type = code ? 11 : 3, .present = 1, .s = 1, .g = 1,
		.dpl = ring, .l = code, .db = !code,
	};
}

/*
 * A VMM that is asked by a fault, and lets the instruction pass: back to where
 * it was, right behind it, as an IRETQ would go.
 */
static bool frame_return(struct vcpu *v, const struct defect *d)
{
	unsigned int codes = has_error_code(d->vector), bytes, rm;
	const uint8_t *code;
	struct kvm_sregs s;
	struct kvm_regs r;
	uint64_t *frame;

	if (KVM_IOCTL(v->fd, KVM_GET_REGS, &r, NULL) < 0 ||
	    KVM_IOCTL(v->fd, KVM_GET_SREGS, &s, NULL) < 0)
		return false;
	frame = vm_memory_at(v->vm, r.rsp, 6 * sizeof(*frame));
	if (!frame)
		return false;
	frame += codes;
	code = vm_memory_at(v->vm, frame[0], LONGEST);
	if (!code || (d->insn.bytes &&
		      !insn_matches(&d->insn, code, &bytes, &rm)) ||
	    (d->cpl && (frame[1] & 3) != (d->cpl == CPL_3 ? 3 : 0)))
		return false;
	r.rip = frame[0] + (d->insn.bytes ? bytes : 0);
	r.rflags = frame[2];
	r.rsp = frame[3];
	s.cs = segment_of_frame(frame[1], true);
	s.ss = segment_of_frame(frame[4], false);
	return KVM_IOCTL(v->fd, KVM_SET_SREGS, &s, NULL) >= 0 &&
	       KVM_IOCTL(v->fd, KVM_SET_REGS, &r, NULL) >= 0;
}

/* ACT_SKIP counts where it applied, the others always. */
static void exception_bend(struct vcpu *v, const struct defect *d)
{
	struct defect_now now = { 0 };

	if (d->act == ACT_SKIP) {
		if (defects_idle(v) || !frame_return(v, d))
			return;
		defects_count(v->vm->config.defects, d, true);
		now.defect = d;
		if (d->fn)
			d->fn(v, &now);
		return;
	}
	defect_act(v, d, &now);
	if (d->act == ACT_DELIVER)
		deliver(v, d);
}

bool gate_reached(struct vcpu *v, uint64_t rip)
{
	struct defect_vcpu *s = v->defect;
	const struct defect *d;
	bool reached = false;

	for (unsigned int g = 0; g < s->gates; g++) {
		if (s->gate_rip[g] != rip)
			continue;
		reached = true;
		for (unsigned int i = 0;
		     (d = defects_next(v, ON_EXCEPTION, &i)); ) {
			if (d->vector == s->gate_vector[g])
				exception_bend(v, d);
		}
	}
	return reached;
}
