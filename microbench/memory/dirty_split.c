/*
 * Huge pages and the dirty log: a log knows pages of 4 KiB, so a mapping of
 * 2 MiB has to be split, when logging begins (eager) or at the first write
 * (lazy).
 *
 * kvm.eager_page_split decides for all VMs of the host. Rows for the way
 * that the host is not set to are measured with --allow-host-changes, which
 * sets it for as long as the row's VM lives.
 */
#include <stdio.h>
#include <sys/stat.h>

#include "host/change.h"
#include "host/sysfile.h"
#include "logged.h"

#define SPLIT		"/sys/module/kvm/parameters/eager_page_split"
#define HUGE_COUNT	16ull
#define HUGE_BYTES	(HUGE_COUNT << 21)

/* What the guest wants of host_rewind(), in its mailbox's ret[0]. */
enum { SPLIT_OFF = 0, SPLIT_ON, SPLIT_NOTHING };

__guest void huge_page_write(void)
{
	*(volatile uint64_t *)write_at = write_value;
	write_at += 2ull << 20;
}

/* With the log off, so that KVM maps huge pages again. */
__guest void huge_pages_map(void)
{
	mailbox->ret[0] = SPLIT_OFF;
	bell_ring(ABI_BELL_REWIND);
	write_rewind();
	for (uint64_t i = 0; i < HUGE_COUNT; i++)
		huge_page_write();
}

/* ... and then on: what is written next is logged. */
__guest void huge_logged_rewind(void)
{
	huge_pages_map();
	mailbox->ret[0] = SPLIT_ON;
	bell_ring(ABI_BELL_REWIND);
	write_rewind();
}

__guest void huge_unlogged_map(void)
{
	huge_pages_map();
	mailbox->ret[0] = SPLIT_NOTHING;
}

__guest void huge_unlogged_rewind(void)
{
	ring3_call(huge_unlogged_map);
}

__host bool split_is(char value)
{
	char now[16];

	return sysfile_read("", SPLIT, now, sizeof(now)) > 0 && now[0] == value;
}

__host const char *split_unavailable(struct target_context *ctx, char value)
{
	struct stat file;
	char now[16];

	if (sysfile_read("", SPLIT, now, sizeof(now)) <= 0)
		return "this kernel's KVM has no eager_page_split (Linux 5.18)";
	if (split_is(value))
		return NULL;
	/* root may open it anyway, and is refused by the driver. */
	if (stat(SPLIT, &file) || !(file.st_mode & 0222)) {
		snprintf(ctx->why, sizeof(ctx->why), "kvm.eager_page_split is %c and fixed here: "
			 "load kvm with eager_page_split=%c", now[0], value);
		return ctx->why;
	}
	return target_no_changes(ctx, "kvm.eager_page_split");
}

__host const char *eager_unavailable(struct target_context *ctx)
{
	return split_unavailable(ctx, 'Y');
}

__host const char *lazy_unavailable(struct target_context *ctx)
{
	return split_unavailable(ctx, 'N');
}

__host int split_setup(struct item_host *h, const char *value)
{
	struct error e;
	int rc = 0;

	if (!split_is(*value))
		rc = change_write(h->changes, SPLIT, value, &e);
	return rc ? host_said(h, rc, &e) : log_setup(h);
}

__host int eager_setup(struct item_host *h)
{
	return split_setup(h, "Y");
}

__host int lazy_setup(struct item_host *h)
{
	return split_setup(h, "N");
}

__host void split_teardown(struct item_host *h)
{
	if (h->changes)
		changes_restore(h->changes, NULL, NULL);
	log_teardown(h);
}

__host int split_rewind(struct item_host *h)
{
	uint64_t wanted = h->mailbox->ret[0];
	struct error e;
	int rc;

	if (wanted == SPLIT_NOTHING)
		return 0;
	rc = dirty_log_switch(h->vm, ABI_ARENA_GPA, wanted == SPLIT_ON, &e);
	if (rc)
		return host_said(h, rc, &e);
	return wanted == SPLIT_ON ? log_rewind(h) : 0;
}

__host int split_block(struct item_host *h, uint64_t ops)
{
	struct error e;

	(void)ops;
	return host_said(h, dirty_log_switch(h->vm, ABI_ARENA_GPA, true, &e),
			&e);
}

#define SPLITTING(when)							\
	.arena = { .bytes = HUGE_BYTES, .backing = BACKING_THP,		\
		   .guest_page = PAGE_2M, .populate = true },		\
	.needs = NEED_VMM,						\
	.cite = "Linux, kernel parameters, kvm.eager_page_split; KVM API, KVM_GET_DIRTY_LOG", \
	.unavailable = HOST(when##_unavailable),			\
	.host_setup = HOST(when##_setup),				\
	.host_teardown = HOST(split_teardown),				\
	.host_rewind = HOST(split_rewind)

#define SPLIT_WRITE(when, text, ...)					\
	BENCH(dirty_first_write_2m_##when,				\
		.summary = text,					\
		.rings = RING0 | RING3,					\
		.max_ops = HUGE_COUNT,					\
		.rewind = GUEST(huge_logged_rewind),			\
		.op = GUEST(huge_page_write),				\
		.host_verify = HOST(log_verify),			\
		.exits = EXITS(1, 0),					\
		.exits_vmx = EXITS_RANGE(0, 1, 0),			\
		SPLITTING(when),					\
		__VA_ARGS__						\
	)

SPLIT_WRITE(eager, "First write to a logged huge page, kvm.eager_page_split=Y",
	.reading = "The huge page was split when logging began: as dear as dirty_first_write.");
SPLIT_WRITE(lazy, "First write to a logged huge page, kvm.eager_page_split=N",
	.reading = "The write finds the huge page protected, and one of 4 KiB is mapped in its "
		   "place; the other 511 are faulted in one by one later.");

#define SPLIT_ENABLE(when, text)					\
	BENCH(dirty_enable_2m_##when,					\
		.summary = text,					\
		.reading = "For each huge page: what is saved here is paid at the first write, " \
			   "dirty_first_write_2m_" #when ".",		\
		.per = "huge page",					\
		.per_op = HUGE_COUNT,					\
		.max_ops = 1,						\
		.paced = true,						\
		.rewind = GUEST(huge_unlogged_rewind),			\
		.host_block = HOST(split_block),			\
		.exits = EXITS(0, 0),					\
		SPLITTING(when),					\
	)

SPLIT_ENABLE(eager, "Logging switched on for mapped huge pages, kvm.eager_page_split=Y");
SPLIT_ENABLE(lazy, "Logging switched on for mapped huge pages, kvm.eager_page_split=N");
