/*
 * Changes what a vCPU holds, as user space can: the last writer before an
 * entry is what the guest sees.
 */
#include <stdlib.h>
#include <string.h>

#include "defect/part.h"
#include "kvm/ioctl.h"

#define XSTATE_BV	512		/* in the XSAVE area: what is loaded */

uint64_t *gpr_at(struct kvm_regs *regs, unsigned int number)
{
	__u64 *const at[] = {
		&regs->rax, &regs->rcx, &regs->rdx, &regs->rbx, &regs->rsp,
		&regs->rbp, &regs->rsi, &regs->rdi, &regs->r8, &regs->r9,
		&regs->r10, &regs->r11, &regs->r12, &regs->r13, &regs->r14,
		&regs->r15,
	};

	return (uint64_t *)at[number & 15];
}

static bool regs_change(struct vcpu *v, const struct defect_change *c)
{
	struct kvm_regs regs;
	uint64_t *at = c->place == PLACE_FLAGS ? (uint64_t *)&regs.rflags :
		       gpr_at(&regs, c->index);

	if (KVM_IOCTL(v->fd, KVM_GET_REGS, &regs, NULL) < 0)
		return false;
	*at = change_apply(c, *at);
	return KVM_IOCTL(v->fd, KVM_SET_REGS, &regs, NULL) >= 0;
}

static bool sregs_change(struct vcpu *v, const struct defect_change *c)
{
	struct kvm_sregs s;
	__u64 *at = c->place == PLACE_EFER ? &s.efer : c->index == 0 ? &s.cr0 :
		    c->index == 2 ? &s.cr2 : c->index == 3 ? &s.cr3 :
		    c->index == 4 ? &s.cr4 : &s.cr8;

	if (KVM_IOCTL(v->fd, KVM_GET_SREGS, &s, NULL) < 0)
		return false;
	*at = change_apply(c, *at);
	return KVM_IOCTL(v->fd, KVM_SET_SREGS, &s, NULL) >= 0;
}

static bool debug_change(struct vcpu *v, const struct defect_change *c)
{
	struct kvm_debugregs d;
	__u64 *at = c->index == 6 ? &d.dr6 : c->index == 7 ? &d.dr7 :
		    &d.db[c->index & 3];

	if (KVM_IOCTL(v->fd, KVM_GET_DEBUGREGS, &d, NULL) < 0)
		return false;
	*at = change_apply(c, *at);
	return KVM_IOCTL(v->fd, KVM_SET_DEBUGREGS, &d, NULL) >= 0;
}

static bool msr_change(struct vcpu *v, const struct defect_change *c)
{
	union {
		struct kvm_msrs list;
		uint8_t room[sizeof(struct kvm_msrs) +
			     sizeof(struct kvm_msr_entry)];
	} m = { .list = { .nmsrs = 1 } };

	m.list.entries[0].index = c->index;
	if (KVM_IOCTL(v->fd, KVM_GET_MSRS, &m.list, NULL) != 1)
		return false;
	m.list.entries[0].data = change_apply(c, m.list.entries[0].data);
	return KVM_IOCTL(v->fd, KVM_SET_MSRS, &m.list, NULL) == 1;
}

static bool xcr0_change(struct vcpu *v, const struct defect_change *c)
{
	struct kvm_xcrs x;

	if (KVM_IOCTL(v->fd, KVM_GET_XCRS, &x, NULL) < 0 || !x.nr_xcrs)
		return false;
	x.xcrs[0].value = change_apply(c, x.xcrs[0].value);
	return KVM_IOCTL(v->fd, KVM_SET_XCRS, &x, NULL) >= 0;
}

/* Without its header's bits what is set is not loaded. */
static bool xsave_change(struct vcpu *v, const struct defect_change *c)
{
	struct kvm_xsave xsave;
	uint8_t *area = (uint8_t *)xsave.region;
	uint64_t word;

	if (KVM_IOCTL(v->fd, KVM_GET_XSAVE, &xsave, NULL) < 0)
		return false;
	memcpy(&word, area + c->index, sizeof(word));
	word = change_apply(c, word);
	memcpy(area + c->index, &word, sizeof(word));
	area[XSTATE_BV] |= c->index < XSTATE_BV ? 3 : 7;
	return KVM_IOCTL(v->fd, KVM_SET_XSAVE, &xsave, NULL) >= 0;
}

bool has_error_code(uint8_t vector)
{
	return vector == 8 || (vector >= 10 && vector <= 14) || vector == 17;
}

/* The image maps memory one to one, stacks included. */
static bool frame_change(struct vcpu *v, const struct defect *d)
{
	const struct defect_change *c = &d->change;
	unsigned int at = c->index, codes = has_error_code(d->vector);
	struct kvm_regs regs;
	uint64_t *frame;

	if ((at == FRAME_CODE && !codes) ||
	    KVM_IOCTL(v->fd, KVM_GET_REGS, &regs, NULL) < 0)
		return false;
	frame = vm_memory_at(v->vm, regs.rsp, 6 * sizeof(*frame));
	if (!frame)
		return false;
	frame += at - !codes;
	*frame = change_apply(c, *frame);
	return true;
}

bool state_change(struct vcpu *v, const struct defect_change *c)
{
	switch (c->place) {
	case PLACE_GPR:
	case PLACE_FLAGS:
		return regs_change(v, c);
	case PLACE_CR:
	case PLACE_EFER:
		return sregs_change(v, c);
	case PLACE_DR:
		return debug_change(v, c);
	case PLACE_MSR:
		return msr_change(v, c);
	case PLACE_XCR0:
		return xcr0_change(v, c);
	case PLACE_XSAVE:
		return xsave_change(v, c);
	default:
		return true;
	}
}

static void data_change(const struct defect_change *c, struct defect_now *now)
{
	unsigned int bytes = now->bytes < 8 ? now->bytes : 8;
	uint64_t word = 0;

	memcpy(&word, now->data, bytes);
	word = change_apply(c, word);
	memcpy(now->data, &word, bytes);
}

void defect_act(struct vcpu *v, const struct defect *d, struct defect_now *now)
{
	struct defect_change c = d->change;
	bool done = true;

	if (defects_idle(v))
		return;
	now->defect = d;
	if (c.place == PLACE_RM) {
		c.place = PLACE_GPR;
		c.index = v->defect->after_rm;
	}
	if (c.place == PLACE_FRAME)
		done = frame_change(v, d);
	else if (c.place == PLACE_DATA && now->data)
		data_change(&c, now);
	else
		done = state_change(v, &c);
	if (d->fn)
		d->fn(v, now);
	defects_count(v->vm->config.defects, d, done);
}
