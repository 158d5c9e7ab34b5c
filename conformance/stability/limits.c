/*
 * At the limits that KVM names itself, everything still works; one beyond, it
 * says no and nothing else.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "item_host.h"
#include "kvm/ioctl.h"
#include "kvm/vm.h"
#include "measure/rng.h"
#include "suite.h"
#include "x86_64/entry.h"

#define SLOTS_GPA	0x200000000ull	/* above all that the image has */
#define SLOTS		512u		/* of KVM's 32,764: time's limit */
#define VMS		32u
#define PAGE		4096ull
#define CITE		"Linux, KVM API, KVM_CAP_MAX_VCPUS, KVM_CAP_MAX_VCPU_ID, "	\
			"KVM_CAP_NR_MEMSLOTS"

__host int capability(struct item_host *h, int cap)
{
	return kvm_call_raw(h->vm->fd, KVM_CHECK_EXTENSION, (uintptr_t)cap);
}

__host void beyond_judge(struct item_host *h)
{
	int ids = capability(h, KVM_CAP_MAX_VCPU_ID);
	int slots = capability(h, KVM_CAP_NR_MEMSLOTS);
	struct kvm_userspace_memory_region region = {
		.slot = (uint32_t)slots, .guest_phys_addr = SLOTS_GPA,
		.memory_size = PAGE, .userspace_addr = (uintptr_t)h->ram,
	};
	int fd;

	if (ids <= 0)
		ids = capability(h, KVM_CAP_MAX_VCPUS);
	host_check(h, "KVM has slots and vCPUs", true, ids > 0 && slots > 0);
	host_check(h, "a vCPU of the first ID that is none", true,
		   kvm_call_raw(h->vm->fd, KVM_CREATE_VCPU,
				(uintptr_t)ids) < 0);
	host_check(h, "a vCPU that there is already", true,
		   kvm_call_raw(h->vm->fd, KVM_CREATE_VCPU, 0) < 0);
	host_check(h, "a vCPU of the highest 32 bits", true,
		   kvm_call_raw(h->vm->fd, KVM_CREATE_VCPU,
				0xffffffffu) < 0);
	host_check(h, "a slot of the first number that is none", true,
		   kvm_call_raw(h->vm->fd, KVM_SET_USER_MEMORY_REGION,
				(uintptr_t)&region) < 0);
	fd = kvm_call_raw(h->vm->fd, KVM_CREATE_VCPU, (uintptr_t)ids - 1);
	host_check(h, "a vCPU of the last ID", true, fd >= 0);
	if (fd >= 0)
		close(fd);
}

PROBE(beyond_the_limits_is_refused,
	.rule = "A vCPU ID and a slot number beyond the last are refused; the last vCPU ID "
		"is not",
	.cite = CITE, .control = "a VM whose last vCPU ID is taken is caught",
	.needs = NEED_VMM, .watch = WATCH_OUTSIDE, .judge = HOST(beyond_judge))
{
	CHECK_EQ(ABI_MAGIC, mailbox->magic);
}

static uint8_t *many;

__host void slots_prepare(struct item_host *h)
{
	struct error e;

	many = mmap(NULL, SLOTS * PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (many == MAP_FAILED) {
		many = NULL;
		host_verdict(h, ABI_ERROR, "no memory for many slots");
	}
	/* Every other page, so that no two of them could be one. */
	for (uint32_t i = 0; many && i < SLOTS; i++) {
		const struct kvm_userspace_memory_region region = {
			.slot = VM_SLOTS_MAX + i, .memory_size = PAGE,
			.guest_phys_addr = SLOTS_GPA + 2 * i * PAGE,
			.userspace_addr = (uintptr_t)many + i * PAGE,
		};

		*(uint64_t *)(many + i * PAGE) = SLOTS - i;
		if (host_said(h, KVM_IOCTL(h->vm->fd,
					   KVM_SET_USER_MEMORY_REGION, &region,
					   &e), &e))
			return;
	}
}

__host void slots_judge(struct item_host *h)
{
	uint64_t wrong = 0;

	for (uint32_t i = 0; i < SLOTS; i++)
		wrong += *(uint64_t *)(many + i * PAGE + 8) != i + 1;
	host_check(h, "slots that the guest did not write", 0, wrong);
	host_check(h, "accesses between slots that reached the VMM", SLOTS,
		   h->vm->unclaimed.mmio_reads);
}

__host void slots_finish(struct item_host *h)
{
	(void)h;
	if (many)
		munmap(many, SLOTS * PAGE);
	many = NULL;
}

static uint64_t pd[512] __attribute__((aligned(4096), unused));

PROBE(many_slots_are_all_there,
	.rule = "Hundreds of slots of one page with holes between them are each their own "
		"memory, and the holes the VMM's",
	.cite = CITE, .control = "a page of memory in one of the holes is caught",
	.needs = NEED_VMM, .watch = WATCH_OUTSIDE,
	.prepare = HOST(slots_prepare), .judge = HOST(slots_judge),
	.finish = HOST(slots_finish))
{
	uint64_t *pml4 = (uint64_t *)(read_cr3() & 0x000ffffffffff000ull);
	uint64_t *pdpt = (uint64_t *)(pml4[0] & 0x000ffffffffff000ull);
	uint64_t wrong = 0;

	for (uint32_t i = 0; i < 4; i++)
		pd[i] = (SLOTS_GPA + ((uint64_t)i << 21)) | 0x87;
	pdpt[8] = (uint64_t)pd | 7;
	write_cr3(read_cr3());
	for (uint64_t i = 0; i < SLOTS; i++) {
		volatile uint64_t *at = (volatile uint64_t *)
					(SLOTS_GPA + 2 * i * PAGE);

		wrong += at[0] != SLOTS - i;
		at[1] = i + 1;
		wrong += at[512] != ~0ull;
	}
	CHECK_EQ(0, wrong);
}

static struct vm vms[VMS];
static unsigned int vms_made;

/* hlt; each of them has entered it. */
__host void vms_judge(struct item_host *h)
{
	const struct vm_config config = {
		.ram_bytes = 1 << 20, .backing = BACKING_ANON, .vcpus = 1,
	};
	unsigned int halted = 0;
	struct error e;

	for (; vms_made < VMS; vms_made++) {
		struct vm *vm = &vms[vms_made];

		if (host_said(h, vm_create(vm, h->vm->sys, &config, &e), &e))
			return;
		vm->slot[0].hva[0x20000] = 0xf4;
		host_said(h, entry_long_mode(&vm->vcpu[0], vm->slot[0].hva,
					     0x20000, 0, &e), &e);
	}
	for (unsigned int i = 0; i < VMS; i++)
		halted += !ioctl(vms[i].vcpu[0].fd, KVM_RUN, 0) &&
			  vms[i].vcpu[0].run->exit_reason == KVM_EXIT_HLT;
	host_check(h, "VMs that ran, all at once there", VMS, halted);
	while (vms_made)
		vm_destroy(&vms[--vms_made]);
}

__host void vms_finish(struct item_host *h)
{
	(void)h;
	while (vms_made)
		vm_destroy(&vms[--vms_made]);
}

PROBE(many_vms_all_run,
	.rule = "Dozens of VMs side by side each run, and end leaving nothing",
	.cite = CITE ", KVM_CREATE_VM",
	.control = "a changed byte beside guest memory is caught",
	.needs = NEED_VMM, .watch = WATCH_OUTSIDE, .judge = HOST(vms_judge),
	.finish = HOST(vms_finish))
{
	CHECK_EQ(ABI_MAGIC, mailbox->magic);
}
