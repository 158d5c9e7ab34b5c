/*
 * Other threads of the VMM call on the kernel while a vCPU runs: slots, clock,
 * interrupts, statistics, ioeventfds, vCPUs that come later. Nothing breaks.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "item_host.h"
#include "kvm/ioctl.h"
#include "kvm/vm.h"
#include "racer.h"
#include "suite.h"

#define SLOT_GPA	0x20000000ull
#define PAGE		4096ull
#define WORD		0x5ec2e75ec2e75ec2ull

__host bool slot_call(struct item_host *h, uint64_t n)
{
	static uint8_t at[16 * PAGE] __attribute__((aligned(4096)));
	const struct kvm_userspace_memory_region region = {
		.slot = VM_SLOTS_MAX + (uint32_t)(n / 2 % 4),
		.guest_phys_addr = SLOT_GPA + n / 2 % 4 * sizeof(at),
		.memory_size = n & 1 ? 0 : sizeof(at),
		.userspace_addr = (uintptr_t)at,
		.flags = n & 1 ? 0 : (n / 8 & 1 ? KVM_MEM_LOG_DIRTY_PAGES : 0),
	};

	return kvm_call_raw(h->vm->fd, KVM_SET_USER_MEMORY_REGION,
			    (uintptr_t)&region) >= 0;
}

__host void slots_prepare(struct item_host *h)
{
	race_begin(h, slot_call);
}

RACE(slots_come_and_go_beside_a_running_vcpu,
	"Slots that are added, logged and removed all the time leave a running guest's "
	"own memory alone", slots_prepare, .rings = RING0 | RING3)
{
	exits_and_memory();
}

__host bool query_call(struct item_host *h, uint64_t n)
{
	struct kvm_clock_data clock;
	uint64_t bits = 0;
	struct kvm_dirty_log none = { .slot = 31, .dirty_bitmap = &bits };

	switch (n % 4) {
	case 0:
		return kvm_call_raw(h->vm->fd, KVM_GET_CLOCK,
				    (uintptr_t)&clock) >= 0;
	case 1:
		return kvm_call_raw(h->vm->fd, KVM_CHECK_EXTENSION,
				    KVM_CAP_NR_MEMSLOTS) > 0;
	case 2:		/* there is no such slot */
		return kvm_call_raw(h->vm->fd, KVM_GET_DIRTY_LOG,
				    (uintptr_t)&none) < 0;
	default:
		return kvm_call_raw(h->vm->fd, KVM_SET_NR_MMU_PAGES,
				    64 + n % 64) >= 0;
	}
}

__host void queries_prepare(struct item_host *h)
{
	race_begin(h, query_call);
}

RACE(queries_and_limits_beside_a_running_vcpu,
	"The clock is read, the MMU's page limit changed and nonsense asked for while a "
	"guest runs", queries_prepare, .rings = RING0 | RING3)
{
	exits_and_memory();
}

__host bool doorbell_call(struct item_host *h, uint64_t n)
{
	static int fd = -1;
	struct kvm_ioeventfd bell = {
		.addr = ABI_HOLE_GPA + 0x800, .len = 4,
	};
	bool ok;

	if (!(n & 1))
		fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	bell.fd = fd;
	bell.flags = n & 1 ? KVM_IOEVENTFD_FLAG_DEASSIGN : 0;
	ok = fd >= 0 && kvm_call_raw(h->vm->fd, KVM_IOEVENTFD,
				     (uintptr_t)&bell) >= 0;
	if (n & 1 || !ok) {
		close(fd);
		fd = -1;
	}
	/* Never stopped in between: the descriptor would stay open. */
	if (!(n & 1) && ok && race_stops())
		return doorbell_call(h, n + 1);
	return ok;
}

__host void doorbells_prepare(struct item_host *h)
{
	race_begin(h, doorbell_call);
}

RACE(doorbells_come_and_go_beside_a_running_vcpu,
	"ioeventfds that are made and closed under a guest that rings them lose nothing "
	"and leave nothing", doorbells_prepare, .rings = RING0 | RING3)
{
	uint64_t begin = tsc_read(), rung = 0;

	for (; racing(begin); rung++)
		mmio_write32(ABI_HOLE_GPA + 0x800, (uint32_t)rung);
	CHECK(rung > 0);
}

__host bool vm_call(struct item_host *h, uint64_t n)
{
	const struct vm_config config = {
		.ram_bytes = 1 << 20, .backing = BACKING_ANON,
		.vcpus = 1 + n % 3, .irqchip = n & 1,
	};
	struct error e;
	struct vm vm;

	if (vm_create(&vm, h->vm->sys, &config, &e))
		return false;
	vm_destroy(&vm);
	return true;
}

__host void vms_prepare(struct item_host *h)
{
	race_begin(h, vm_call);
}

RACE(vms_come_and_go_beside_a_running_vcpu,
	"Other VMs that are made and ended all the time leave a running guest alone",
	vms_prepare, .rings = RING0 | RING3)
{
	exits_and_memory();
}

/* Its own vCPU's ioctls wait for it, or interrupt nothing. */
__host bool late_vcpu_call(struct item_host *h, uint64_t n)
{
	const struct timespec rest = { .tv_nsec = 200000 };
	int fd;

	nanosleep(&rest, NULL);
	if (n >= 16)
		return true;
	fd = kvm_call_raw(h->vm->fd, KVM_CREATE_VCPU, 1 + n);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

__host void late_prepare(struct item_host *h)
{
	race_begin(h, late_vcpu_call);
}

RACE(vcpus_come_beside_a_running_one,
	"vCPUs that are added to a running VM, and closed without ever running, leave the "
	"one that runs alone", late_prepare, .rings = RING0 | RING3)
{
	exits_and_memory();
}
