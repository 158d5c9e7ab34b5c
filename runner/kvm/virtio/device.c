/*
 * A virtio device and its life: made, plugged in, driven, reset, destroyed;
 * see device.h.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "kvm/irq.h"
#include "kvm/virtio/device.h"

#define COMMON_FEATURES	(VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC | \
			 VIRTIO_F_EVENT_IDX | VIRTIO_F_RING_PACKED | \
			 VIRTIO_F_RING_RESET)

void virtio_eventfd_ring(int fd)
{
	const uint64_t one = 1;

	/* Full: then it is readable, which is all that is wanted. */
	if (write(fd, &one, sizeof(one)) < 0)
		return;
}

int virtio_device_init(struct virtio_device *d,
		       const struct virtio_device_ops *ops, unsigned int queues,
		       struct error *e)
{
	memset(d, 0, sizeof(*d));
	d->ops = ops;
	d->irqfd = -1;
	pthread_mutex_init(&d->lock, NULL);
	for (unsigned int i = 0; i < VIRTIO_QUEUES_MAX; i++) {
		d->queue[i].kick = d->queue[i].bell = -1;
		d->queue[i].irqfd = -1;
	}
	if (!queues || queues > VIRTIO_QUEUES_MAX)
		return error_set(e, -EINVAL, "a virtio device has 1 to %d "
				 "queues, not %u", VIRTIO_QUEUES_MAX, queues);
	for (unsigned int i = 0; i < queues; i++) {
		struct virtio_queue *q = &d->queue[i];

		q->device = d;
		q->index = i;
		q->kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		q->bell = ops->serve ? q->kick :
			  eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		d->queues++;
		if (q->kick < 0 || q->bell < 0)
			return error_set(e, -errno, "eventfd: %s",
					 strerror(errno));
	}
	return 0;
}

int virtio_device_plug(struct virtio_device *d, struct vm *vm,
		       const struct virtio_plug *plug, struct error *e)
{
	int rc;

	d->vm = vm;
	d->plug = *plug;
	d->offered = (COMMON_FEATURES | d->ops->features) &
		     ~(d->lacks | plug->hidden);
	virtio_memory_take(&d->memory, vm);
	if (plug->interrupts && !plug->signals) {
		rc = irq_routes_set(vm, 0, VIRTIO_VECTOR, e);
		if (rc < 0)
			return rc;
		d->irqfd = irqfd_create(vm, IRQ_GSI_MSI, e);
		if (d->irqfd < 0)
			return d->irqfd;
		for (unsigned int i = 0; i < d->queues; i++)
			d->queue[i].irqfd = d->irqfd;
	}
	for (unsigned int i = 0; i < d->queues; i++) {
		rc = virtio_queue_thread_start(&d->queue[i], e);
		if (rc)
			return rc;
	}
	return 0;
}

void virtio_device_destroy(struct virtio_device *d)
{
	if (!d)
		return;
	atomic_store(&d->quitting, true);
	for (unsigned int i = 0; i < d->queues; i++) {
		struct virtio_queue *q = &d->queue[i];

		virtio_eventfd_ring(q->kick);
		if (q->running)
			pthread_join(q->thread, NULL);
	}
	for (unsigned int i = 0; i < d->queues; i++) {
		if (d->queue[i].bell != d->queue[i].kick)
			close(d->queue[i].bell);
		close(d->queue[i].kick);
	}
	if (d->irqfd >= 0)
		irqfd_destroy(d->vm, IRQ_GSI_MSI, d->irqfd);
	pthread_mutex_destroy(&d->lock);
	d->ops->destroy(d);
}

/* A vector of the guest's; nobody is told that its APIC did not take it. */
static void interrupt(struct virtio_device *d, int fd)
{
	if (fd >= 0)
		virtio_eventfd_ring(fd);
	else if (d->plug.interrupts && d->plug.signals)
		irq_msi_signal(d->vm, 0, VIRTIO_VECTOR, NULL);
}

void virtio_config_changed(struct virtio_device *d)
{
	atomic_fetch_add(&d->generation, 1);
	if (!(atomic_load(&d->status) & VIRTIO_DRIVER_OK))
		return;
	atomic_fetch_or(&d->interrupt, VIRTIO_INT_CONFIG);
	interrupt(d, atomic_load(&d->irqfd));
}

/* Under the lock or not: the driver is to see it and to start again. */
void virtio_device_trouble(struct virtio_device *d, const char *why)
{
	uint32_t old = atomic_fetch_or(&d->status, VIRTIO_NEEDS_RESET);

	if (!(old & VIRTIO_NEEDS_RESET))
		snprintf(d->trouble, sizeof(d->trouble), "%s", why);
	virtio_config_changed(d);
}

void virtio_status_write(struct virtio_device *d, uint32_t value)
{
	uint32_t old, now;

	pthread_mutex_lock(&d->lock);
	if (atomic_load(&d->resetting))
		goto out;
	if (!value) {
		virtio_reset_begin(d);
		goto out;
	}
	old = atomic_load(&d->status);
	now = old | (value & 0xff & ~(uint32_t)VIRTIO_NEEDS_RESET);
	if (d->accepted & ~d->offered || !(d->accepted & VIRTIO_F_VERSION_1))
		now &= ~(uint32_t)VIRTIO_FEATURES_OK;
	if (!(now & VIRTIO_FEATURES_OK))
		now &= ~(uint32_t)VIRTIO_DRIVER_OK;
	atomic_fetch_or(&d->status, now);
	if (now & ~old & VIRTIO_DRIVER_OK)
		virtio_queues_start(d);
out:
	pthread_mutex_unlock(&d->lock);
}

uint32_t virtio_status_read(struct virtio_device *d)
{
	return atomic_load(&d->status);
}

/* What was agreed on once is fixed until a reset. */
void virtio_features_accept(struct virtio_device *d, uint32_t value)
{
	uint32_t half;

	pthread_mutex_lock(&d->lock);
	half = d->driver_sel;
	if (half < 2 && !(atomic_load(&d->status) & VIRTIO_FEATURES_OK)) {
		d->accepted &= ~(0xffffffffull << 32 * half);
		d->accepted |= (uint64_t)value << 32 * half;
	}
	pthread_mutex_unlock(&d->lock);
}

void virtio_queue_kick(struct virtio_device *d, uint32_t index)
{
	if (index < d->queues)
		virtio_eventfd_ring(d->queue[index].bell);
}

int virtio_queue_pop(struct virtio_queue *q, struct virtq_chain *c)
{
	unsigned long so_far = atomic_load_explicit(&q->descriptors,
						    memory_order_relaxed);
	int rc;

	c->descriptors = 0;
	rc = virtq_pop(&q->ring, c);
	/* Nobody else counts: no locked addition is needed. */
	atomic_store_explicit(&q->descriptors, so_far + c->descriptors,
			      memory_order_relaxed);
	return rc;
}

void virtio_queue_signal(struct virtio_queue *q)
{
	struct virtio_device *d = q->device;

	if (!virtq_signal_due(&q->ring))
		return;
	atomic_fetch_or(&d->interrupt, VIRTIO_INT_USED);
	atomic_fetch_add(&q->signals, 1);
	interrupt(d, atomic_load(&q->irqfd));
}

void virtio_device_stats(struct virtio_device *d, struct virtio_stats *s)
{
	memset(s, 0, sizeof(*s));
	for (unsigned int i = 0; i < d->queues; i++) {
		struct virtio_queue *q = &d->queue[i];
		struct timespec t;
		clockid_t clock;

		s->served += atomic_load(&q->served);
		s->signals += atomic_load(&q->signals);
		s->kicks += atomic_load(&q->kicks);
		s->descriptors += atomic_load(&q->descriptors);
		if (q->running && !pthread_getcpuclockid(q->thread, &clock) &&
		    !clock_gettime(clock, &t))
			s->cpu_ns += (uint64_t)t.tv_sec * 1000000000u +
				     (uint64_t)t.tv_nsec;
	}
}
