/*
 * Serves one userspace exit: finds who claimed the address and calls it.
 */
#include <string.h>

#include "abi.h"
#include "kvm/vm.h"

/* Counts of a VM, which several vCPUs may be adding to. */
#define COUNT(counter, n)	__atomic_fetch_add(&(counter), n, __ATOMIC_RELAXED)

static void pio_serve(struct vcpu *v)
{
	struct kvm_run *run = v->run;
	struct unclaimed *u = &v->vm->unclaimed;
	uint8_t *data = (uint8_t *)run + run->io.data_offset;
	bool write = run->io.direction == KVM_EXIT_IO_OUT;
	const struct range *r = range_find(&v->vm->pio, run->io.port,
					   run->io.size);

	for (uint32_t i = 0; i < run->io.count; i++, data += run->io.size) {
		if (r) {
			r->fn(v, r->opaque, run->io.port - r->start, data,
			      run->io.size, write);
			continue;
		}
		u->last_port = run->io.port;
		if (write) {
			COUNT(u->pio_writes, 1);
		} else {
			COUNT(u->pio_reads, 1);
			memset(data, 0xff, run->io.size);
		}
	}
}

static void mmio_serve(struct vcpu *v)
{
	struct kvm_run *run = v->run;
	struct unclaimed *u = &v->vm->unclaimed;
	const struct range *r = range_find(&v->vm->mmio, run->mmio.phys_addr,
					   run->mmio.len);

	if (r) {
		r->fn(v, r->opaque, run->mmio.phys_addr - r->start,
		      run->mmio.data, run->mmio.len, run->mmio.is_write);
		return;
	}
	u->last_gpa = run->mmio.phys_addr;
	u->last_bytes = run->mmio.len;
	if (run->mmio.is_write) {
		COUNT(u->mmio_writes, 1);
		memcpy(&u->last_data, run->mmio.data, sizeof(u->last_data));
	} else {
		COUNT(u->mmio_reads, 1);
		memset(run->mmio.data, 0xff, sizeof(run->mmio.data));
	}
}

static void msr_serve(struct vcpu *v)
{
	struct kvm_run *run = v->run;
	bool ours = run->msr.index == ABI_MSR_USER;

	run->msr.error = !ours;			/* 1 injects #GP */
	if (run->exit_reason == KVM_EXIT_X86_RDMSR) {
		run->msr.data = ABI_MSR_USER_VALUE;
		COUNT(v->vm->msr_reads, ours);
	} else {
		COUNT(v->vm->msr_writes, ours);
	}
}

bool exit_dispatch(struct vcpu *v)
{
	switch (v->run->exit_reason) {
	case KVM_EXIT_IO:
		pio_serve(v);
		return true;
	case KVM_EXIT_MMIO:
		mmio_serve(v);
		return true;
	case KVM_EXIT_X86_RDMSR:
	case KVM_EXIT_X86_WRMSR:
		msr_serve(v);
		return true;
	case KVM_EXIT_HLT:	/* no interrupt will come: just go on */
	case KVM_EXIT_SET_TPR:	/* CR8 was lowered: nobody waits for that */
	case KVM_EXIT_INTR:
	case KVM_EXIT_IRQ_WINDOW_OPEN:
		return true;
	default:
		return false;
	}
}
