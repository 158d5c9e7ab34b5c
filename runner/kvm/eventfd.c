/*
 * Doorbells that KVM answers by itself: coalesced zones, which collect writes
 * in a ring until somebody looks, and ioeventfds, which turn one into an
 * eventfd's count.
 */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "abi.h"
#include "kvm/ioctl.h"
#include "kvm/vm.h"

#define ZONE_BYTES	4

static int coalesced_create(struct vm *vm, struct error *e)
{
	struct kvm_coalesced_mmio_zone mmio = {
		.addr = ABI_MMIO_GPA + ABI_MMIO_COALESCED, .size = ZONE_BYTES,
	};
	struct kvm_coalesced_mmio_zone pio = {
		.addr = ABI_PORT_COALESCED, .size = ZONE_BYTES, .pio = 1,
	};
	int rc;

	if (!vm->sys->coalesced_pio)
		return error_set(e, -EOPNOTSUPP, "this kernel's KVM has no "
				 "coalesced PIO (Linux 4.20)");
	rc = KVM_IOCTL(vm->fd, KVM_REGISTER_COALESCED_MMIO, &mmio, e);
	if (rc < 0)
		return rc;
	return KVM_IOCTL(vm->fd, KVM_REGISTER_COALESCED_MMIO, &pio, e);
}

static int ioeventfd_add(struct vm *vm, int index, uint64_t at,
			 uint32_t flags, struct error *e)
{
	struct kvm_ioeventfd io = {
		.addr = at, .len = 4, .flags = flags,
		.datamatch = ABI_DATAMATCH,
	};
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (fd < 0)
		return error_set(e, -errno, "eventfd: %s", strerror(errno));
	vm->eventfd[index] = fd;
	io.fd = fd;
	return KVM_IOCTL(vm->fd, KVM_IOEVENTFD, &io, e);
}

static int ioeventfds_create(struct vm *vm, struct error *e)
{
	const uint32_t pio = KVM_IOEVENTFD_FLAG_PIO;
	const uint32_t match = KVM_IOEVENTFD_FLAG_DATAMATCH;
	const struct {
		uint64_t at;
		uint32_t flags;
	} door[VM_EVENTFDS] = {
		{ ABI_PORT_EVENTFD, pio },
		{ ABI_PORT_EVENTFD_MATCH, pio | match },
		{ ABI_MMIO_GPA + ABI_MMIO_EVENTFD, 0 },
		{ ABI_MMIO_GPA + ABI_MMIO_EVENTFD_MATCH, match },
	};

	for (int i = 0; i < VM_EVENTFDS; i++) {
		int rc = ioeventfd_add(vm, i, door[i].at, door[i].flags, e);

		if (rc < 0)
			return rc;
	}
	return 0;
}

int vm_doorbells_create(struct vm *vm, struct error *e)
{
	int rc = 0;

	if (vm->config.coalesced)
		rc = coalesced_create(vm, e);
	if (rc >= 0 && vm->config.ioeventfd)
		rc = ioeventfds_create(vm, e);
	return rc < 0 ? rc : 0;
}

void vm_coalesced_drain(struct vm *vm)
{
	struct kvm_coalesced_mmio_ring *ring;

	if (!vm->config.coalesced || !vm->sys->coalesced_page)
		return;
	/* The VM has one ring; any vCPU's mapping shows it. */
	ring = (void *)((uint8_t *)vm->vcpu[0].run +
			(size_t)vm->sys->coalesced_page * 4096);
	__atomic_store_n(&ring->first,
			 __atomic_load_n(&ring->last, __ATOMIC_ACQUIRE),
			 __ATOMIC_RELEASE);
}

void vm_doorbells_destroy(struct vm *vm)
{
	for (int i = 0; i < VM_EVENTFDS; i++) {
		if (vm->eventfd[i] >= 0)
			close(vm->eventfd[i]);
		vm->eventfd[i] = -1;
	}
}
