/*
 * The dirty ring: a log by vCPU that grows with what was written, where the
 * dirty log's bitmap grows with what there is.
 *
 * The guest's first write to a page puts an entry into the ring; the host
 * harvests entries from memory without a call, and one call gives them back
 * and protects their pages again. The ring, too, must name exactly the pages
 * whose contents changed.
 */
#include "logged.h"

_Static_assert(AREA_PAGES * 16 * 2 <= DIRTY_RING_BYTES, "never a full ring");

/* What h->opaque is; log_*() know its first member only. */
struct ringed {
	struct dirty_watch watch;
	struct dirty_ring ring;
};

__host const char *ring_unavailable(struct target_context *ctx)
{
	return kvm_call_raw(ctx->kvm_fd, KVM_CHECK_EXTENSION,
			    KVM_CAP_DIRTY_LOG_RING) >= (int)DIRTY_RING_BYTES ?
	       NULL : "this kernel's KVM has no dirty ring (Linux 5.11)";
}

__host int ring_setup(struct item_host *h)
{
	struct ringed *r = calloc(1, sizeof(*r));
	struct error e;
	int rc;

	h->opaque = r;
	if (!r)
		return -1;
	rc = dirty_watch_open(&r->watch, AREA_PAGES, &e);
	if (!rc)
		rc = dirty_ring_open(&r->ring, h->vcpu, &e);
	if (!rc)
		rc = dirty_log_switch(h->vm, ABI_ARENA_GPA, true, &e);
	return host_said(h, rc, &e);
}

__host void ring_teardown(struct item_host *h)
{
	struct ringed *r = h->opaque;

	if (r)
		dirty_ring_close(&r->ring);
	log_teardown(h);
}

__host int ring_harvest(struct item_host *h)
{
	struct ringed *r = h->opaque;
	struct error e;

	return host_said(h, dirty_ring_harvest(&r->ring, h->vm, ABI_ARENA_GPA,
					      AREA_PAGES, r->watch.bitmap,
					      &e), &e);
}

__host int ring_reset(struct item_host *h)
{
	struct error e;

	return host_said(h, dirty_ring_reset(h->vm, &e), &e);
}

/* Nothing in the ring, every page protected. */
__host int ring_rewind(struct item_host *h)
{
	struct ringed *r = h->opaque;
	int rc = ring_harvest(h);

	if (!rc)
		rc = ring_reset(h);
	dirty_watch_begin(&r->watch, h->arena);
	return rc;
}

__host int ring_verify(struct item_host *h)
{
	int rc = ring_harvest(h);

	return rc ? rc : log_compare(h);
}

#define RINGED								\
	.arena = { .bytes = AREA_BYTES, .populate = true },		\
	.needs = NEED_VMM | NEED_DIRTY_RING,				\
	.cite = "Linux, KVM API, KVM_CAP_DIRTY_LOG_RING",		\
	.unavailable = HOST(ring_unavailable),				\
	.host_setup = HOST(ring_setup),					\
	.host_teardown = HOST(ring_teardown),				\
	.setup = GUEST(area_setup)

BENCH(dirty_ring_first_write,
	.summary = "First write to a clean 4 KiB page, logged in a ring",
	.reading = "Compare dirty_first_write, where a bit of a map is set instead.",
	.rings = RING0 | RING3,
	.max_ops = AREA_PAGES,
	.rewind = GUEST(write_rewind),
	.op = GUEST(write_page),
	.host_rewind = HOST(ring_rewind),
	.host_verify = HOST(ring_verify),
	.exits = EXITS(1, 0),
	.exits_vmx = EXITS_RANGE(0, 1, 0),
	RINGED,
);

/* The guest protects, writes all, and then the host's part is timed. */
__guest void ring_fill(void)
{
	mailbox->ret[0] = 1;
	bell_ring(ABI_BELL_REWIND);
	area_write(PASS_PAGES);
	mailbox->ret[0] = 0;
}

__guest void ring_fill_rewind(void)
{
	ring3_call(ring_fill);
}

__host int fill_rewind(struct item_host *h)
{
	return h->mailbox->ret[0] ? ring_rewind(h) : 0;
}

/* ... and this has harvested when the guest is done. */
__host int harvested_rewind(struct item_host *h)
{
	return h->mailbox->ret[0] ? ring_rewind(h) : ring_harvest(h);
}

__host int harvest_block(struct item_host *h, uint64_t ops)
{
	(void)ops;
	return ring_harvest(h);
}

__host int reset_block(struct item_host *h, uint64_t ops)
{
	(void)ops;
	return ring_reset(h);
}

#define RING_PASS(id, text, before, block)				\
	BENCH(id,							\
		.summary = text,					\
		.per = "page",						\
		.per_op = PASS_PAGES,					\
		.max_ops = 1,						\
		.paced = true,						\
		.rewind = GUEST(ring_fill_rewind),			\
		.host_rewind = HOST(before),				\
		.host_block = HOST(block),				\
		.host_verify = HOST(log_compare),			\
		.exits = EXITS(0, 0),					\
		RINGED,							\
	)

RING_PASS(dirty_ring_harvest, "Entries of 512 written pages taken from the ring",
	  fill_rewind, harvest_block);
RING_PASS(dirty_ring_reset, "KVM_RESET_DIRTY_RINGS of 512 harvested pages",
	  harvested_rewind, reset_block);
