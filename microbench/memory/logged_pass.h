/*
 * What a host does with a dirty log, pass by pass, whatever its size is: rows
 * of one size, and rows over sizes.
 */
#ifndef VMGAUGE_MEMORY_LOGGED_PASS_H
#define VMGAUGE_MEMORY_LOGGED_PASS_H

#include "logged.h"

/* What the guest wants of host_rewind(), in its mailbox's ret[0]. */
enum { REWIND_BATCH = 0, REWIND_NOTHING, REWIND_OFF };

__host int manual_setup(struct item_host *h)
{
	struct error e;
	int rc = dirty_log_manual(h->vm, false, &e);

	return rc < 0 ? host_said(h, rc, &e) : log_setup(h);
}

__host int off_rewind(struct item_host *h)
{
	struct error e;

	if (h->mailbox->ret[0] != REWIND_OFF)
		return 0;
	return host_said(h, dirty_log_switch(h->vm, ABI_ARENA_GPA, false, &e), &e);
}

__host int on_rewind(struct item_host *h)
{
	struct error e;

	return host_said(h, dirty_log_switch(h->vm, ABI_ARENA_GPA, true, &e), &e);
}

__host int enable_block(struct item_host *h, uint64_t ops)
{
	(void)ops;
	return on_rewind(h);
}

__host int disable_block(struct item_host *h, uint64_t ops)
{
	struct error e;

	(void)ops;
	return host_said(h, dirty_log_switch(h->vm, ABI_ARENA_GPA, false, &e), &e);
}

__host int get_block(struct item_host *h, uint64_t ops)
{
	int rc = 0;

	while (ops-- && !rc)
		rc = log_fetch(h);
	return rc;
}

__host int clear_by(struct item_host *h, uint64_t chunk)
{
	struct dirty_watch *w = h->opaque;
	struct error e;
	int rc = 0;

	for (uint64_t at = 0; at < w->pages && rc >= 0; at += chunk)
		rc = dirty_log_clear(h->vm, ABI_ARENA_GPA, at, chunk,
				     w->bitmap, &e);
	return host_said(h, rc, &e);
}

__host int clear_all_block(struct item_host *h, uint64_t ops)
{
	(void)ops;
	return clear_by(h, ((struct dirty_watch *)h->opaque)->pages);
}

/*
 * The log before is emptied by the guest's own rewind; this fetches anew. The
 * guest wrote the first so many pages.
 */
__host int first_written(struct item_host *h, uint64_t pages)
{
	const struct dirty_watch *w = h->opaque;

	for (uint64_t i = 0; i < w->pages / 64; i++)
		if (w->bitmap[i] != (i < pages / 64 ? ~0ull : 0)) {
			host_verdict(h, ABI_ERROR, "the dirty log does not have exactly the "
				     "pages that the guest wrote");
			return -1;
		}
	return 0;
}

__host int all_written(struct item_host *h)
{
	return first_written(h, ((struct dirty_watch *)h->opaque)->pages);
}

/* Once cleared, nothing may be in the log until the guest writes again. */
__host int cleared(struct item_host *h, uint64_t pages)
{
	const struct dirty_watch *w = h->opaque;
	int rc = first_written(h, pages);

	if (!rc)
		rc = log_fetch(h);
	for (uint64_t i = 0; i < w->pages / 64 && !rc; i++)
		if (w->bitmap[i]) {
			host_verdict(h, ABI_ERROR, "pages that were cleared are still in the log");
			rc = -1;
		}
	return rc;
}

__host int none_left(struct item_host *h)
{
	return cleared(h, ((struct dirty_watch *)h->opaque)->pages);
}

__host const char *manual_unavailable(struct target_context *ctx)
{
	return kvm_call_raw(ctx->kvm_fd, KVM_CHECK_EXTENSION,
			    KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2) > 0 ? NULL :
	       "this kernel's KVM cannot clear a dirty log by parts (Linux 5.0)";
}

#endif
