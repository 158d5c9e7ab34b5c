/*
 * Memslots: mappings with guards around them, handed to KVM.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/backing.h"
#include "kvm/ioctl.h"
#include "kvm/vm.h"

#define PAGE		4096ul
#define CANARY		0xc5

/*
 * [no access][canary][slot][canary][no access]. Huge pages need the slot
 * itself to be aligned, so the guard before it is stretched.
 */
static size_t guard_bytes(enum backing backing)
{
	size_t unit = backing_unit(backing);

	return unit > PAGE ? unit : 2 * PAGE;
}

static int slot_map(struct slot *s, size_t bytes, enum backing backing,
		    struct error *e)
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
	rc = backing_map(hva, bytes, backing, e);
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
	munmap(s->map, s->map_bytes);
	s->map = NULL;
	return rc;
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
	*s = (struct slot){ .gpa = gpa, .flags = flags };
	rc = slot_map(s, bytes, backing, e);
	if (rc)
		return rc;
	rc = slot_register(vm, i, bytes, e);
	if (rc < 0) {
		munmap(s->map, s->map_bytes);
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
	munmap(s->map, s->map_bytes);
	*s = (struct slot){ 0 };
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
