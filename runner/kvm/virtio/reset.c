/*
 * How the queues of a virtio device come alive and to rest: DRIVER_OK, the
 * device's reset, and that of one queue alone; see device.h.
 *
 * A queue's ring belongs to its thread. Who wants it to rest says so and rings;
 * the thread finishes or drops what is in flight, and the last one to come to
 * rest ends the reset. Until then the guest reads that it is not through.
 *
 * Source: VIRTIO 1.2, 2.4 Device Reset, 2.6.1 Virtqueue Reset.
 */
#include <string.h>

#include "kvm/virtio/device.h"

static void queue_forget(struct virtio_queue *q)
{
	memset(&q->layout, 0, sizeof(q->layout));
	q->layout.size = VIRTQ_SIZE_MAX;
	q->ready = false;
	atomic_store(&q->resetting, false);
}

/* As after power on. Under the lock, and with all queues at rest. */
static void reset_finish(struct virtio_device *d)
{
	for (unsigned int i = 0; i < d->queues; i++)
		queue_forget(&d->queue[i]);
	d->accepted = 0;
	d->features_sel = d->driver_sel = d->queue_sel = 0;
	d->trouble[0] = '\0';
	atomic_store(&d->interrupt, 0);
	atomic_store(&d->resetting, false);
	atomic_store(&d->status, 0);
}

void virtio_reset_begin(struct virtio_device *d)
{
	d->alive = 0;
	for (unsigned int i = 0; i < d->queues; i++)
		d->alive += atomic_load(&d->queue[i].live);
	if (!d->alive) {
		reset_finish(d);
		return;
	}
	atomic_store(&d->resetting, true);
	for (unsigned int i = 0; i < d->queues; i++)
		virtio_eventfd_ring(d->queue[i].kick);
}

void virtio_queue_reset(struct virtio_queue *q)
{
	if (!(q->device->accepted & VIRTIO_F_RING_RESET))
		return;
	if (!atomic_load(&q->live)) {
		queue_forget(q);
		return;
	}
	atomic_store(&q->resetting, true);
	virtio_eventfd_ring(q->kick);
}

void virtio_queue_rested(struct virtio_queue *q)
{
	struct virtio_device *d = q->device;

	pthread_mutex_lock(&d->lock);
	atomic_store(&q->live, false);
	if (atomic_load(&q->resetting))
		queue_forget(q);
	if (atomic_load(&d->resetting) && !--d->alive)
		reset_finish(d);
	pthread_mutex_unlock(&d->lock);
}

/* The one before it was killed. */
static int thread_replace(struct virtio_queue *q, struct error *e)
{
	if (!atomic_load(&q->dead))
		return 0;
	pthread_join(q->thread, NULL);
	atomic_store(&q->dead, false);
	return virtio_queue_thread_start(q, e);
}

void virtio_queue_begin(struct virtio_queue *q)
{
	struct virtio_device *d = q->device;
	struct error e;

	if (!q->ready || atomic_load(&q->live) ||
	    !(atomic_load(&d->status) & VIRTIO_DRIVER_OK))
		return;
	if (virtq_start(&q->ring, &d->memory, &q->layout, d->accepted, &e) ||
	    thread_replace(q, &e)) {
		virtio_device_trouble(d, e.text);
		return;
	}
	atomic_store(&q->live, true);
	virtio_eventfd_ring(q->kick);
}

void virtio_queues_start(struct virtio_device *d)
{
	for (unsigned int i = 0; i < d->queues; i++)
		virtio_queue_begin(&d->queue[i]);
}
