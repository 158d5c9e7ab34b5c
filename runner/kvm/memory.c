/*
 * Memslots: mappings with guards around them, handed to KVM.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/backing.h"
#include "kvm/ioctl.h"
#include "kvm/recent.h"
#include "kvm/vm.h"

#define PAGE		4096ul
#define CANARY		0xc5
#define SLOT_KEPT	1

/*
 * [no access][canary][slot][canary][no access]. Huge pages need the slot
 * itself to be aligned, so the guard before it is stretched.
 */
static size_t guard_bytes(enum backing backing)
{
	size_t unit = backing_unit(backing);

	return unit > PAGE ? unit : 2 * PAGE;
}

/* The file stays open: to be a slot again needs it. */
static int guest_memfd_map(struct vm *vm, struct slot *s, uint8_t *hva,
			   size_t bytes, struct error *e)
{
	struct recent_guest_memfd file = {
		.bytes = bytes,
		.flags = RECENT_GUEST_MEMFD_MMAP |
			 RECENT_GUEST_MEMFD_INIT_SHARED,
	};

	s->guest_memfd = kvm_call(vm->fd, RECENT_CREATE_GUEST_MEMFD,
				  "KVM_CREATE_GUEST_MEMFD", (uintptr_t)&file,
				  e);
	if (s->guest_memfd < 0)
		return s->guest_memfd;
	if (mmap(hva, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		 s->guest_memfd, 0) != MAP_FAILED)
		return 0;
	return error_set(e, -errno, "guest memory of %zu bytes, a "
			 "guest_memfd: %s", bytes, strerror(errno));
}

static void slot_unmap(struct slot *s)
{
	if (s->guest_memfd >= 0)
		close(s->guest_memfd);
	munmap(s->map, s->map_bytes);
}

static int slot_map(struct vm *vm, struct slot *s, size_t bytes,
		    enum backing backing, struct error *e)
{
	size_t guard = guard_bytes(backing), unit = backing_unit(backing);
	size_t slack = unit > PAGE ? unit : 0;
	uint8_t *hva;
	int rc;

	s->map_bytes = bytes + 2 * guard + slack;
	s->map = mmap(NULL, s->map_bytes, PROT_NONE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (s->map == MAP_FAILED) {
		s->map = NULL;
		return error_set(e, -errno, "guest memory of %zu bytes: %s",
				 bytes, strerror(errno));
	}
	hva = s->map + guard;
	if (slack)
		hva = (uint8_t *)(((uintptr_t)hva + unit - 1) & ~(unit - 1));
	rc = backing == BACKING_GUEST_MEMFD ?
	     guest_memfd_map(vm, s, hva, bytes, e) :
	     backing_map(hva, bytes, backing, e);
	if (rc)
		goto fail;
	if (mprotect(hva - PAGE, PAGE, PROT_READ | PROT_WRITE) ||
	    mprotect(hva + bytes, PAGE, PROT_READ | PROT_WRITE)) {
		rc = error_set(e, -errno, "mprotect of the guards: %s",
			       strerror(errno));
		goto fail;
	}
	memset(hva - PAGE, CANARY, PAGE);
	memset(hva + bytes, CANARY, PAGE);
	s->hva = hva;
	return 0;
fail:
	slot_unmap(s);
	s->map = NULL;
	return rc;
}

/* With size 0 the older call does for these too. */
static int guest_memfd_register(struct vm *vm, int index, size_t bytes,
				struct error *e)
{
	struct slot *s = &vm->slot[index];
	struct recent_memory_region region = {
		.slot = (uint32_t)index,
		.flags = s->flags | RECENT_MEM_GUEST_MEMFD,
		.guest_phys_addr = s->gpa,
		.memory_size = bytes,
		.userspace_addr = (uintptr_t)s->hva,
		.guest_memfd = (uint32_t)s->guest_memfd,
	};

	return kvm_call(vm->fd, RECENT_SET_USER_MEMORY_REGION2,
			"KVM_SET_USER_MEMORY_REGION2", (uintptr_t)&region, e);
}

static int slot_register(struct vm *vm, int index, size_t bytes,
			 struct error *e)
{
	struct slot *s = &vm->slot[index];
	struct kvm_userspace_memory_region region = {
		.slot = (uint32_t)index,
		.flags = s->flags,
		.guest_phys_addr = s->gpa,
		.memory_size = bytes,
		.userspace_addr = (uintptr_t)s->hva,
	};

	if (bytes && s->guest_memfd >= 0)
		return guest_memfd_register(vm, index, bytes, e);
	if (vm->config.defects && !defects_slot(vm->config.defects, &region))
		return SLOT_KEPT;
	return KVM_IOCTL(vm->fd, KVM_SET_USER_MEMORY_REGION, &region, e);
}

int vm_memory_add(struct vm *vm, uint64_t gpa, size_t bytes, uint32_t flags,
		  enum backing backing, struct error *e)
{
	size_t unit = backing_unit(backing);
	struct slot *s;
	int i, rc;

	if (!bytes || bytes % unit || gpa % unit)
		return error_set(e, -EINVAL, "memory of %zu bytes at GPA "
				 "%#llx: must be a multiple of %zu", bytes,
				 (unsigned long long)gpa, unit);
	for (i = 0; i < VM_SLOTS_MAX && vm->slot[i].bytes; i++)
		;
	if (i == VM_SLOTS_MAX)
		return error_set(e, -ENOSPC, "all %d memslots are in use",
				 VM_SLOTS_MAX);
	s = &vm->slot[i];
	*s = (struct slot){ .gpa = gpa, .flags = flags, .guest_memfd = -1 };
	rc = slot_map(vm, s, bytes, backing, e);
	if (rc)
		return rc;
	rc = slot_register(vm, i, bytes, e);
	if (rc < 0) {
		slot_unmap(s);
		return rc;
	}
	s->bytes = bytes;
	return i;
}

int vm_memory_remove(struct vm *vm, int slot, struct error *e)
{
	struct slot *s = &vm->slot[slot];
	int rc = 0;

	if (!s->bytes)
		return 0;
	/* A dead VM takes its slots along; only the mapping is left. */
	if (vm->fd >= 0)
		rc = slot_register(vm, slot, 0, e);
	if (rc == SLOT_KEPT)	/* a defect: and its memory stays, too */
		rc = 0;
	else
		slot_unmap(s);
	*s = (struct slot){ .guest_memfd = -1 };
	return rc;
}

int vm_memory_remap(struct vm *vm, uint64_t gpa, struct error *e)
{
	for (int i = 0; i < VM_SLOTS_MAX; i++) {
		int rc;

		if (!vm->slot[i].bytes || vm->slot[i].gpa != gpa)
			continue;
		rc = slot_register(vm, i, 0, e);
		return rc < 0 ? rc : slot_register(vm, i, vm->slot[i].bytes, e);
	}
	return error_set(e, -ENOENT, "no memslot begins at GPA %#llx",
			 (unsigned long long)gpa);
}

void *vm_memory_at(struct vm *vm, uint64_t gpa, size_t bytes)
{
	for (int i = 0; i < VM_SLOTS_MAX; i++) {
		struct slot *s = &vm->slot[i];

		if (gpa >= s->gpa && gpa - s->gpa < s->bytes &&
		    bytes <= s->bytes - (gpa - s->gpa))
			return s->hva + (gpa - s->gpa);
	}
	return NULL;
}

static const uint8_t *canary_broken(const uint8_t *page)
{
	for (size_t i = 0; i < PAGE; i++)
		if (page[i] != CANARY)
			return page + i;
	return NULL;
}

bool vm_canaries_intact(const struct vm *vm, const void **hva)
{
	for (int i = 0; i < VM_SLOTS_MAX; i++) {
		const struct slot *s = &vm->slot[i];
		const uint8_t *bad;

		if (!s->bytes)
			continue;
		bad = canary_broken(s->hva - PAGE);
		if (!bad)
			bad = canary_broken(s->hva + s->bytes);
		if (bad) {
			*hva = bad;
			return false;
		}
	}
	return true;
}
