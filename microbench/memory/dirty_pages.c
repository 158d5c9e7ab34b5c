/*
 * The dirty log over the number of pages that the guest writes: what one of
 * few costs, and one of many. What each call costs by itself is spread over
 * them, so the cost of a page falls until only the page's own is left; where
 * it rises again, caches or tables have ended.
 *
 * dirty_pass.c has the same with 512 pages. A slot is not smaller than those:
 * pages that were never touched are not mapped, and cost next to nothing.
 */
#include "logged_pass.h"

#define MANY_PAGES	4096ull
/* By guest pages of 4 KiB, whose tables cover 2 MiB each. */
#define SLOT_BYTES(n)	((n) * 4096ull > PASS_BYTES ? (n) * 4096ull : PASS_BYTES)

/* Each block begins with a fault for each page: 100 us of an emulated CPU. */
__host const char *many_pages_unavailable(struct target_context *ctx)
{
	if (ctx->quick)
		return "with --quick dirty logs have 512 pages at most";
	return ctx->backend && ctx->backend->software_host &&
	       ctx->deadline_ms < 60000 ?
	       "an emulated CPU takes seconds to write 4,096 pages as often, "
	       "and its times mean nothing: --deadline 60000" : NULL;
}

__host const char *many_manual_unavailable(struct target_context *ctx)
{
	const char *why = manual_unavailable(ctx);

	return why ? why : many_pages_unavailable(ctx);
}

#define WRITTEN(n)							\
	__guest void written_##n(void)					\
	{								\
		area_write(n);						\
	}								\
									\
	__guest void written_setup_##n(void)				\
	{								\
		ring3_call(written_##n);				\
	}								\
									\
	/* With the log off, so that every page is mapped writable. */	\
	__guest void unlogged_##n(void)					\
	{								\
		mailbox->ret[0] = REWIND_OFF;				\
		bell_ring(ABI_BELL_REWIND);				\
		area_write(n);						\
		mailbox->ret[0] = REWIND_NOTHING;			\
	}								\
									\
	__guest void unlogged_rewind_##n(void)				\
	{								\
		ring3_call(unlogged_##n);				\
	}								\
									\
	__host int written_verify_##n(struct item_host *h)		\
	{								\
		return first_written(h, n);				\
	}								\
									\
	__host int cleared_verify_##n(struct item_host *h)		\
	{								\
		return cleared(h, n);					\
	}

#define OF(id, n, text, prepare, before, block, ...)			\
	BENCH(id##_of_##n,						\
		.summary = text " " #n " written pages",		\
		.reading = "A point of the curve over the number of pages; times " #n \
			   " it is the call.",				\
		.per = "page",						\
		.per_op = (n),						\
		.max_ops = 1,						\
		.max_instances = (n) == MANY_PAGES ? 5 : 0,		\
		.paced = true,						\
		.setup = GUEST(written_setup_##n),			\
		.rewind = GUEST(before##_##n),				\
		.host_block = HOST(block),				\
		.exits = EXITS(0, 0),					\
		.arena = { .bytes = SLOT_BYTES(n), .populate = true },	\
		.needs = NEED_VMM,					\
		.cite = CITE_LOG,					\
		.host_setup = HOST(prepare),				\
		.host_teardown = HOST(log_teardown),			\
		__VA_ARGS__						\
	)

#define ALL(n, can, can_clear)						\
	WRITTEN(n)							\
	OF(dirty_enable, n, "Logging switched on for", log_setup,	\
	   unlogged_rewind, enable_block,				\
		.host_rewind = HOST(off_rewind),			\
		.unavailable = HOST(can));				\
	OF(dirty_get_log, n, "KVM_GET_DIRTY_LOG, which protects again,", log_setup, \
	   written_setup, get_block, .host_verify = HOST(written_verify_##n),	\
		.unavailable = HOST(can));				\
	OF(dirty_clear_log, n, "KVM_CLEAR_DIRTY_LOG in one call,", manual_setup, \
	   written_setup, clear_all_block,				\
		.host_rewind = HOST(log_fetch),				\
		.host_verify = HOST(cleared_verify_##n),				\
		.unavailable = HOST(can_clear));			\
	OF(dirty_disable, n, "Logging switched off for", log_setup,	\
	   written_setup, disable_block,				\
		.host_rewind = HOST(on_rewind),				\
		.unavailable = HOST(can))

__host const char *few_unavailable(struct target_context *ctx)
{
	(void)ctx;
	return NULL;
}

ALL(64, few_unavailable, manual_unavailable);
ALL(4096, many_pages_unavailable, many_manual_unavailable);
