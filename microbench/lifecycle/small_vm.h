/*
 * What the lifecycle benches share: a second VM, as small as its subject
 * allows, made and run by a bench's host half while the bench's own guest
 * waits in its doorbell.
 *
 * Exits are counted of the bench's own vCPU, which must have none. What the
 * other one did is told by its exit reason and its registers.
 */
#ifndef VMGAUGE_LIFECYCLE_SMALL_VM_H
#define VMGAUGE_LIFECYCLE_SMALL_VM_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/backing.h"
#include "item_host.h"
#include "kvm/ioctl.h"
#include "kvm/postmortem.h"
#include "kvm/vm.h"
#include "suite.h"
#include "target/target.h"
#include "x86_64/entry.h"

#define SMALL_RAM_BYTES		(1ull << 20)
#define SMALL_CODE_GPA		0x20000ull
#define SMALL_PORT		0x56
#define TOUCH_GPA		(2ull << 20)

/*
 * vCPU 0 at the code, in long mode at CPL0, paging on. The VM is the
 * caller's to destroy; on failure nothing is left and the verdict says why.
 */
__host int small_vm_make(struct item_host *h, struct vm *vm,
			 const struct vm_config *config, const void *code,
			 size_t code_bytes)
{
	struct error e;
	uint8_t *ram;
	int rc = vm_create(vm, h->vm->sys, config, &e);

	if (rc)
		return host_said(h, rc, &e);
	ram = vm_memory_at(vm, 0, config->ram_bytes);
	memcpy(ram + SMALL_CODE_GPA, code, code_bytes);
	rc = entry_long_mode(&vm->vcpu[0], ram, SMALL_CODE_GPA, 0, &e);
	if (rc)
		vm_destroy(vm);
	return host_said(h, rc, &e);
}

/* Until an exit to user space, which must be the wanted one. */
__host int small_vm_run(struct item_host *h, struct vcpu *v,
			unsigned int exit_reason)
{
	char text[ABI_TEXT_MAX];

	while (ioctl(v->fd, KVM_RUN, 0)) {
		int err = errno;

		/* The kick that ends the bench's own vCPU ends this one. */
		if ((err == EINTR || err == EAGAIN) &&
		    !atomic_load(&h->vcpu->kicked))
			continue;
		snprintf(text, sizeof(text), "KVM_RUN: %s", strerror(err));
		host_verdict(h, ABI_ERROR, text);
		return -err;
	}
	if (v->run->exit_reason == exit_reason)
		return 0;
	snprintf(text, sizeof(text), "a second VM's vCPU ended in %s and not "
		 "in %s", exit_reason_name(v->run->exit_reason),
		 exit_reason_name(exit_reason));
	host_verdict(h, ABI_ERROR, text);
	return -EPROTO;
}

/* CPL3, which runs on the CPU even where CPL0 is interpreted. */
__host int small_vm_ring3(struct item_host *h, struct vcpu *v,
			  const struct kvm_regs *regs)
{
	struct kvm_sregs s;
	struct error e;
	int rc = KVM_IOCTL(v->fd, KVM_GET_SREGS, &s, &e);

	if (rc < 0)
		return host_said(h, rc, &e);
	s.cs.selector |= 3;
	s.cs.dpl = 3;
	s.ss.selector |= 3;
	s.ss.dpl = 3;
	s.ds = s.es = s.fs = s.gs = s.ss;
	rc = KVM_IOCTL(v->fd, KVM_SET_SREGS, &s, &e);
	if (rc >= 0)
		rc = KVM_IOCTL(v->fd, KVM_SET_REGS, regs, &e);
	return host_said(h, rc, &e);
}

/* 1: mov %al,(%rdi); add $4096,%rdi; dec %rcx; jnz 1b; out %eax,$SMALL_PORT */
static const uint8_t touch_code[] = {
	0x88, 0x07, 0x48, 0x81, 0xc7, 0x00, 0x10, 0x00, 0x00,
	0x48, 0xff, 0xc9, 0x75, 0xf2, 0xe7, SMALL_PORT };
#define TOUCH_OUT	14		/* the offset of its last instruction */

/*
 * A VM whose guest will write so many bytes from TOUCH_GPA on, a page at a
 * time, and leave. The host has the pages already, by one call: cheaper than
 * a fault each. Nothing runs yet.
 */
__host int small_vm_touching(struct item_host *h, struct vm *vm,
			     struct vm_config *config, uint64_t bytes)
{
	const struct kvm_regs regs = {
		.rip = SMALL_CODE_GPA + (bytes ? 0 : TOUCH_OUT),
		.rdi = TOUCH_GPA, .rcx = bytes / 4096, .rflags = 0x3002,
	};
	struct error e;
	int rc;

	config->ram_bytes = bytes ? TOUCH_GPA + bytes : SMALL_RAM_BYTES;
	rc = small_vm_make(h, vm, config, touch_code, sizeof(touch_code));
	if (rc)
		return rc;
	rc = bytes ? backing_populate(vm_memory_at(vm, TOUCH_GPA, bytes),
				      bytes, &e) : 0;
	host_said(h, rc, &e);
	if (!rc)
		rc = small_vm_ring3(h, &vm->vcpu[0], &regs);
	if (rc)
		vm_destroy(vm);
	return rc;
}

__host int small_vm_touch(struct item_host *h, struct vm *vm)
{
	return small_vm_run(h, &vm->vcpu[0], KVM_EXIT_IO);
}

/* NULL, or why this host cannot have so many vCPUs in a VM. */
__host const char *vcpus_unavailable(struct target_context *ctx, int vcpus)
{
	int max = kvm_call_raw(ctx->kvm_fd, KVM_CHECK_EXTENSION,
			       KVM_CAP_MAX_VCPUS);

	if (max >= vcpus)
		return NULL;
	snprintf(ctx->why, sizeof(ctx->why), "this kernel's KVM has at most "
		 "%d vCPUs in a VM", max);
	return ctx->why;
}

#endif
