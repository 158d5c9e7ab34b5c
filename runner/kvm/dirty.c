/*
 * The dirty log, the dirty ring and what they are held to; see dirty.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "kvm/dirty.h"
#include "kvm/ioctl.h"

static int slot_find(const struct vm *vm, uint64_t gpa, struct error *e)
{
	for (int i = 0; i < VM_SLOTS_MAX; i++)
		if (vm->slot[i].bytes && vm->slot[i].gpa == gpa)
			return i;
	return error_set(e, -ENOENT, "no memslot begins at GPA %#llx",
			 (unsigned long long)gpa);
}

int dirty_log_switch(struct vm *vm, uint64_t gpa, bool on, struct error *e)
{
	struct kvm_userspace_memory_region region;
	int i = slot_find(vm, gpa, e), rc;
	struct slot *s;

	if (i < 0)
		return i;
	s = &vm->slot[i];
	region = (struct kvm_userspace_memory_region){
		.slot = (uint32_t)i,
		.flags = on ? s->flags | KVM_MEM_LOG_DIRTY_PAGES :
			      s->flags & ~(uint32_t)KVM_MEM_LOG_DIRTY_PAGES,
		.guest_phys_addr = gpa,
		.memory_size = s->bytes,
		.userspace_addr = (uintptr_t)s->hva,
	};
	rc = KVM_IOCTL(vm->fd, KVM_SET_USER_MEMORY_REGION, &region, e);
	if (rc < 0)
		return rc;
	s->flags = region.flags;
	return 0;
}

int dirty_log_get(struct vm *vm, uint64_t gpa, uint64_t *bitmap,
		  struct error *e)
{
	struct kvm_dirty_log log = { .dirty_bitmap = bitmap };
	int i = slot_find(vm, gpa, e), rc;

	if (i < 0)
		return i;
	log.slot = (uint32_t)i;
	rc = KVM_IOCTL(vm->fd, KVM_GET_DIRTY_LOG, &log, e);
	if (rc >= 0 && vm->config.defects)
		defects_dirty(vm->config.defects, bitmap,
			      (vm->slot[i].bytes / DIRTY_PAGE_BYTES + 63) / 64);
	return rc;
}

int dirty_log_manual(struct vm *vm, bool initially_set, struct error *e)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2,
		.args[0] = KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE |
			   (initially_set ? KVM_DIRTY_LOG_INITIALLY_SET : 0),
	};

	return KVM_IOCTL(vm->fd, KVM_ENABLE_CAP, &cap, e);
}

int dirty_log_clear(struct vm *vm, uint64_t gpa, uint64_t first,
		    uint64_t pages, uint64_t *bitmap, struct error *e)
{
	struct kvm_clear_dirty_log log = {
		.first_page = first,
		.num_pages = (uint32_t)pages,
		.dirty_bitmap = bitmap + first / 64,
	};
	int i = slot_find(vm, gpa, e);

	if (i < 0)
		return i;
	log.slot = (uint32_t)i;
	return KVM_IOCTL(vm->fd, KVM_CLEAR_DIRTY_LOG, &log, e);
}

int dirty_ring_open(struct dirty_ring *r, const struct vcpu *v,
		    struct error *e)
{
	uint32_t bytes = v->vm->config.dirty_ring_bytes;
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, v->fd,
			KVM_DIRTY_LOG_PAGE_OFFSET * (long)DIRTY_PAGE_BYTES);

	*r = (struct dirty_ring){ .entry = NULL };
	if (at == MAP_FAILED)
		return error_set(e, -errno, "mmap of the dirty ring: %s",
				 strerror(errno));
	r->entry = at;
	r->entries = bytes / (uint32_t)sizeof(*r->entry);
	return 0;
}

void dirty_ring_close(struct dirty_ring *r)
{
	if (r->entry)
		munmap(r->entry, r->entries * sizeof(*r->entry));
	r->entry = NULL;
}

int dirty_ring_harvest(struct dirty_ring *r, const struct vm *vm, uint64_t gpa,
		       uint64_t pages, uint64_t *bitmap, struct error *e)
{
	int slot = slot_find(vm, gpa, e), count = 0;

	if (slot < 0)
		return slot;
	for (;; r->next++, count++) {
		struct kvm_dirty_gfn *gfn = &r->entry[r->next % r->entries];
		uint32_t flags = __atomic_load_n(&gfn->flags, __ATOMIC_ACQUIRE);

		if (!(flags & KVM_DIRTY_GFN_F_DIRTY))
			return count;
		if (gfn->slot == (uint32_t)slot) {
			if (gfn->offset >= pages)
				return error_set(e, -EPROTO, "the dirty ring "
						 "names page %llu of %llu",
						 (unsigned long long)gfn->offset,
						 (unsigned long long)pages);
			bitmap[gfn->offset / 64] |= 1ull << gfn->offset % 64;
		}
		__atomic_store_n(&gfn->flags, KVM_DIRTY_GFN_F_RESET,
				 __ATOMIC_RELEASE);
	}
}

int dirty_ring_reset(struct vm *vm, struct error *e)
{
	return KVM_IOCTL_INT(vm->fd, KVM_RESET_DIRTY_RINGS, 0, e);
}

int dirty_watch_open(struct dirty_watch *w, uint64_t pages, struct error *e)
{
	w->pages = pages;
	w->word = calloc(pages, sizeof(*w->word));
	w->bitmap = calloc((pages + 63) / 64, sizeof(*w->bitmap));
	if (w->word && w->bitmap)
		return 0;
	dirty_watch_close(w);
	return error_set(e, -ENOMEM, "out of memory for a dirty log of %llu "
			 "pages", (unsigned long long)pages);
}

void dirty_watch_close(struct dirty_watch *w)
{
	free(w->word);
	free(w->bitmap);
	*w = (struct dirty_watch){ .word = NULL };
}

static uint64_t word_at(const uint8_t *hva, uint64_t page)
{
	return *(const volatile uint64_t *)(hva + page * DIRTY_PAGE_BYTES);
}

void dirty_watch_begin(struct dirty_watch *w, const uint8_t *hva)
{
	for (uint64_t i = 0; i < w->pages; i++)
		w->word[i] = word_at(hva, i);
	memset(w->bitmap, 0, (w->pages + 63) / 64 * sizeof(*w->bitmap));
}

int dirty_watch_check(const struct dirty_watch *w, const uint8_t *hva,
		      struct error *e)
{
	for (uint64_t i = 0; i < w->pages; i++) {
		bool changed = word_at(hva, i) != w->word[i];
		bool logged = w->bitmap[i / 64] >> i % 64 & 1;

		if (changed != logged)
			return error_set(e, -EBADMSG, changed ?
					 "page %llu was written, and the dirty "
					 "log does not say so" :
					 "page %llu is in the dirty log, and "
					 "nobody wrote it",
					 (unsigned long long)i);
	}
	return 0;
}
