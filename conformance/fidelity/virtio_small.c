/*
 * The small virtio devices keep to their standard: a console gives back what
 * it was given, entropy differs, a balloon takes the pages that it is offered
 * and no others.
 *
 * The console and the entropy are the built-in VMM's, or QEMU's own, which has
 * a pipe behind its console that gives back what it gets. All are driven at
 * CPL3 by polling.
 */
#include "item_host.h"
#include "kvm/virtio/balloon.h"
#include "kvm/virtio/console.h"
#include "kvm/virtio/mmio.h"
#include "kvm/virtio/rng.h"
#include "suite.h"
#include "virtio_plain.h"

#define DATA_GPA	(ABI_SCRATCH_GPA + (1ull << 20))
#define FAR_GPA		(ABI_SCRATCH_GPA + (8ull << 20))
#define PAGE		4096u
#define FORMS		2

__host void plain_plug(struct item_host *h, struct virtio_device *d,
		       struct error *e)
{
	const struct virtio_plug plug = { .pu = h->bystander_pu };

	h->opaque = d;
	if (!d || virtio_mmio_attach(d, h->vm, VIRTIO_MMIO_GPA, &plug, e)) {
		h->opaque = NULL;
		host_verdict(h, ABI_ERROR, e->text);
	}
}

__host void console_prepare(struct item_host *h)
{
	struct error e = { "" };

	plain_plug(h, virtio_console_create(true, &e), &e);
}

__host void rng_prepare(struct item_host *h)
{
	struct error e = { "" };

	plain_plug(h, virtio_rng_create(&e), &e);
}

__host void balloon_prepare(struct item_host *h)
{
	struct error e = { "" };

	plain_plug(h, virtio_balloon_create(&e), &e);
}

static struct virtio_plain plain;

__guest bool plain_open(enum virtio_id id, unsigned int queues, int form,
			uint64_t features)
{
	uint64_t gpa = virtio_bus_find(id);
	const char *why;

	if (!gpa) {
		SKIP("there is no such modern virtio device");
		return false;
	}
	why = virtio_plain_open(&plain, gpa, id, queues,
		(struct virtio_plain_area *)ABI_SCRATCH_GPA, features |
		(form ? VIRTIO_F_RING_PACKED | VIRTIO_F_EVENT_IDX : 0));
	CHECK_EQ(0, (uint64_t)why);
	return !why;
}

#define SMALL_PROBE(id, whose, plug, ...)				\
	PROBE(id, .rings = RING3, .needs = whose | NEED_SCRATCH,	\
	      .prepare = HOST(plug), __VA_ARGS__)

/* Puts it out, and takes in as much: how many bytes did not come back. */
__guest uint32_t echo_wrong(uint32_t bytes, uint32_t seed)
{
	volatile uint8_t *out = (volatile uint8_t *)DATA_GPA;
	const volatile uint8_t *in = (const volatile uint8_t *)FAR_GPA;
	uint32_t wrong = 0, got = 0;
	int64_t n;

	for (uint32_t i = 0; i < bytes; i++)
		out[i] = (uint8_t)(seed + i * 5 + (i >> 8));
	virtio_plain_begin(&plain, VIRTIO_CONSOLE_OUTPUT, DATA_GPA, bytes,
			   false);
	while (got < bytes) {
		virtio_plain_begin(&plain, VIRTIO_CONSOLE_INPUT, FAR_GPA + got,
				   bytes - got, true);
		n = virtio_plain_end(&plain, VIRTIO_CONSOLE_INPUT);
		if (n <= 0)
			return bytes;
		got += (uint32_t)n;
	}
	if (virtio_plain_end(&plain, VIRTIO_CONSOLE_OUTPUT))
		return bytes;
	for (uint32_t i = 0; i < bytes; i++)
		wrong += in[i] != out[i];
	return wrong;
}

SMALL_PROBE(console_output_comes_back, NEED_CONSOLE, console_prepare,
	.rule = "What a console is given to put out is used whole and in order",
	.cite = "VIRTIO 1.2, 5.3.6 Device Operation",
	.control = "one byte that is changed on the way is caught")
{
	for (int form = 0; form < FORMS; form++) {
		if (!plain_open(VIRTIO_ID_CONSOLE, 2, form, 0))
			return;
		CHECK_EQ(0, echo_wrong(1, 1));
		CHECK_EQ(0, echo_wrong(4096, 2));
	}
}

SMALL_PROBE(console_keeps_what_has_no_room_yet, NEED_CONSOLE, console_prepare,
	.rule = "Output of a console is not lost when it is more than its other side holds at once",
	.cite = "VIRTIO 1.2, 5.3.6 Device Operation",
	.control = "one byte that is changed on the way is caught")
{
	uint32_t wrong = 0;

	for (int form = 0; form < FORMS && !wrong; form++) {
		if (!plain_open(VIRTIO_ID_CONSOLE, 2, form, 0))
			return;
		wrong = echo_wrong(200000, 3);
		CHECK_EQ(0, wrong);
	}
}

SMALL_PROBE(entropy_differs, NEED_ENTROPY, rng_prepare,
	.rule = "An entropy request is answered with bytes, as many as the used length says, and no "
		"two answers are alike",
	.cite = "VIRTIO 1.2, 5.4.6 Device Operation",
	.control = "a source that repeats itself is caught")
{
	volatile uint64_t *a = (volatile uint64_t *)DATA_GPA;
	volatile uint64_t *b = (volatile uint64_t *)FAR_GPA;
	uint32_t alike = 0;

	for (int form = 0; form < FORMS; form++) {
		if (!plain_open(VIRTIO_ID_RNG, 1, form, 0))
			return;
		a[8] = b[8] = 0x1234;
		virtio_plain_begin(&plain, 0, DATA_GPA, 64, true);
		CHECK_EQ(64, virtio_plain_end(&plain, 0));
		virtio_plain_begin(&plain, 0, FAR_GPA, 64, true);
		CHECK_EQ(64, virtio_plain_end(&plain, 0));
		for (int i = 0; i < 8; i++)
			alike += a[i] == b[i] || a[i] == a[(i + 1) % 8];
		CHECK_EQ(0, alike);
		CHECK_EQ(0x1234, a[8] & b[8]);
	}
}

#define PAGES		32u

/* All pages of the row, and one on each side. */
__guest void pages_fill(void)
{
	for (uint32_t i = 0; i < PAGES + 2; i++)
		*(volatile uint64_t *)(FAR_GPA + i * PAGE + 8) = i + 1;
}

/* How many of the first and the last one are no longer what they were. */
__guest uint32_t neighbours_wrong(void)
{
	return (*(volatile uint64_t *)(FAR_GPA + 8) != 1) +
	       (*(volatile uint64_t *)(FAR_GPA + (PAGES + 1) * PAGE + 8) !=
		PAGES + 2);
}

/* The host's memory holds less by what was given, and that is counted. */
__host void balloon_judge(struct item_host *h)
{
	struct balloon_counts c;

	if (!h->opaque)
		return;
	virtio_balloon_counts(h->opaque, &c);
	host_check(h, "bytes that went back to the host", 2 * PAGES * PAGE,
		   c.returned_bytes);
	host_check(h, "pages of others", 2, c.refused);
}

SMALL_PROBE(balloon_takes_what_it_is_given, NEED_VMM, balloon_prepare,
	.rule = "Pages that inflate the balloon go back to the host, those beside them and addresses "
		"outside of memory do not; deflated ones can be used again",
	.cite = "VIRTIO 1.2, 5.5.6 Device Operation",
	.control = "a device that takes the next page, too, is caught",
	.judge = HOST(balloon_judge))
{
	volatile uint32_t *pfn = (volatile uint32_t *)DATA_GPA;
	uint32_t kept = 0;

	for (int form = 0; form < FORMS; form++) {
		if (!plain_open(VIRTIO_ID_BALLOON, 2, form, 0))
			return;
		pages_fill();
		for (uint32_t i = 0; i < PAGES; i++)
			pfn[i] = (uint32_t)(FAR_GPA / PAGE) + 1 + i;
		pfn[PAGES] = (uint32_t)(ABI_HOLE_GPA / PAGE);
		virtio_plain_begin(&plain, VIRTIO_BALLOON_INFLATE, DATA_GPA,
				   4 * (PAGES + 1), false);
		CHECK_EQ(0, virtio_plain_end(&plain, VIRTIO_BALLOON_INFLATE));
		CHECK_EQ(0, neighbours_wrong());
		virtio_plain_begin(&plain, VIRTIO_BALLOON_DEFLATE, DATA_GPA,
				   4 * PAGES, false);
		CHECK_EQ(0, virtio_plain_end(&plain, VIRTIO_BALLOON_DEFLATE));
		pages_fill();
		for (uint32_t i = 0; i < PAGES + 2; i++)
			kept += *(volatile uint64_t *)(FAR_GPA + i * PAGE +
						       8) == i + 1;
	}
	CHECK_EQ(FORMS * (PAGES + 2), kept);
}

__host void report_judge(struct item_host *h)
{
	struct balloon_counts c;

	if (!h->opaque)
		return;
	virtio_balloon_counts(h->opaque, &c);
	host_check(h, "bytes that were reported", FORMS * (PAGES * PAGE + 100),
		   c.reported_bytes);
	host_check(h, "bytes that went back to the host", FORMS * PAGES * PAGE,
		   c.returned_bytes);
}

SMALL_PROBE(reported_pages_go_back, NEED_VMM, balloon_prepare,
	.rule = "Free memory that is reported goes back to the host by whole pages, and no byte of "
		"others",
	.cite = "VIRTIO 1.2, 5.5.6.7 Free Page Reporting",
	.control = "a device that takes the next page, too, is caught",
	.judge = HOST(report_judge))
{
	for (int form = 0; form < FORMS; form++) {
		if (!plain_open(VIRTIO_ID_BALLOON, VIRTIO_BALLOON_QUEUES, form,
				VIRTIO_BALLOON_F_PAGE_REPORTING))
			return;
		CHECK_EQ(VIRTIO_BALLOON_F_PAGE_REPORTING,
			 plain.device.features &
			 VIRTIO_BALLOON_F_PAGE_REPORTING);
		pages_fill();
		virtio_plain_begin(&plain, VIRTIO_BALLOON_REPORTING,
				   FAR_GPA + PAGE, PAGES * PAGE + 100, true);
		CHECK_EQ(0, virtio_plain_end(&plain, VIRTIO_BALLOON_REPORTING));
		CHECK_EQ(0, neighbours_wrong());
	}
}
