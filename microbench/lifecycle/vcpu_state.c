/*
 * Save and restore of all of a vCPU's state: what its guest stands still for
 * in a snapshot and in the last pass of a migration.
 *
 * Before it is restored it is spoilt, so that a restore that does nothing is
 * seen: by what is read back, and by a guest that cannot go on.
 */
#include "state.h"

/* In the order in which they may depend on each other when put back. */
static int (*const all_get[])(struct item_host *h) = {
	HOST(sregs_get), HOST(regs_get), HOST(xcrs_get), HOST(xsave_get),
	HOST(debugregs_get), HOST(msrs_get), HOST(lapic_get),
	HOST(mp_state_get), HOST(vcpu_events_get),
};
static int (*const all_set[])(struct item_host *h) = {
	HOST(sregs_set), HOST(regs_set), HOST(xcrs_set), HOST(xsave_set),
	HOST(debugregs_set), HOST(msrs_set), HOST(lapic_set),
	HOST(mp_state_set), HOST(vcpu_events_set),
};
#define ALL	(sizeof(all_get) / sizeof(all_get[0]))

__host int all_do(struct item_host *h, int (*const call[])(struct item_host *))
{
	int rc = 0;

	for (size_t i = 0; i < ALL && !rc; i++)
		rc = call[i](h);
	return rc;
}

__host int vcpu_get(struct item_host *h)
{
	return all_do(h, all_get);
}

__host int vcpu_set(struct item_host *h)
{
	return all_do(h, all_set);
}

STATE_ROW(vcpu, get, "All state of a vCPU: nine KVM_GETs", "KVM_GET_SREGS to KVM_GET_VCPU_EVENTS",
	.per = "vCPU",
	.reading = "SREGS, REGS, XCRS, XSAVE, DEBUGREGS, MSRS, LAPIC, MP_STATE, VCPU_EVENTS. Times "
		   "the number of vCPUs it is the least part of a migration's downtime.");

/* Registers with which the guest could not go on. */
__host int vcpu_spoil(struct item_host *h)
{
	struct kvm_regs nowhere = { .rip = 0xdead0000, .rflags = 2 };
	int rc = pending_complete(h);
	struct error e;

	if (!rc)
		rc = vcpu_get(h);
	return rc ? rc : host_said(h, KVM_IOCTL(h->vcpu->fd, KVM_SET_REGS,
						&nowhere, &e), &e);
}

__host int vcpu_verify(struct item_host *h)
{
	struct state *s = h->opaque;
	struct kvm_regs regs = s->regs;
	struct kvm_sregs sregs = s->sregs;
	int rc = sregs_get(h) ? -EIO : regs_get(h);

	if (!rc && (memcmp(&regs, &s->regs, sizeof(regs)) ||
		    memcmp(&sregs, &s->sregs, sizeof(sregs)))) {
		host_verdict(h, ABI_ERROR, "registers that were restored are not what was saved");
		rc = -EPROTO;
	}
	return rc;
}

__host int vcpu_set_block(struct item_host *h, uint64_t ops)
{
	int rc = 0;

	while (ops-- && !rc)
		rc = vcpu_set(h);
	return rc;
}

BENCH(vcpu_set,
	.summary = "All state of a vCPU: nine KVM_SETs, after it was spoilt",
	.reading = "Its first entry after that is not in it.",
	.cite = "Linux, KVM API, KVM_SET_SREGS to KVM_SET_VCPU_EVENTS; " CITE_IO,
	.per = "vCPU",
	.needs = NEED_VMM | NEED_IRQCHIP,
	.exits = EXITS(0, 0),
	.host_setup = HOST(state_setup),
	.host_rewind = HOST(vcpu_spoil),
	.host_block = HOST(vcpu_set_block),
	.host_verify = HOST(vcpu_verify),
	.host_teardown = HOST(state_teardown),
);
