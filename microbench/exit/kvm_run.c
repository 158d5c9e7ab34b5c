/*
 * KVM_RUN that never enters the guest: the system call's share of every
 * userspace exit.
 *
 * With immediate_exit set, the ioctl loads the vCPU, sees the flag and goes
 * back with EINTR. What a userspace exit costs beyond this is the two world
 * switches and the work in between.
 */
#include <errno.h>
#include <sys/ioctl.h>

#include "item_host.h"
#include "kvm/vm.h"
#include "suite.h"

/* A kick sets the same flag and must not get lost: it is put back. */
__host int kvm_run_empty_block(struct item_host *h, uint64_t ops)
{
	struct vcpu *v = h->vcpu;
	int rc = 0;

	v->run->immediate_exit = 1;
	for (uint64_t i = 0; i < ops; i++) {
		if (ioctl(v->fd, KVM_RUN, 0) < 0 && errno == EINTR)
			continue;
		rc = -EPROTO;
		break;
	}
	v->run->immediate_exit = atomic_load(&v->kicked) != 0;
	return rc;
}

BENCH(kvm_run_empty,
	.summary = "KVM_RUN that returns at once, without entering the guest",
	.reading = "The floor under every userspace exit: one system call, with the vCPU loaded "
		   "and put.",
	.cite = "Linux, KVM API, KVM_RUN and kvm_run.immediate_exit",
	.host_block = HOST(kvm_run_empty_block),
	.exits = EXITS(0, 0),
);
