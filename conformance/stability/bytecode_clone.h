/*
 * Clones of the bytecode guest: each begins where the guest stopped before its
 * first operation, with a sequence of the host's, and runs until it stops, one
 * way or another.
 */
#ifndef VMGAUGE_STABILITY_BYTECODE_CLONE_H
#define VMGAUGE_STABILITY_BYTECODE_CLONE_H

#include "bytecode.h"
#include "kvm/postmortem.h"
#include "whole.h"

#define SLICES		10u		/* of the timer: then it is kicked */

enum ending {
	ENDED_DONE,		/* behind the last operation */
	ENDED_BY_ITSELF,	/* a fault of its own, a triple one, a name */
	ENDED_KICKED,
	ENDED_WRONG,
	ENDINGS,
};

/* What they begin as, and how the last came to its end; one in a process. */
static struct {
	struct item_host *h;
	uint8_t *ram;			/* as it was at the step; owned */
	char why[64];			/* of the last that was wrong */
	struct whole state;		/* its end is open: the last */
} origin __attribute__((unused));

/* The guest's step: what it is there is what clones begin as. */
__host void origin_take(struct vcpu *v, void *opaque, uint64_t offset,
		       void *data, unsigned int bytes, bool write)
{
	struct item_host *h = opaque;
	struct error e;
	int rc = settle(v, &e);

	(void)offset, (void)data, (void)bytes, (void)write;
	if (rc >= 0)
		rc = whole_get(v->fd, &origin.state, &e);
	if (!host_said(h, rc, &e))
		memcpy(origin.ram, h->ram, ABI_RAM_BYTES);
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
	struct item_host *h = origin.h;
	const struct vm_config config = {
		.ram_bytes = ABI_RAM_BYTES, .backing = BACKING_ANON, .vcpus = 1,
		.irqchip = true, .pit = true,
	};
	struct code_program *p;
	const struct range *r;
	int rc = vm_create(vm, h->vm->sys, &config, e);

	if (rc)
		return rc;
	memcpy(vm->slot[0].hva, origin.ram, ABI_RAM_BYTES);
	p = vm_memory_at(vm, h->mailbox->ret[0], sizeof(*p));
	rc = p ? range_claim(&vm->pio, ABI_PORT_BELL, 4, clone_bell, NULL, e) :
	     error_set(e, -EPROTO, "the guest said no place for its program");
	r = range_find(&h->vm->pio, CODE_PORT, 1);
	if (!rc && r)
		rc = range_claim(&vm->pio, r->start, r->bytes, r->fn,
				 r->opaque, e);
	if (!rc)
		rc = whole_set(vm->vcpu[0].fd, &origin.state, e);
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
	snprintf(origin.why, sizeof(origin.why), "%s", why);
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

#endif
