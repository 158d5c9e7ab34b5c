/*
 * The small virtio devices: what a byte costs on a console, how fast entropy
 * comes, and what it takes to give a page back by reporting that it is free.
 */
#include <errno.h>

#include "suite.h"
#include "item_host.h"
#include "kvm/virtio/balloon.h"
#include "kvm/virtio/console.h"
#include "kvm/virtio/mmio.h"
#include "kvm/virtio/rng.h"
#include "virtio_plain.h"

#define DATA_GPA	(ABI_SCRATCH_GPA + (1ull << 20))
#define WRITE_BYTES	65536u
#define ENTROPY_BYTES	4096u
#define REPORT_PAGES	64u
#define PAGE		4096u

__host int small_plug(struct item_host *h, struct virtio_device *d,
		      struct error *e)
{
	const struct virtio_plug plug = { .pu = h->bystander_pu };

	h->opaque = d;
	return host_said(h, d ? virtio_mmio_attach(d, h->vm, VIRTIO_MMIO_GPA,
						   &plug, e) : -ENOMEM, e);
}

__host int console_plug(struct item_host *h)
{
	struct error e = { "" };

	return small_plug(h, virtio_console_create(false, &e), &e);
}

__host int rng_plug(struct item_host *h)
{
	struct error e = { "" };

	return small_plug(h, virtio_rng_create(&e), &e);
}

__host int balloon_plug(struct item_host *h)
{
	struct error e = { "" };

	return small_plug(h, virtio_balloon_create(&e), &e);
}

static struct virtio_plain plain;
static enum virtio_id kind;
static const char *why;

__guest void small_open(void)
{
	why = virtio_plain_open(&plain, VIRTIO_MMIO_GPA, kind,
				kind == VIRTIO_ID_BALLOON ?
				VIRTIO_BALLOON_QUEUES :
				kind == VIRTIO_ID_CONSOLE ? 2 : 1,
				(struct virtio_plain_area *)ABI_SCRATCH_GPA,
				VIRTIO_F_EVENT_IDX |
				VIRTIO_BALLOON_F_PAGE_REPORTING);
}

__guest void small_setup(enum virtio_id id)
{
	kind = id;
	ring3_call(small_open);
	if (why)
		verdict_set(ABI_ERROR, why);
}

__guest void console_setup(void)
{
	small_setup(VIRTIO_ID_CONSOLE);
}

__guest void rng_setup(void)
{
	small_setup(VIRTIO_ID_RNG);
}

__guest void balloon_setup(void)
{
	small_setup(VIRTIO_ID_BALLOON);
}

__guest void small_do(unsigned int queue, uint32_t bytes, bool write)
{
	virtio_plain_begin(&plain, queue, DATA_GPA, bytes, write);
	if (virtio_plain_end(&plain, queue) < 0)
		guest_panic("no answer of a virtio device");
}

__guest void console_op(void)
{
	small_do(VIRTIO_CONSOLE_OUTPUT, WRITE_BYTES, false);
}

__guest void rng_op(void)
{
	small_do(0, ENTROPY_BYTES, true);
}

/* Touched before, so that there is something to give. */
__guest void report_op(void)
{
	for (uint32_t i = 0; i < REPORT_PAGES; i++)
		*(volatile uint64_t *)(DATA_GPA + i * PAGE) = i;
	small_do(VIRTIO_BALLOON_REPORTING, REPORT_PAGES * PAGE, true);
}

#define SMALL_ROW(id, what, text, words, source, unit_, n, op_, max)	\
	BENCH(id,							\
		.summary = text,					\
		.reading = words,					\
		.cite = source,						\
		.per = unit_,						\
		.per_op = n,						\
		.rings = RING3,						\
		.needs = NEED_VMM | NEED_SCRATCH,			\
		.setup = GUEST(what##_setup),				\
		.op = GUEST(op_),					\
		.host_setup = HOST(what##_plug),			\
		.exits = EXITS_RANGE(0, max, 0)				\
	)

SMALL_ROW(console_write, console, "a KiB of a console's output, written 64 KiB at once",
	  "A request to a device that drops it: MB/s are 1,024 bytes times the TSC's frequency over "
	  "this. The doorbell and the wake-up are shared by 64 KiB.",
	  "VIRTIO 1.2, 5.3 Console Device", "KiB", WRITE_BYTES / 1024, console_op, 8);
SMALL_ROW(rng_read, rng, "a KiB of entropy, 4 KiB at once",
	  "The host's getrandom() and a copy, and a fourth of a request's doorbell and wake-up.",
	  "VIRTIO 1.2, 5.4 Entropy Device", "KiB", ENTROPY_BYTES / 1024, rng_op, 8);
SMALL_ROW(balloon_report, balloon, "a free page reported, 64 at once, and touched again",
	  "The guest touches the pages first, so their faults are in it: what free page reporting "
	  "costs who needs the memory again at once.",
	  "VIRTIO 1.2, 5.5.6.7 Free Page Reporting", "page", REPORT_PAGES, report_op,
	  8 + 4 * REPORT_PAGES);
