/*
 * The small virtio devices: how fast a console's output and entropy are, and
 * what it takes to give a page back by reporting that it is free.
 */
#include <errno.h>

#include "suite.h"
#include "item_host.h"
#include "kvm/virtio/balloon.h"
#include "kvm/virtio/console.h"
#include "kvm/virtio/mmio.h"
#include "kvm/virtio/rng.h"
#include "load_guest.h"
#include "price.h"
#include "virtio_plain.h"

#define DATA_GPA	(ABI_SCRATCH_GPA + (1ull << 20))
#define WRITE_BYTES	65536u
#define LINE_BYTES	80u
#define ENTROPY_BYTES	4096u
#define REPORT_PAGES	64u
#define PAGE		4096u

/* The device is the VM's. */
__host int small_plug(struct item_host *h, struct virtio_device *d,
		      struct error *e)
{
	const struct virtio_plug plug = { .pu = h->bystander_pu };

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

/* One VM at a time, and nothing of one block is another's. */
static struct price_from block_from;

__host int small_rewind(struct item_host *h)
{
	price_begin(&block_from, h->mailbox->requests);
	return 0;
}

__host int small_verify(struct item_host *h)
{
	price_end(h, &block_from, h->mailbox->requests);
	return 0;
}

static struct virtio_plain plain;
static enum virtio_id kind;
static const char *why;

__guest void small_open(void)
{
	uint64_t gpa = virtio_bus_find(kind);

	why = !gpa ? "there is no such modern virtio device here" :
	      virtio_plain_open(&plain, gpa, kind,
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
		verdict_set(bell_heard ? ABI_ERROR : ABI_SKIP, why);
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
	uint64_t begin = tsc_read();

	if (why)
		return;
	virtio_plain_begin(&plain, queue, DATA_GPA, bytes, write);
	if (virtio_plain_end(&plain, queue) < 0)
		guest_panic("no answer of a virtio device");
	load_took(begin, tsc_read());
	mailbox->requests++;
}

__guest void console_op(void)
{
	small_do(VIRTIO_CONSOLE_OUTPUT, WRITE_BYTES, false);
}

__guest void console_line_op(void)
{
	small_do(VIRTIO_CONSOLE_OUTPUT, LINE_BYTES, false);
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

#define SMALL_ROW(id, what, text, words, source, unit_, n, op_, max, ...) \
	BENCH(id,							\
		.summary = text,					\
		.reading = words,					\
		.cite = source,						\
		.per = unit_,						\
		.per_op = n,						\
		.rings = RING3,						\
		.setup = GUEST(what##_setup),				\
		.op = GUEST(op_),					\
		.host_setup = HOST(what##_plug),			\
		.exits = EXITS_RANGE(0, max, 0),			\
		__VA_ARGS__						\
	)

/* By any target that has such a device of its own. */
#define LOAD_ROW(id, what, text, words, source, op_, way_, backend_, bytes_) \
	SMALL_ROW(id, what, text, words, source, "request", 1, op_, 8,	\
		  .needs = NEED_DEVICE | NEED_SCRATCH | NEED_PREEMPTION, \
		  .load.way = way_,					\
		  .load.backend = backend_,				\
		  .load.bytes = bytes_,					\
		  .load.depth = 1,					\
		  .load.requests = 1,					\
		  .rewind = GUEST(load_rewind),				\
		  .host_rewind = HOST(small_rewind),			\
		  .host_verify = HOST(small_verify))

#define CITE_CONSOLE "VIRTIO 1.2, 5.3 Console Device"
#define WORDS_CONSOLE "A request to a device that drops it: MiB a second stand beside it. The doorbell and " \
		      "the wake-up are shared by as many bytes as are written at once."

LOAD_ROW(console_write, console, "64 KiB of a console's output, written at once",
	 WORDS_CONSOLE, CITE_CONSOLE, console_op, LOAD_OUTPUT, LOAD_NULL, WRITE_BYTES);
LOAD_ROW(console_write_line, console, "80 bytes of a console's output, written at once",
	 WORDS_CONSOLE, CITE_CONSOLE, console_line_op, LOAD_OUTPUT, LOAD_NULL, LINE_BYTES);
LOAD_ROW(rng_read, rng, "4 KiB of entropy",
	 "The host's getrandom() and a copy, a doorbell and a wake-up.",
	 "VIRTIO 1.2, 5.4 Entropy Device", rng_op, LOAD_ENTROPY, LOAD_KERNEL, ENTROPY_BYTES);
SMALL_ROW(balloon_report, balloon, "a free page reported, 64 at once, and touched again",
	  "The guest touches the pages first, so their faults are in it: what free page reporting "
	  "costs who needs the memory again at once.",
	  "VIRTIO 1.2, 5.5.6.7 Free Page Reporting", "page", REPORT_PAGES, report_op,
	  8 + 4 * REPORT_PAGES,
	  .needs = NEED_VMM | NEED_SCRATCH | NEED_PREEMPTION);
