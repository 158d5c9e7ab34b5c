/*
 * What the host pays for the dirty log: switching it on, fetching it,
 * protecting pages again, switching it off; and all of that as one pass of
 * pre-copy migration.
 *
 * Before each pass the guest writes every page of the arena, so that there
 * is the same to be done each time.
 */
#include <string.h>

#include "logged_pass.h"

#define SMALL_CHUNK	64ull

__guest void pass_write(void)
{
	area_write(PASS_PAGES);
}

__guest void pass_setup(void)
{
	ring3_call(pass_write);
}

/* With the log off, so that every page is mapped writable. */
__guest void unlogged_write(void)
{
	mailbox->ret[0] = REWIND_OFF;
	bell_ring(ABI_BELL_REWIND);
	pass_write();
	mailbox->ret[0] = REWIND_NOTHING;
}

__guest void unlogged_rewind(void)
{
	ring3_call(unlogged_write);
}

/* Enabling protects nothing: that comes with the first clear. */
__host int initially_set_setup(struct item_host *h)
{
	struct error e;
	int rc = dirty_log_manual(h->vm, true, &e);

	return rc < 0 ? host_said(h, rc, &e) : log_setup(h);
}

__host int clear_small_block(struct item_host *h, uint64_t ops)
{
	(void)ops;
	return clear_by(h, SMALL_CHUNK);
}

/* Fetch, copy away what is dirty, leave it protected: a pass of pre-copy. */
__host int precopy_block(struct item_host *h, uint64_t ops)
{
	static uint8_t out[64][4096];
	struct dirty_watch *w = h->opaque;
	int rc = log_fetch(h);

	(void)ops;
	for (uint64_t i = 0; i < w->pages / 64 && !rc; i++)
		for (uint64_t left = w->bitmap[i]; left; left &= left - 1) {
			int bit = __builtin_ctzll(left);

			memcpy(out[bit], h->arena + (i * 64 + bit) * 4096, 4096);
			/* Whoever sends it reads it. */
			__asm__ volatile("" :: "r"(out[bit]) : "memory");
		}
	return rc;
}

#define PER_PAGE	.per = "page", .per_op = PASS_PAGES

#define PASS(id, text, prepare, before, block, ...)			\
	BENCH(id,							\
		.summary = text,					\
		.max_ops = 1,						\
		.paced = true,						\
		.setup = GUEST(pass_setup),				\
		.rewind = GUEST(before),				\
		.host_block = HOST(block),				\
		.exits = EXITS(0, 0),					\
		.arena = { .bytes = PASS_BYTES, .populate = true },	\
		.needs = NEED_VMM,					\
		.cite = CITE_LOG,					\
		.host_setup = HOST(prepare),				\
		.host_teardown = HOST(log_teardown),			\
		__VA_ARGS__						\
	)

PASS(dirty_enable, "Logging switched on for a slot of 512 mapped pages",
     log_setup, unlogged_rewind, enable_block, .host_rewind = HOST(off_rewind),
	.reading = "Every mapping is write-protected, or (kvm_intel.pml) its dirty flag cleared. "
		   "Compare memslot_flags_1: the same for a slot of one page.");
PASS(dirty_enable_initially_set, "Logging switched on with all pages held to be dirty",
     initially_set_setup, unlogged_rewind, enable_block, .host_rewind = HOST(off_rewind),
	.unavailable = HOST(manual_unavailable),
	.reading = "The protecting is put off until pages are cleared: compare dirty_enable.");
PASS(dirty_disable, "Logging switched off for a slot of 512 written pages",
     log_setup, pass_setup, disable_block, .host_rewind = HOST(on_rewind));
PASS(dirty_get_log, "KVM_GET_DIRTY_LOG of 512 written pages, which protects them again",
     log_setup, pass_setup, get_block, .host_verify = HOST(all_written),
	PER_PAGE);
PASS(dirty_get_log_manual, "KVM_GET_DIRTY_LOG of 512 written pages, nothing protected",
     manual_setup, pass_setup, get_block, .host_verify = HOST(all_written),
	.unavailable = HOST(manual_unavailable),
	PER_PAGE);
PASS(dirty_clear_log_64, "KVM_CLEAR_DIRTY_LOG of 512 written pages, 64 in a call",
     manual_setup, pass_setup, clear_small_block, .host_rewind = HOST(log_fetch),
	.host_verify = HOST(none_left),
	.unavailable = HOST(manual_unavailable),
	PER_PAGE);
PASS(dirty_clear_log_all, "KVM_CLEAR_DIRTY_LOG of 512 written pages, in one call",
     manual_setup, pass_setup, clear_all_block, .host_rewind = HOST(log_fetch),
	.host_verify = HOST(none_left),
	.unavailable = HOST(manual_unavailable),
	PER_PAGE);
PASS(precopy_pass, "A pass of pre-copy: the log fetched, 512 written pages copied away",
     log_setup, pass_setup, precopy_block, .host_verify = HOST(all_written),
	.reading = "The TSC's frequency divided by it is pages per second: a guest that writes "
		   "more of them is never caught up with.",
	PER_PAGE);

BENCH(dirty_get_log_clean,
	.summary = "KVM_GET_DIRTY_LOG of 4,096 pages that nobody wrote",
	.reading = "For the whole slot, not a page: the floor under every fetch.",
	.host_block = HOST(get_block),
	.exits = EXITS(0, 0),
	LOGGED,
);
