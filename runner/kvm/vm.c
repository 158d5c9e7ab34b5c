/*
 * A VM from KVM_CREATE_VM to its end; only what the config asks for.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi.h"
#include "kvm/ioctl.h"
#include "kvm/vm.h"

/*
 * Where VMX without unrestricted guest keeps a TSS and an identity map of its
 * own: just under the firmware's top 16 MiB, as other VMMs have it. Harmless
 * elsewhere, and needed before the first vCPU.
 */
#define TSS_GPA			0xfeffd000ul

#define IOAPIC_PINS		24	/* of the one that user space plays */

static int msr_user_enable(struct vm *vm, struct error *e)
{
	uint8_t deny = 0;		/* bit 0 clear: ABI_MSR_USER is denied */
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_X86_USER_SPACE_MSR,
		.args[0] = KVM_MSR_EXIT_REASON_FILTER,
	};
	struct kvm_msr_filter filter = {
		.flags = KVM_MSR_FILTER_DEFAULT_ALLOW,
		.ranges[0] = {
			.flags = KVM_MSR_FILTER_READ | KVM_MSR_FILTER_WRITE,
			.base = ABI_MSR_USER,
			.nmsrs = 1,
			.bitmap = &deny,
		},
	};
	int rc;

	if (!vm->sys->msr_filter)
		return error_set(e, -EOPNOTSUPP, "this kernel's KVM has no "
				 "userspace MSR filter (Linux 5.10)");
	rc = KVM_IOCTL(vm->fd, KVM_ENABLE_CAP, &cap, e);
	if (rc < 0)
		return rc;
	return KVM_IOCTL(vm->fd, KVM_X86_SET_MSR_FILTER, &filter, e);
}

/* Only possible before the first vCPU. */
static int dirty_ring_enable(struct vm *vm, struct error *e)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_DIRTY_LOG_RING,
		.args[0] = vm->config.dirty_ring_bytes,
	};

	return KVM_IOCTL(vm->fd, KVM_ENABLE_CAP, &cap, e);
}

/* An xAPIC's IDs have 8 bits, and 255 means all: beyond, x2APIC's 32. */
static int x2apic_ids_enable(struct vm *vm, struct error *e)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_X2APIC_API,
		.args[0] = KVM_X2APIC_API_USE_32BIT_IDS |
			   KVM_X2APIC_API_DISABLE_BROADCAST_QUIRK,
	};

	return KVM_IOCTL(vm->fd, KVM_ENABLE_CAP, &cap, e);
}

static int irqchip_create(struct vm *vm, struct error *e)
{
	struct kvm_enable_cap split = {
		.cap = KVM_CAP_SPLIT_IRQCHIP, .args[0] = IOAPIC_PINS,
	};
	/* Port 61H is the PIT's too: its gate and its output are there. */
	const struct kvm_pit_config pit = { .flags = KVM_PIT_SPEAKER_DUMMY };
	int rc = 0;

	if (vm->config.irqchip_split)
		rc = KVM_IOCTL(vm->fd, KVM_ENABLE_CAP, &split, e);
	else if (vm->config.irqchip)
		rc = KVM_IOCTL_INT(vm->fd, KVM_CREATE_IRQCHIP, 0, e);
	if (rc >= 0 && vm->config.pit)
		rc = KVM_IOCTL(vm->fd, KVM_CREATE_PIT2, &pit, e);
	if (rc < 0 || vm->config.vcpus < 255 ||
	    !(vm->config.irqchip || vm->config.irqchip_split))
		return rc;
	return x2apic_ids_enable(vm, e);
}

static int vcpus_create(struct vm *vm, struct error *e)
{
	vm->vcpu = calloc(vm->config.vcpus, sizeof(*vm->vcpu));
	if (!vm->vcpu)
		return error_set(e, -ENOMEM, "out of memory for %u vCPUs",
				 vm->config.vcpus);
	for (unsigned int i = 0; i < vm->config.vcpus; i++) {
		int rc = vcpu_create(&vm->vcpu[i], vm, i, e);

		if (rc)
			return rc;
		vm->vcpus++;
	}
	return 0;
}

static int vm_stats_open(struct vm *vm, struct error *e)
{
	struct stats_layout *layout = &vm->sys->vm_stats;

	if (!vm->config.vm_stats || !vm->sys->binary_stats)
		return 0;
	vm->stats_fd = KVM_IOCTL_INT(vm->fd, KVM_GET_STATS_FD, 0, e);
	if (vm->stats_fd < 0)
		return vm->stats_fd;
	return layout->count ? 0 : stats_layout_read(layout, vm->stats_fd, e);
}

static int vm_populate(struct vm *vm, struct error *e)
{
	int rc;

	rc = KVM_IOCTL_INT(vm->fd, KVM_SET_TSS_ADDR, TSS_GPA, e);
	if (rc < 0)
		return rc;
	rc = vm_memory_add(vm, 0, vm->config.ram_bytes, 0, vm->config.backing,
			   e);
	if (rc < 0)
		return rc;
	rc = irqchip_create(vm, e);
	if (rc < 0)
		return rc;
	if (vm->config.defects) {
		rc = defects_msr_filter(vm, vm->config.msr_user ? ABI_MSR_USER :
					0, e);
		if (rc < 0)
			return rc;
	} else if (vm->config.msr_user) {
		rc = msr_user_enable(vm, e);
		if (rc < 0)
			return rc;
	}
	rc = vm_doorbells_create(vm, e);
	if (rc)
		return rc;
	rc = vm_stats_open(vm, e);
	if (rc)
		return rc;
	if (vm->config.dirty_ring_bytes) {
		rc = dirty_ring_enable(vm, e);
		if (rc < 0)
			return rc;
	}
	return vcpus_create(vm, e);
}

int vm_create(struct vm *vm, struct kvm_system *sys,
	      const struct vm_config *config, struct error *e)
{
	int rc;

	memset(vm, 0, sizeof(*vm));
	vm->sys = sys;
	vm->config = *config;
	vm->stats_fd = -1;
	for (int i = 0; i < VM_EVENTFDS; i++)
		vm->eventfd[i] = -1;
	vm->fd = KVM_IOCTL_INT(sys->fd, KVM_CREATE_VM, 0, e);
	if (vm->fd < 0)
		return vm->fd;
	rc = vm_populate(vm, e);
	if (rc)
		vm_destroy(vm);
	return rc;
}

void vm_destroy(struct vm *vm)
{
	while (vm->attached) {
		struct vm_attached *a = vm->attached;

		vm->attached = a->next;
		a->destroy(a);
	}
	for (unsigned int i = 0; i < vm->vcpus; i++)
		vcpu_destroy(&vm->vcpu[i]);
	free(vm->vcpu);
	vm->vcpu = NULL;
	vm->vcpus = 0;
	vm_doorbells_destroy(vm);
	if (vm->stats_fd >= 0)
		close(vm->stats_fd);
	vm->stats_fd = -1;
	if (vm->fd >= 0)
		close(vm->fd);
	vm->fd = -1;
	for (int i = 0; i < VM_SLOTS_MAX; i++)
		vm_memory_remove(vm, i, NULL);
}
