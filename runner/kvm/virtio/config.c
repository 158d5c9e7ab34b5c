/*
 * A device's own configuration space, whatever bus it is read over; see
 * device.h.
 */
#include <string.h>

#include "kvm/virtio/device.h"

void virtio_config_read(const struct virtio_device *d, uint64_t offset,
			void *data, unsigned int bytes)
{
	const uint8_t *config = d->ops->config_bytes ? d->ops->config(d) : NULL;

	for (unsigned int i = 0; i < bytes; i++, offset++)
		((uint8_t *)data)[i] = offset < d->ops->config_bytes ?
				       config[offset] : 0;
}

void virtio_config_write(struct virtio_device *d, uint64_t offset,
			 const void *data, unsigned int bytes)
{
	uint32_t value;

	if (!d->ops->config_write || bytes != 4 || offset & 3)
		return;
	memcpy(&value, data, sizeof(value));
	pthread_mutex_lock(&d->lock);
	d->ops->config_write(d, (uint32_t)offset, value);
	pthread_mutex_unlock(&d->lock);
}
