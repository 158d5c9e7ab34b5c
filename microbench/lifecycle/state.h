/*
 * What the benches of a vCPU's state share: a place for all of it, and each
 * KVM_GET and KVM_SET as a function.
 *
 * The subject is the bench's own vCPU: a state that were not put back would
 * be the guest's crash right behind its doorbell. KVM finishes the doorbell's
 * OUT at the next KVM_RUN, and only then is the state consistent; so that
 * comes first, with immediate_exit.
 */
#ifndef VMGAUGE_LIFECYCLE_STATE_H
#define VMGAUGE_LIFECYCLE_STATE_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "item_host.h"
#include "kvm/ioctl.h"
#include "kvm/vm.h"
#include "suite.h"
#include "target/target.h"

#define MSRS_MAX	512

struct state {
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	struct kvm_sregs2 sregs2;
	struct kvm_fpu fpu;
	struct kvm_xcrs xcrs;
	struct kvm_lapic_state lapic;
	struct kvm_vcpu_events events;
	struct kvm_mp_state mp_state;
	struct kvm_debugregs debugregs;
	struct kvm_clock_data clock;
	struct kvm_msrs *msrs;		/* room for MSRS_MAX */
	bool xsave2;			/* KVM_GET_XSAVE2 is there */
	size_t xsave_bytes;
	struct kvm_xsave *xsave;
};

__host int pending_complete(struct item_host *h)
{
	struct vcpu *v = h->vcpu;
	int rc, err;

	v->run->immediate_exit = 1;
	rc = ioctl(v->fd, KVM_RUN, 0);
	err = errno;
	v->run->immediate_exit = atomic_load(&v->kicked) != 0;
	if (rc < 0 && err == EINTR)
		return 0;
	host_verdict(h, ABI_ERROR, "KVM_RUN with immediate_exit did not end in EINTR");
	return -EPROTO;
}

/* An ioctl on `field`, of the vCPU or of the VM, said in a word. */
#define STATE_CALL(name, of, request, field)				\
	__host int name(struct item_host *h)				\
	{								\
		struct state *s = h->opaque;				\
		struct error e;						\
		int rc = KVM_IOCTL(h->of->fd, request, field, &e);	\
									\
		return host_said(h, rc, &e);				\
	}

STATE_CALL(regs_get, vcpu, KVM_GET_REGS, &s->regs)
STATE_CALL(regs_set, vcpu, KVM_SET_REGS, &s->regs)
STATE_CALL(sregs_get, vcpu, KVM_GET_SREGS, &s->sregs)
STATE_CALL(sregs_set, vcpu, KVM_SET_SREGS, &s->sregs)
STATE_CALL(sregs2_get, vcpu, KVM_GET_SREGS2, &s->sregs2)
STATE_CALL(sregs2_set, vcpu, KVM_SET_SREGS2, &s->sregs2)
STATE_CALL(fpu_get, vcpu, KVM_GET_FPU, &s->fpu)
STATE_CALL(fpu_set, vcpu, KVM_SET_FPU, &s->fpu)
STATE_CALL(xsave1_get, vcpu, KVM_GET_XSAVE, s->xsave)
STATE_CALL(xsave2_get, vcpu, KVM_GET_XSAVE2, s->xsave)
STATE_CALL(xsave_set, vcpu, KVM_SET_XSAVE, s->xsave)
STATE_CALL(xcrs_get, vcpu, KVM_GET_XCRS, &s->xcrs)
STATE_CALL(xcrs_set, vcpu, KVM_SET_XCRS, &s->xcrs)
STATE_CALL(lapic_get, vcpu, KVM_GET_LAPIC, &s->lapic)
STATE_CALL(lapic_set, vcpu, KVM_SET_LAPIC, &s->lapic)
STATE_CALL(vcpu_events_get, vcpu, KVM_GET_VCPU_EVENTS, &s->events)
STATE_CALL(vcpu_events_set, vcpu, KVM_SET_VCPU_EVENTS, &s->events)
STATE_CALL(mp_state_get, vcpu, KVM_GET_MP_STATE, &s->mp_state)
STATE_CALL(mp_state_set, vcpu, KVM_SET_MP_STATE, &s->mp_state)
STATE_CALL(debugregs_get, vcpu, KVM_GET_DEBUGREGS, &s->debugregs)
STATE_CALL(debugregs_set, vcpu, KVM_SET_DEBUGREGS, &s->debugregs)
STATE_CALL(clock_get, vm, KVM_GET_CLOCK, &s->clock)

__host int clock_set(struct item_host *h)
{
	struct state *s = h->opaque;
	struct error e;

	/* What was told of the host's own clocks would be acted on. */
	s->clock.flags = 0;
	return host_said(h, KVM_IOCTL(h->vm->fd, KVM_SET_CLOCK, &s->clock, &e),
			 &e);
}

__host int xsave_get(struct item_host *h)
{
	struct state *s = h->opaque;

	return s->xsave2 ? xsave2_get(h) : xsave1_get(h);
}

/* Both give the number of MSRs up to the first that they refuse. */
__host int msrs_all(struct item_host *h, int count, const struct error *e)
{
	const struct state *s = h->opaque;

	if (count >= 0 && count < (int)s->msrs->nmsrs) {
		host_verdict(h, ABI_ERROR, "KVM refuses an MSR that it took before");
		return -EPROTO;
	}
	return host_said(h, count, e);
}

__host int msrs_get(struct item_host *h)
{
	struct state *s = h->opaque;
	struct error e;

	return msrs_all(h, KVM_IOCTL(h->vcpu->fd, KVM_GET_MSRS, s->msrs,
				     &e), &e);
}

__host int msrs_set(struct item_host *h)
{
	struct state *s = h->opaque;
	struct error e;

	return msrs_all(h, KVM_IOCTL(h->vcpu->fd, KVM_SET_MSRS, s->msrs,
				     &e), &e);
}

/* Takes out what KVM lists for any vCPU and refuses for this one. */
__host int msrs_filter(struct item_host *h, unsigned long request)
{
	struct state *s = h->opaque;
	struct error e;

	for (;;) {
		uint32_t *n = &s->msrs->nmsrs;
		int good = kvm_call(h->vcpu->fd, request, "MSRs of a vCPU",
				    (uintptr_t)s->msrs, &e);

		if (good < 0)
			return host_said(h, good, &e);
		if ((uint32_t)good >= *n)
			return 0;
		(*n)--;
		memmove(&s->msrs->entries[good], &s->msrs->entries[good + 1],
			(*n - (uint32_t)good) * sizeof(s->msrs->entries[0]));
	}
}

__host int msrs_list(struct item_host *h)
{
	uint32_t room[1 + MSRS_MAX] = { MSRS_MAX };
	struct kvm_msr_list *list = (void *)room;
	struct state *s = h->opaque;
	struct error e;
	int rc = KVM_IOCTL(h->vm->sys->fd, KVM_GET_MSR_INDEX_LIST, list, &e);

	if (rc < 0)
		return host_said(h, rc, &e);
	s->msrs->nmsrs = list->nmsrs;
	for (uint32_t i = 0; i < list->nmsrs; i++)
		s->msrs->entries[i].index = list->indices[i];
	rc = msrs_filter(h, KVM_GET_MSRS);
	return rc ? rc : msrs_filter(h, KVM_SET_MSRS);
}

__host int state_setup(struct item_host *h)
{
	int bytes = kvm_call_raw(h->vm->fd, KVM_CHECK_EXTENSION,
				 KVM_CAP_XSAVE2);
	struct state *s = calloc(1, sizeof(*s));

	h->opaque = s;
	if (!s)
		return -ENOMEM;
	s->xsave2 = bytes > 0;
	s->xsave_bytes = bytes > (int)sizeof(*s->xsave) ? (size_t)bytes :
			 sizeof(*s->xsave);
	s->xsave = calloc(1, s->xsave_bytes);
	s->msrs = calloc(1, sizeof(*s->msrs) +
			 MSRS_MAX * sizeof(s->msrs->entries[0]));
	return s->xsave && s->msrs ? msrs_list(h) : -ENOMEM;
}

__host void state_teardown(struct item_host *h)
{
	struct state *s = h->opaque;

	if (s) {
		free(s->xsave);
		free(s->msrs);
	}
	free(s);
	h->opaque = NULL;
}

#define CITE_IO "Linux, KVM API, The kvm_run structure: KVM_EXIT_IO and pending operations"

#define STATE_ROW(id, how, text, request, ...)				\
	__host int id##_##how##_rewind(struct item_host *h)		\
	{								\
		int rc = pending_complete(h);				\
									\
		return rc ? rc : id##_get(h);				\
	}								\
	__host int id##_##how##_block(struct item_host *h, uint64_t ops) \
	{								\
		int rc = 0;						\
									\
		while (ops-- && !rc)					\
			rc = id##_##how(h);				\
		return rc;						\
	}								\
	BENCH(id##_##how,						\
		.summary = text,					\
		.cite = "Linux, KVM API, " request "; " CITE_IO,	\
		.needs = NEED_VMM | NEED_IRQCHIP,			\
		.exits = EXITS(0, 0),					\
		.host_setup = HOST(state_setup),			\
		.host_rewind = HOST(id##_##how##_rewind),		\
		.host_block = HOST(id##_##how##_block),			\
		.host_teardown = HOST(state_teardown),			\
		__VA_ARGS__						\
	)

#endif
