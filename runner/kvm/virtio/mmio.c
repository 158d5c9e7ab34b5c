/*
 * Registers of the MMIO transport; see mmio.h.
 */
#include <string.h>

#include "kvm/ioctl.h"
#include "kvm/virtio/mmio.h"

#define VENDOR		0x56474d56u	/* "VMGV" */

static uint32_t half_of(uint64_t v, uint32_t sel)
{
	return sel < 2 ? (uint32_t)(v >> 32 * sel) : 0;
}

/* The selected queue, or NULL where there is none. Under the lock. */
static struct virtio_queue *selected(struct virtio_device *d)
{
	return d->queue_sel < d->queues ? &d->queue[d->queue_sel] : NULL;
}

/* What depends on a selector. */
static uint32_t selected_read(struct virtio_device *d, uint64_t offset)
{
	const struct virtio_queue *q;
	uint32_t v = 0;

	pthread_mutex_lock(&d->lock);
	q = selected(d);
	if (offset == VIRTIO_MMIO_DEVICE_FEATURES)
		v = half_of(d->offered, d->features_sel);
	else if (q)
		v = offset == VIRTIO_MMIO_QUEUE_READY ? q->ready :
		    offset == VIRTIO_MMIO_QUEUE_RESET ?
		    atomic_load(&q->resetting) : VIRTQ_SIZE_MAX;
	pthread_mutex_unlock(&d->lock);
	return v;
}

uint32_t virtio_mmio_read(struct virtio_device *d, uint64_t offset)
{
	switch (offset) {
	case VIRTIO_MMIO_MAGIC:
		return VIRTIO_MMIO_MAGIC_VALUE;
	case VIRTIO_MMIO_VERSION:
		return 2;
	case VIRTIO_MMIO_DEVICE_ID:
		return d->ops->id;
	case VIRTIO_MMIO_VENDOR_ID:
		return VENDOR;
	case VIRTIO_MMIO_DEVICE_FEATURES:
	case VIRTIO_MMIO_QUEUE_NUM_MAX:
	case VIRTIO_MMIO_QUEUE_READY:
	case VIRTIO_MMIO_QUEUE_RESET:
		return selected_read(d, offset);
	case VIRTIO_MMIO_INTERRUPT_STATUS:
		return atomic_load(&d->interrupt);
	case VIRTIO_MMIO_STATUS:
		return virtio_status_read(d);
	case VIRTIO_MMIO_SHM_LEN:
	case VIRTIO_MMIO_SHM_LEN + 4:
	case VIRTIO_MMIO_SHM_BASE:
	case VIRTIO_MMIO_SHM_BASE + 4:
		return ~0u;		/* no shared memory region (4.2.2) */
	case VIRTIO_MMIO_CONFIG_GENERATION:
		return atomic_load(&d->generation);
	default:
		return 0;
	}
}

static void gpa_half(uint64_t *gpa, bool high, uint32_t value)
{
	*gpa = high ? (*gpa & 0xffffffffu) | (uint64_t)value << 32 :
		      (*gpa & ~0xffffffffull) | value;
}

/* Under the lock. A queue that is ready must not be changed (4.2.2.2). */
static void queue_write(struct virtio_queue *q, uint64_t offset,
			uint32_t value)
{
	if (offset == VIRTIO_MMIO_QUEUE_READY) {
		if (!atomic_load(&q->live))
			q->ready = value & 1;
		virtio_queue_begin(q);
		return;
	}
	if (offset == VIRTIO_MMIO_QUEUE_RESET) {
		if (value == 1)
			virtio_queue_reset(q);
		return;
	}
	if (q->ready)
		return;
	switch (offset & ~4ull) {
	case VIRTIO_MMIO_QUEUE_NUM & ~4ull:
		q->layout.size = value;
		break;
	case VIRTIO_MMIO_QUEUE_DESC:
		gpa_half(&q->layout.desc_gpa, offset & 4, value);
		break;
	case VIRTIO_MMIO_QUEUE_DRIVER:
		gpa_half(&q->layout.driver_gpa, offset & 4, value);
		break;
	case VIRTIO_MMIO_QUEUE_DEVICE:
		gpa_half(&q->layout.device_gpa, offset & 4, value);
		break;
	}
}

static void selector_write(struct virtio_device *d, uint64_t offset,
			   uint32_t value)
{
	struct virtio_queue *q;

	pthread_mutex_lock(&d->lock);
	q = selected(d);
	if (offset == VIRTIO_MMIO_DEVICE_FEATURES_SEL)
		d->features_sel = value;
	else if (offset == VIRTIO_MMIO_DRIVER_FEATURES_SEL)
		d->driver_sel = value;
	else if (offset == VIRTIO_MMIO_QUEUE_SEL)
		d->queue_sel = value;
	else if (q)
		queue_write(q, offset, value);
	pthread_mutex_unlock(&d->lock);
}

void virtio_mmio_write(struct virtio_device *d, uint64_t offset,
		       uint32_t value)
{
	switch (offset) {
	case VIRTIO_MMIO_DRIVER_FEATURES:
		virtio_features_accept(d, value);
		break;
	case VIRTIO_MMIO_QUEUE_NOTIFY:
		virtio_queue_kick(d, value);
		break;
	case VIRTIO_MMIO_INTERRUPT_ACK:
		atomic_fetch_and(&d->interrupt, ~value);
		break;
	case VIRTIO_MMIO_STATUS:
		virtio_status_write(d, value);
		break;
	case VIRTIO_MMIO_DEVICE_FEATURES_SEL:
	case VIRTIO_MMIO_DRIVER_FEATURES_SEL:
	case VIRTIO_MMIO_QUEUE_SEL:
	case VIRTIO_MMIO_QUEUE_NUM:
	case VIRTIO_MMIO_QUEUE_READY:
	case VIRTIO_MMIO_QUEUE_RESET:
	case VIRTIO_MMIO_QUEUE_DESC:
	case VIRTIO_MMIO_QUEUE_DESC + 4:
	case VIRTIO_MMIO_QUEUE_DRIVER:
	case VIRTIO_MMIO_QUEUE_DRIVER + 4:
	case VIRTIO_MMIO_QUEUE_DEVICE:
	case VIRTIO_MMIO_QUEUE_DEVICE + 4:
		selector_write(d, offset, value);
		break;
	}
}

static void access(struct vcpu *v, void *opaque, uint64_t offset, void *data,
		   unsigned int bytes, bool write)
{
	struct virtio_device *d = opaque;
	uint32_t value;

	(void)v;
	if (offset >= VIRTIO_MMIO_CONFIG) {
		offset -= VIRTIO_MMIO_CONFIG;
		if (write)
			virtio_config_write(d, offset, data, bytes);
		else
			virtio_config_read(d, offset, data, bytes);
		return;
	}
	if (!write)
		memset(data, 0, bytes);
	if (bytes != 4 || offset & 3)
		return;			/* 32 bits and aligned, or nothing */
	if (write) {
		memcpy(&value, data, sizeof(value));
		virtio_mmio_write(d, offset, value);
	} else {
		value = virtio_mmio_read(d, offset);
		memcpy(data, &value, sizeof(value));
	}
}

/* QueueNotify ends in KVM, one eventfd for each queue's number. */
static int doorbells_create(struct virtio_device *d, struct error *e)
{
	for (unsigned int i = 0; i < d->queues; i++) {
		struct kvm_ioeventfd io = {
			.addr = d->gpa + VIRTIO_MMIO_QUEUE_NOTIFY, .len = 4,
			.flags = KVM_IOEVENTFD_FLAG_DATAMATCH, .datamatch = i,
			.fd = d->queue[i].bell,
		};
		int rc = KVM_IOCTL(d->vm->fd, KVM_IOEVENTFD, &io, e);

		if (rc < 0)
			return rc;
	}
	return 0;
}

static void attached_destroy(struct vm_attached *a)
{
	virtio_device_destroy((struct virtio_device *)a);
}

int virtio_mmio_attach(struct virtio_device *d, struct vm *vm, uint64_t gpa,
		       const struct virtio_plug *plug, struct error *e)
{
	int rc;

	d->gpa = gpa;
	d->attached.destroy = attached_destroy;
	virtio_status_write(d, 0);
	rc = virtio_device_plug(d, vm, plug, e);
	if (!rc && plug->notify != VIRTIO_NOTIFY_EXIT)
		rc = doorbells_create(d, e);
	if (!rc)
		rc = range_claim(&vm->mmio, gpa, VIRTIO_MMIO_BYTES, access, d,
				 e);
	if (rc) {
		virtio_device_destroy(d);
		return rc;
	}
	d->attached.next = vm->attached;
	vm->attached = &d->attached;
	return 0;
}
