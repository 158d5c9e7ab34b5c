/*
 * Serves the queue of the virtio entropy device; see rng.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "kvm/virtio/rng.h"

/* In pieces: what a piece holds is copied, so that no byte is written twice. */
static uint32_t buffer_fill(const struct virtq_chain *c)
{
	uint8_t piece[256];
	uint32_t done = 0;

	while (done < RNG_REQUEST_MAX && done < c->writable_bytes) {
		ssize_t n = getrandom(piece, sizeof(piece), 0);

		if (n <= 0)
			break;
		done += (uint32_t)virtq_write(c, done, piece, (size_t)n);
	}
	return done;
}

static bool rng_serve(struct virtio_queue *q)
{
	struct virtq_chain c;
	bool any = false;
	int rc = 0;

	while (!q->ring.broken && (rc = virtio_queue_pop(q, &c)) > 0) {
		/* A request with nothing to fill is the driver's error. */
		if (!c.writable_bytes) {
			q->ring.broken = "an entropy request without a buffer";
			rc = -EPROTO;
			break;
		}
		virtq_push(&q->ring, c.head, buffer_fill(&c));
		atomic_fetch_add(&q->served, 1);
		any = true;
	}
	if (rc < 0)
		virtio_device_trouble(q->device, q->ring.broken);
	if (any)
		virtio_queue_signal(q);
	return any;
}

static int rng_queue_start(struct virtio_queue *q, struct error *e)
{
	(void)q, (void)e;
	return 0;
}

static void rng_queue_stop(struct virtio_queue *q)
{
	(void)q;			/* nothing is under way */
}

static void rng_destroy(struct virtio_device *d)
{
	free(d);
}

static const struct virtio_device_ops rng_ops = {
	.id = VIRTIO_ID_RNG,
	.queue_start = rng_queue_start,
	.serve = rng_serve,
	.queue_stop = rng_queue_stop,
	.destroy = rng_destroy,
};

struct virtio_device *virtio_rng_create(struct error *e)
{
	struct virtio_device *d = malloc(sizeof(*d));

	if (!d) {
		error_set(e, -ENOMEM, "out of memory for an entropy device");
		return NULL;
	}
	if (!virtio_device_init(d, &rng_ops, 1, e))
		return d;
	virtio_device_destroy(d);
	return NULL;
}
