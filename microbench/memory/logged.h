/*
 * What the benches of dirty tracking share: an arena whose every page the
 * guest writes, with another value each time, and a log that is held to what
 * the contents themselves tell.
 */
#ifndef VMGAUGE_MEMORY_LOGGED_H
#define VMGAUGE_MEMORY_LOGGED_H

#include <stdlib.h>

#include "item_host.h"
#include "kvm/dirty.h"
#include "kvm/ioctl.h"
#include "kvm/vm.h"
#include "suite.h"
#include "target/target.h"

#define AREA_BYTES	(16ull << 20)
#define AREA_PAGES	(AREA_BYTES / 4096)
/* What a pass of the host's goes over: where a fault costs 100 us, too. */
#define PASS_PAGES	512ull
#define PASS_BYTES	(PASS_PAGES * 4096)

static uint64_t write_at, write_value;

/* Each batch writes another value: what was written can be told from it. */
__guest void write_rewind(void)
{
	write_at = ABI_ARENA_VA;
	write_value++;
}

__guest void write_page(void)
{
	*(volatile uint64_t *)write_at = write_value;
	write_at += 4096;
}

__guest void area_write(uint64_t pages)
{
	write_rewind();
	while (pages--)
		write_page();
}

__guest void area_write_all(void)
{
	area_write(AREA_PAGES);
}

__guest void area_setup(void)
{
	ring3_call(area_write_all);
}

__host int log_setup(struct item_host *h)
{
	struct dirty_watch *w = calloc(1, sizeof(*w));
	struct error e;
	int rc;

	h->opaque = w;
	if (!w)
		return -1;
	rc = dirty_watch_open(w, h->arena_bytes / 4096, &e);
	if (!rc)
		rc = dirty_log_switch(h->vm, ABI_ARENA_GPA, true, &e);
	return host_said(h, rc, &e);
}

__host void log_teardown(struct item_host *h)
{
	if (h->opaque)
		dirty_watch_close(h->opaque);
	free(h->opaque);
	h->opaque = NULL;
}

__host int log_fetch(struct item_host *h)
{
	struct dirty_watch *w = h->opaque;
	struct error e;

	return host_said(h, dirty_log_get(h->vm, ABI_ARENA_GPA, w->bitmap, &e), &e);
}

/* Forgets what was logged, and protects its pages. */
__host int log_rewind(struct item_host *h)
{
	int rc = log_fetch(h);

	dirty_watch_begin(h->opaque, h->arena);
	return rc;
}

__host int log_compare(struct item_host *h)
{
	struct error e;

	return host_said(h, dirty_watch_check(h->opaque, h->arena, &e), &e);
}

/* What was written since the rewind is what is fetched now. */
__host int log_verify(struct item_host *h)
{
	int rc = log_fetch(h);

	return rc ? rc : log_compare(h);
}

#define CITE_LOG "Linux, KVM API, KVM_GET_DIRTY_LOG; Intel SDM vol. 3, Page-Modification Logging"

#define LOGGED_ARENA							\
	.arena = { .bytes = AREA_BYTES, .populate = true },		\
	.needs = NEED_VMM,						\
	.cite = CITE_LOG

#define LOGGED								\
	LOGGED_ARENA,							\
	.host_setup = HOST(log_setup),					\
	.host_teardown = HOST(log_teardown)

#endif
