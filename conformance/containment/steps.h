/*
 * What probes share whose host half acts while the guest waits: a write of N
 * to STEP_PORT is step N, on the vCPU's own thread; a read gives what the
 * last step left for the guest.
 */
#ifndef VMGAUGE_CONTAINMENT_STEPS_H
#define VMGAUGE_CONTAINMENT_STEPS_H

#include "item_host.h"
#include "kvm/ioctl.h"
#include "kvm/vm.h"
#include "suite.h"

#define STEP_PORT	0x5650

/* -errno with the reason ends in an error verdict. */
typedef int step_fn(struct item_host *h, uint8_t step, struct error *e);

struct steps {
	step_fn *fn;
	struct item_host *h;
};

__host void step_port(struct vcpu *v, void *opaque, uint64_t offset,
		      void *data, unsigned int bytes, bool write)
{
	struct steps *s = opaque;
	struct error e = { "a step failed" };

	(void)v, (void)offset, (void)bytes;
	if (write)
		host_said(s->h, s->fn(s->h, *(uint8_t *)data, &e), &e);
}

/* Before the guest runs; one at a time in a process. */
__host void steps_begin(struct item_host *h, step_fn *fn)
{
	static struct steps s;
	struct error e;

	s = (struct steps){ fn, h };
	host_said(h, range_claim(&h->vm->pio, STEP_PORT, 1, step_port, &s, &e),
		  &e);
}

__guest void step(uint8_t n)
{
	outb(STEP_PORT, n);
}

#endif
