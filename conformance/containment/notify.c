/*
 * The notify window: a CPU that ends a guest's stay when no interrupt could be
 * taken for too long, so that no endless exception keeps a CPU of the host's.
 */
#include <errno.h>
#include <stdlib.h>

#include "../../microbench/lifecycle/small_vm.h"
#include "endless.h"

#define WINDOW		(128ull << 10)	/* beyond what the CPU adds itself */
#define SPIN		"\xb9\x00\x00\x10\x00\xff\xc9\x75\xfc\xe7\x56"
#define CITE		"Intel SDM vol. 3, Notify VM Exit; Linux, KVM API, "		\
			"KVM_CAP_X86_NOTIFY_VMEXIT"

__host int window_set(int vm_fd, uint64_t value)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_X86_NOTIFY_VMEXIT, .args = { value },
	};

	return kvm_call_raw(vm_fd, KVM_ENABLE_CAP, (uintptr_t)&cap);
}

/* It has to be set before there is a vCPU. */
__host int notified_vm_make(struct item_host *h, struct vm *vm,
			    struct error *e)
{
	const struct vm_config config = {
		.ram_bytes = SMALL_RAM_BYTES, .backing = BACKING_ANON,
	};
	uint64_t on = WINDOW << 32 | KVM_X86_NOTIFY_VMEXIT_ENABLED |
		      KVM_X86_NOTIFY_VMEXIT_USER;
	int rc = vm_create(vm, h->vm->sys, &config, e);

	if (rc)
		return rc;
	host_check(h, "flags that are none are refused", true,
		   window_set(vm->fd, on | 1 << 7) < 0);
	host_check(h, "the window is set", 0,
		   (uint64_t)window_set(vm->fd, on));
	free(vm->vcpu);
	vm->vcpu = calloc(1, sizeof(*vm->vcpu));
	rc = vm->vcpu ? vcpu_create(&vm->vcpu[0], vm, 0, e) :
	     error_set(e, -ENOMEM, "out of memory for a vCPU");
	if (!rc) {
		vm->vcpus = 1;
		host_check(h, "it is not set under a vCPU", true,
			   window_set(vm->fd, on) < 0);
		memcpy(vm->slot[0].hva + SMALL_CODE_GPA, SPIN,
		       sizeof(SPIN) - 1);
		rc = entry_long_mode(&vm->vcpu[0], vm->slot[0].hva,
				     SMALL_CODE_GPA, 0, e);
	}
	if (rc < 0)
		vm_destroy(vm);
	return rc < 0 ? rc : 0;
}

__host void window_judge(struct item_host *h)
{
	struct error e;
	struct vm vm;

	if (kvm_call_raw(h->vm->fd, KVM_CHECK_EXTENSION,
			 KVM_CAP_X86_NOTIFY_VMEXIT) <= 0) {
		host_verdict(h, ABI_SKIP, "this KVM, or its CPU, has no notify "
			     "VM-exits: KVM_CAP_X86_NOTIFY_VMEXIT is not there");
		return;
	}
	if (host_said(h, notified_vm_make(h, &vm, &e), &e))
		return;
	/* It can be interrupted all the time: nothing to be notified of. */
	small_vm_run(h, &vm.vcpu[0], KVM_EXIT_IO);
	vm_destroy(&vm);
}

PROBE(notify_window_spares_who_can_be_interrupted,
	.rule = "Where a CPU has notify VM-exits the window can be set, wrong flags are refused, "
		"and a guest that merely spins is not told on",
	.cite = CITE, .control = "a changed byte beside guest memory is caught",
	.needs = NEED_VMM, .watch = WATCH_OUTSIDE, .judge = HOST(window_judge))
{
	CHECK_EQ(ABI_MAGIC, mailbox->magic);
}
