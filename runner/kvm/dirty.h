/*
 * Which pages did the guest write? KVM's two ways to tell, the dirty log of a
 * memslot and the dirty ring of a vCPU, and a way to hold both to account.
 *
 * A slot is named by the GPA at which it begins. All functions return 0 (or
 * a count) or -errno and explain themselves through `struct error`. Bitmaps
 * have a bit for each page of 4 KiB, the lowest first, as KVM has them.
 * Source: Linux, KVM API, KVM_GET_DIRTY_LOG, KVM_CLEAR_DIRTY_LOG,
 * KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2, KVM_CAP_DIRTY_LOG_RING.
 */
#ifndef VMGAUGE_KVM_DIRTY_H
#define VMGAUGE_KVM_DIRTY_H

#include <linux/kvm.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "kvm/vm.h"

#define DIRTY_PAGE_BYTES	4096ull

/* Of each vCPU: entries of 16 bytes, of which KVM keeps some hundreds. */
#define DIRTY_RING_BYTES	(128u << 10)

/* Logging on or off; already being so is no error. */
int dirty_log_switch(struct vm *vm, uint64_t gpa, bool on, struct error *e);

/* Fetches the log; unless manual, also protects the dirty pages again. */
int dirty_log_get(struct vm *vm, uint64_t gpa, uint64_t *bitmap,
		  struct error *e);

/*
 * From now on fetching protects nothing and dirty_log_clear() does. With
 * `initially_set`, enabling protects nothing either: all pages begin dirty.
 */
int dirty_log_manual(struct vm *vm, bool initially_set, struct error *e);

/*
 * Protects the pages that `bitmap` (of the whole slot) names, of `pages` from
 * `first`, which must be a multiple of 64, as must `pages` except at the end.
 */
int dirty_log_clear(struct vm *vm, uint64_t gpa, uint64_t first,
		    uint64_t pages, uint64_t *bitmap, struct error *e);

/* A vCPU's ring, made with vm_config.dirty_ring_bytes; mapped while open. */
struct dirty_ring {
	struct kvm_dirty_gfn *entry;	/* NULL: not open */
	uint32_t entries;
	uint32_t next;			/* the first that is not harvested */
};

int dirty_ring_open(struct dirty_ring *r, const struct vcpu *v,
		    struct error *e);
void dirty_ring_close(struct dirty_ring *r);

/*
 * Takes what is in the ring and sets its bits; what belongs to other slots
 * is taken too, and left out. -EPROTO when an entry lies beyond `pages`.
 * Returns how many were taken.
 */
int dirty_ring_harvest(struct dirty_ring *r, const struct vm *vm, uint64_t gpa,
		       uint64_t pages, uint64_t *bitmap, struct error *e);

/* Gives harvested entries back and protects their pages; how many. */
int dirty_ring_reset(struct vm *vm, struct error *e);

/*
 * The other witness: the memory itself. Each write changes the first word of
 * its page, so that what was written can be seen without KVM.
 */
struct dirty_watch {
	uint64_t *word;			/* of each page, when last looked at */
	uint64_t *bitmap;		/* room for a log of all pages */
	uint64_t pages;
};

int dirty_watch_open(struct dirty_watch *w, uint64_t pages, struct error *e);
void dirty_watch_close(struct dirty_watch *w);

/* Remembers memory as it is now, and empties the bitmap. */
void dirty_watch_begin(struct dirty_watch *w, const uint8_t *hva);

/*
 * 0 when the bitmap names exactly the pages that changed; -EBADMSG with the
 * first page that was lost, or that nobody had written.
 */
int dirty_watch_check(const struct dirty_watch *w, const uint8_t *hva,
		      struct error *e);

#endif
