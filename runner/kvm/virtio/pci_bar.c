/*
 * What is in the BAR of a virtio function: most of it is what the MMIO
 * transport has under another number; see pci_part.h.
 */
#include <string.h>

#include "kvm/virtio/mmio.h"
#include "kvm/virtio/pci_part.h"

/* Fields of the common structure, their widths, and what they are over MMIO. */
static const struct field {
	uint8_t offset, bytes;
	uint16_t mmio;			/* 0: not the same there */
} fields[] = {
	{ VIRTIO_PCI_DEVICE_FEATURE_SELECT, 4, VIRTIO_MMIO_DEVICE_FEATURES_SEL },
	{ VIRTIO_PCI_DEVICE_FEATURE, 4, VIRTIO_MMIO_DEVICE_FEATURES },
	{ VIRTIO_PCI_DRIVER_FEATURE_SELECT, 4, VIRTIO_MMIO_DRIVER_FEATURES_SEL },
	{ VIRTIO_PCI_DRIVER_FEATURE, 4, VIRTIO_MMIO_DRIVER_FEATURES },
	{ VIRTIO_PCI_CONFIG_MSIX_VECTOR, 2, 0 },
	{ VIRTIO_PCI_NUM_QUEUES, 2, 0 },
	{ VIRTIO_PCI_STATUS, 1, VIRTIO_MMIO_STATUS },
	{ VIRTIO_PCI_CONFIG_GENERATION, 1, VIRTIO_MMIO_CONFIG_GENERATION },
	{ VIRTIO_PCI_QUEUE_SELECT, 2, VIRTIO_MMIO_QUEUE_SEL },
	{ VIRTIO_PCI_QUEUE_SIZE, 2, 0 },
	{ VIRTIO_PCI_QUEUE_MSIX_VECTOR, 2, 0 },
	{ VIRTIO_PCI_QUEUE_ENABLE, 2, VIRTIO_MMIO_QUEUE_READY },
	{ VIRTIO_PCI_QUEUE_NOTIFY_OFF, 2, 0 },
	{ VIRTIO_PCI_QUEUE_DESC, 4, VIRTIO_MMIO_QUEUE_DESC },
	{ VIRTIO_PCI_QUEUE_DESC + 4, 4, VIRTIO_MMIO_QUEUE_DESC + 4 },
	{ VIRTIO_PCI_QUEUE_DRIVER, 4, VIRTIO_MMIO_QUEUE_DRIVER },
	{ VIRTIO_PCI_QUEUE_DRIVER + 4, 4, VIRTIO_MMIO_QUEUE_DRIVER + 4 },
	{ VIRTIO_PCI_QUEUE_DEVICE, 4, VIRTIO_MMIO_QUEUE_DEVICE },
	{ VIRTIO_PCI_QUEUE_DEVICE + 4, 4, VIRTIO_MMIO_QUEUE_DEVICE + 4 },
	{ VIRTIO_PCI_QUEUE_RESET, 2, VIRTIO_MMIO_QUEUE_RESET },
};

static const struct field *field_find(uint64_t offset, unsigned int bytes)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (fields[i].offset == offset && fields[i].bytes == bytes)
			return &fields[i];
	return NULL;
}

/* The selected queue's number, or VIRTIO_QUEUES_MAX. Under the lock. */
static unsigned int selected(const struct virtio_device *d)
{
	return d->queue_sel < d->queues ? d->queue_sel : VIRTIO_QUEUES_MAX;
}

/* Addresses can be read back here, and over MMIO they cannot. */
static uint32_t layout_read(const struct virtio_queue *q, uint64_t offset)
{
	uint64_t gpa = offset < VIRTIO_PCI_QUEUE_DRIVER ? q->layout.desc_gpa :
		       offset < VIRTIO_PCI_QUEUE_DEVICE ? q->layout.driver_gpa :
		       q->layout.device_gpa;

	return (uint32_t)(offset & 4 ? gpa >> 32 : gpa);
}

/* Under the lock. */
static uint32_t queue_read(const struct pci_function *f, unsigned int i,
			   uint64_t offset)
{
	switch (offset) {
	case VIRTIO_PCI_QUEUE_SIZE:
		return f->device->queue[i].layout.size;
	case VIRTIO_PCI_QUEUE_MSIX_VECTOR:
		return f->queue_vector[i];
	case VIRTIO_PCI_QUEUE_NOTIFY_OFF:
		return i;
	default:
		return layout_read(&f->device->queue[i], offset);
	}
}

static uint32_t common_read(struct pci_function *f, const struct field *field)
{
	struct virtio_device *d = f->device;
	bool layout = field->offset >= VIRTIO_PCI_QUEUE_DESC &&
		      field->offset < VIRTIO_PCI_QUEUE_NOTIFY_DATA;
	unsigned int i;
	uint32_t v = 0;

	if (field->offset == VIRTIO_PCI_NUM_QUEUES)
		return d->queues;
	if (field->mmio && !layout &&
	    field->offset != VIRTIO_PCI_DEVICE_FEATURE_SELECT &&
	    field->offset != VIRTIO_PCI_DRIVER_FEATURE_SELECT &&
	    field->offset != VIRTIO_PCI_DRIVER_FEATURE &&
	    field->offset != VIRTIO_PCI_QUEUE_SELECT)
		return virtio_mmio_read(d, field->mmio);
	pthread_mutex_lock(&d->lock);
	i = selected(d);
	switch (field->offset) {
	case VIRTIO_PCI_DEVICE_FEATURE_SELECT:
		v = d->features_sel;
		break;
	case VIRTIO_PCI_DRIVER_FEATURE_SELECT:
		v = d->driver_sel;
		break;
	case VIRTIO_PCI_DRIVER_FEATURE:
		v = d->driver_sel < 2 ?
		    (uint32_t)(d->accepted >> 32 * d->driver_sel) : 0;
		break;
	case VIRTIO_PCI_QUEUE_SELECT:
		v = d->queue_sel;
		break;
	case VIRTIO_PCI_CONFIG_MSIX_VECTOR:
		v = f->config_vector;
		break;
	default:
		v = i < VIRTIO_QUEUES_MAX ? queue_read(f, i, field->offset) : 0;
		break;
	}
	pthread_mutex_unlock(&d->lock);
	return v;
}

void pci_vectors_apply(struct pci_function *f)
{
	struct virtio_device *d = f->device;

	atomic_store(&d->irqfd, msix_fd(&f->msix, f->config_vector));
	for (unsigned int i = 0; i < d->queues; i++)
		atomic_store(&d->queue[i].irqfd,
			     msix_fd(&f->msix, f->queue_vector[i]));
}

/* One that does not exist reads back as none (4.1.5.1.2.1). */
static void vector_write(struct pci_function *f, uint16_t *vector,
			 uint32_t value)
{
	*vector = value < f->msix.vectors ? (uint16_t)value :
					    VIRTIO_PCI_NO_VECTOR;
	pci_vectors_apply(f);
}

/* A reset takes the vectors away, too. */
static void vectors_reset(struct pci_function *f)
{
	f->config_vector = VIRTIO_PCI_NO_VECTOR;
	for (unsigned int i = 0; i < VIRTIO_QUEUES_MAX; i++)
		f->queue_vector[i] = VIRTIO_PCI_NO_VECTOR;
	pci_vectors_apply(f);
}

static void common_write(struct pci_function *f, const struct field *field,
			 uint32_t value)
{
	struct virtio_device *d = f->device;
	unsigned int i;

	pthread_mutex_lock(&d->lock);
	i = selected(d);
	if (field->offset == VIRTIO_PCI_CONFIG_MSIX_VECTOR)
		vector_write(f, &f->config_vector, value);
	if (field->offset == VIRTIO_PCI_QUEUE_MSIX_VECTOR &&
	    i < VIRTIO_QUEUES_MAX)
		vector_write(f, &f->queue_vector[i], value);
	if (field->offset == VIRTIO_PCI_STATUS && !value)
		vectors_reset(f);
	pthread_mutex_unlock(&d->lock);
	if (field->offset == VIRTIO_PCI_QUEUE_SIZE)
		virtio_mmio_write(d, VIRTIO_MMIO_QUEUE_NUM, value);
	/* Only a reset disables a queue (4.1.4.3.2). */
	else if (field->mmio && (field->offset != VIRTIO_PCI_QUEUE_ENABLE ||
				 value == 1))
		virtio_mmio_write(d, field->mmio, value);
}

uint32_t pci_bar_read(struct pci_function *f, uint64_t offset,
		      unsigned int bytes)
{
	uint64_t page = offset & ~0xfffull;
	const struct field *field = field_find(offset, bytes);
	uint32_t v = 0;

	if (page == PCI_PAGE_COMMON)
		return field ? common_read(f, field) : 0;
	if (offset == PCI_PAGE_ISR)
		return atomic_exchange(&f->device->interrupt, 0);
	if (page == PCI_PAGE_DEVICE)
		virtio_config_read(f->device, offset - page, &v, bytes);
	if (bytes != 4)
		return v;
	pthread_mutex_lock(&f->device->lock);
	if (page == PCI_PAGE_MSIX)
		v = msix_table_read(&f->msix, offset - page);
	if (page == PCI_PAGE_PENDING)
		v = msix_pending_read(&f->msix, offset - page);
	pthread_mutex_unlock(&f->device->lock);
	return v;
}

void pci_bar_write(struct pci_function *f, uint64_t offset, unsigned int bytes,
		   uint32_t value)
{
	uint64_t page = offset & ~0xfffull;
	const struct field *field = field_find(offset, bytes);

	if (page == PCI_PAGE_COMMON && field)
		common_write(f, field, value);
	else if (page == PCI_PAGE_NOTIFY)
		virtio_queue_kick(f->device,
				  (uint32_t)(offset - page) / PCI_NOTIFY_STEP);
	else if (page == PCI_PAGE_DEVICE)
		virtio_config_write(f->device, offset - page, &value, bytes);
	else if (page == PCI_PAGE_MSIX && bytes == 4) {
		pthread_mutex_lock(&f->device->lock);
		msix_table_write(&f->msix, offset - page, value);
		pci_vectors_apply(f);
		/* What was remembered before it was applied. */
		msix_update(&f->msix);
		pthread_mutex_unlock(&f->device->lock);
	}
}
