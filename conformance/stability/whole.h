/*
 * All of a vCPU's state that KVM tells without an APIC, read and written; what
 * probes of restored state and of clones share.
 */
#ifndef VMGAUGE_STABILITY_WHOLE_H
#define VMGAUGE_STABILITY_WHOLE_H

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "item_host.h"
#include "kvm/ioctl.h"
#include "kvm/vm.h"
#include "suite.h"

struct whole {
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	struct kvm_xcrs xcrs;
	struct kvm_vcpu_events events;
	struct kvm_debugregs debug;
	struct kvm_mp_state mp;
	struct kvm_xsave xsave;		/* its end is open: the last */
};

/*
 * Of a segment that is unusable the rights are no state, but for the DPL: on
 * VMX they come back accessed, whatever they were.
 */
__host void unusable_forget(struct kvm_sregs *s)
{
	struct kvm_segment *const segment[] = {
		&s->cs, &s->ds, &s->es, &s->fs, &s->gs, &s->ss, &s->tr, &s->ldt,
	};

	for (size_t i = 0; i < sizeof(segment) / sizeof(segment[0]); i++)
		if (segment[i]->unusable)
			segment[i]->type = segment[i]->db = segment[i]->s =
				segment[i]->l = segment[i]->g =
				segment[i]->avl = 0;
}

__host int whole_get(int fd, struct whole *w, struct error *e)
{
	int rc;

	memset(w, 0, sizeof(*w));
	rc = KVM_IOCTL(fd, KVM_GET_REGS, &w->regs, e);
	if (rc >= 0)
		rc = KVM_IOCTL(fd, KVM_GET_SREGS, &w->sregs, e);
	unusable_forget(&w->sregs);
	if (rc >= 0)
		rc = KVM_IOCTL(fd, KVM_GET_XSAVE, &w->xsave, e);
	if (rc >= 0)
		rc = KVM_IOCTL(fd, KVM_GET_XCRS, &w->xcrs, e);
	if (rc >= 0)
		rc = KVM_IOCTL(fd, KVM_GET_VCPU_EVENTS, &w->events, e);
	if (rc >= 0)
		rc = KVM_IOCTL(fd, KVM_GET_DEBUGREGS, &w->debug, e);
	return rc < 0 ? rc : KVM_IOCTL(fd, KVM_GET_MP_STATE, &w->mp, e);
}

/* Where two differ first, as "part+offset"; false: they are the same. */
__host bool whole_differ(const struct whole *a, const struct whole *b,
			 char *where, size_t bytes)
{
#define PART(x)	{ #x, offsetof(struct whole, x), sizeof(a->x) }
	static const struct {
		const char *name;
		size_t at, bytes;
	} part[] = {
		PART(regs), PART(sregs), PART(xcrs), PART(events), PART(debug),
		PART(mp), PART(xsave),
	};
#undef PART

	for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++) {
		const unsigned char *x = (const unsigned char *)a + part[i].at;
		const unsigned char *y = (const unsigned char *)b + part[i].at;

		for (size_t at = 0; at < part[i].bytes; at++)
			if (x[at] != y[at]) {
				snprintf(where, bytes, "%s+%#zx, %#x then %#x",
					 part[i].name, at, x[at], y[at]);
				return true;
			}
	}
	return false;
}

__host int whole_set(int fd, struct whole *w, struct error *e)
{
	int rc = KVM_IOCTL(fd, KVM_SET_SREGS, &w->sregs, e);

	if (rc >= 0)
		rc = KVM_IOCTL(fd, KVM_SET_XCRS, &w->xcrs, e);
	if (rc >= 0)
		rc = KVM_IOCTL(fd, KVM_SET_XSAVE, &w->xsave, e);
	if (rc >= 0)
		rc = KVM_IOCTL(fd, KVM_SET_REGS, &w->regs, e);
	if (rc >= 0)
		rc = KVM_IOCTL(fd, KVM_SET_DEBUGREGS, &w->debug, e);
	if (rc >= 0)
		rc = KVM_IOCTL(fd, KVM_SET_MP_STATE, &w->mp, e);
	return rc < 0 ? rc : KVM_IOCTL(fd, KVM_SET_VCPU_EVENTS, &w->events, e);
}

/* The pending OUT is finished first: only then is the state consistent. */
__host int settle(struct vcpu *v, struct error *e)
{
	v->run->immediate_exit = 1;
	if (!ioctl(v->fd, KVM_RUN, 0) || errno != EINTR)
		return error_set(e, -EPROTO, "KVM_RUN with immediate_exit did "
				 "not end in EINTR");
	v->run->immediate_exit = atomic_load(&v->kicked) != 0;
	return 0;
}

#endif
