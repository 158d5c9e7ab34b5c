/*
 * What probes share whose host half acts while the guest waits: a write of N
 * to STEP_PORT is step N, on the vCPU's own thread. The instruction is over
 * then, as it must be before anybody reads or writes the vCPU's state.
 */
#ifndef VMGAUGE_FIDELITY_HOST_STEP_H
#define VMGAUGE_FIDELITY_HOST_STEP_H

#include <errno.h>
#include <sys/ioctl.h>

#include "item_host.h"
#include "kvm/ioctl.h"
#include "kvm/vm.h"
#include "suite.h"

#define STEP_PORT	0x5650

/* -errno with the reason ends in an error verdict. */
typedef int step_fn(struct item_host *h, struct vcpu *v, uint8_t step,
		    struct error *e);

struct host_steps {
	step_fn *fn;
	struct item_host *h;
};

__host int instruction_finish(struct vcpu *v, struct error *e)
{
	v->run->immediate_exit = 1;
	if (!ioctl(v->fd, KVM_RUN, 0) || errno != EINTR)
		return error_set(e, -EPROTO, "KVM_RUN with immediate_exit did "
				 "not end in EINTR");
	v->run->immediate_exit = atomic_load(&v->kicked) != 0;
	return 0;
}

__host void step_port(struct vcpu *v, void *opaque, uint64_t offset,
		      void *data, unsigned int bytes, bool write)
{
	struct host_steps *s = opaque;
	struct error e = { "a step failed" };
	uint8_t n = *(uint8_t *)data;
	int rc;

	(void)offset, (void)bytes;
	if (!write)
		return;
	rc = instruction_finish(v, &e);
	host_said(s->h, rc ? rc : s->fn(s->h, v, n, &e), &e);
}

/* Before the guest runs; one at a time in a process. */
__host void steps_begin(struct item_host *h, step_fn *fn)
{
	static struct host_steps s;
	struct error e;

	s = (struct host_steps){ fn, h };
	host_said(h, range_claim(&h->vm->pio, STEP_PORT, 1, step_port, &s, &e),
		  &e);
}

__guest void step(uint8_t n)
{
	outb(STEP_PORT, n);
}

#endif
