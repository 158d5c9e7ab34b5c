/*
 * Serves the queues of the virtio balloon; see balloon.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "kvm/virtio/balloon.h"

#define PAGE		4096u
#define NAMES		256u		/* page numbers that are read at once */

struct balloon {
	struct virtio_device device;	/* first */
	struct virtio_balloon_config space;	/* `actual` is the driver's */
	atomic_ulong inflated, deflated, reported, returned, refused;
};

static struct balloon *balloon_of(const struct virtio_device *d)
{
	return (struct balloon *)d;
}

/* Whole pages of [hva, hva + bytes), which is guest memory. */
static void pages_return(struct balloon *b, uint8_t *hva, uint64_t bytes)
{
	uintptr_t first = ((uintptr_t)hva + PAGE - 1) & ~(uintptr_t)(PAGE - 1);
	uintptr_t end = ((uintptr_t)hva + bytes) & ~(uintptr_t)(PAGE - 1);

	if (first >= end)
		return;
	/* A file's pages, or those of an anonymous mapping. */
	if (madvise((void *)first, end - first, MADV_REMOVE) &&
	    madvise((void *)first, end - first, MADV_DONTNEED))
		return;
	atomic_fetch_add(&b->returned, end - first);
}

static void page_inflate(struct balloon *b, uint32_t pfn)
{
	uint8_t *hva = virtio_memory_at(&b->device.memory,
					(uint64_t)pfn * PAGE, PAGE);

	atomic_fetch_add(&b->inflated, 1);
	if (hva)
		pages_return(b, hva, PAGE);
	else
		atomic_fetch_add(&b->refused, 1);
}

/* An array of page numbers, each read once. */
static void names_take(struct balloon *b, const struct virtq_chain *c,
		       bool inflate)
{
	uint32_t pfn[NAMES];
	uint64_t at = 0;
	size_t got;

	while ((got = virtq_read(c, at, pfn, sizeof(pfn)) / sizeof(*pfn))) {
		for (size_t i = 0; inflate && i < got; i++)
			page_inflate(b, pfn[i]);
		if (!inflate)
			atomic_fetch_add(&b->deflated, got);
		at += got * sizeof(*pfn);
	}
}

/* Each buffer is free memory, which the ring's checks found in the guest. */
static void report_take(struct balloon *b, const struct virtq_chain *c)
{
	for (unsigned int i = 0; i < c->writable; i++) {
		const struct iovec *v = &c->segment[c->readable + i];

		atomic_fetch_add(&b->reported, v->iov_len);
		pages_return(b, v->iov_base, v->iov_len);
	}
}

static bool balloon_serve(struct virtio_queue *q)
{
	struct balloon *b = balloon_of(q->device);
	struct virtq_chain c;
	bool any = false;
	int rc = 0;

	while (!q->ring.broken && (rc = virtio_queue_pop(q, &c)) > 0) {
		if (q->index == VIRTIO_BALLOON_REPORTING)
			report_take(b, &c);
		else if (q->index <= VIRTIO_BALLOON_DEFLATE)
			names_take(b, &c, q->index == VIRTIO_BALLOON_INFLATE);
		virtq_push(&q->ring, c.head, 0);
		atomic_fetch_add(&q->served, 1);
		any = true;
	}
	if (rc < 0)
		virtio_device_trouble(q->device, q->ring.broken);
	if (any)
		virtio_queue_signal(q);
	return any;
}

static int balloon_queue_start(struct virtio_queue *q, struct error *e)
{
	(void)q, (void)e;
	return 0;
}

static void balloon_queue_stop(struct virtio_queue *q)
{
	(void)q;			/* nothing is under way */
}

static const void *balloon_config(const struct virtio_device *d)
{
	return &balloon_of(d)->space;
}

/* `actual` alone is the driver's, and a word. Under the lock. */
static void balloon_config_write(struct virtio_device *d, uint32_t offset,
				 uint32_t value)
{
	if (offset == offsetof(struct virtio_balloon_config, actual))
		balloon_of(d)->space.actual = value;
}

static void balloon_destroy(struct virtio_device *d)
{
	free(balloon_of(d));
}

static const struct virtio_device_ops balloon_ops = {
	.id = VIRTIO_ID_BALLOON,
	.features = VIRTIO_BALLOON_F_PAGE_REPORTING,
	.config_bytes = sizeof(struct virtio_balloon_config),
	.config = balloon_config,
	.config_write = balloon_config_write,
	.queue_start = balloon_queue_start,
	.serve = balloon_serve,
	.queue_stop = balloon_queue_stop,
	.destroy = balloon_destroy,
};

struct virtio_device *virtio_balloon_create(struct error *e)
{
	struct balloon *b = calloc(1, sizeof(*b));

	if (!b) {
		error_set(e, -ENOMEM, "out of memory for a balloon");
		return NULL;
	}
	if (!virtio_device_init(&b->device, &balloon_ops,
				VIRTIO_BALLOON_QUEUES, e))
		return &b->device;
	virtio_device_destroy(&b->device);
	return NULL;
}

void virtio_balloon_ask(struct virtio_device *d, uint32_t pages)
{
	pthread_mutex_lock(&d->lock);
	balloon_of(d)->space.num_pages = pages;
	pthread_mutex_unlock(&d->lock);
	virtio_config_changed(d);
}

void virtio_balloon_counts(const struct virtio_device *d,
			   struct balloon_counts *c)
{
	struct balloon *b = balloon_of(d);

	*c = (struct balloon_counts){
		.inflated = atomic_load(&b->inflated),
		.deflated = atomic_load(&b->deflated),
		.reported_bytes = atomic_load(&b->reported),
		.returned_bytes = atomic_load(&b->returned),
		.refused = atomic_load(&b->refused),
		.actual = b->space.actual,
	};
}
