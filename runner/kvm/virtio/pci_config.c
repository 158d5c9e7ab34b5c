/*
 * Configuration space of a virtio function; see pci_part.h.
 */
#include <string.h>

#include "kvm/virtio/pci_part.h"

#define CAP_BYTES	16u
#define WINDOW_BYTES	20u
#define COMMAND_BITS	0x0406u		/* memory, bus master, no INTx */
#define STATUS_CAPS	0x0010u
#define BAR_LOW_BITS	0x4u		/* memory, 64 bits, not prefetchable */
#define MSIX_CONTROL	0xc000u		/* enable, mask all */

static void put16(uint8_t *at, uint16_t v)
{
	memcpy(at, &v, sizeof(v));
}

static void put32(uint8_t *at, uint32_t v)
{
	memcpy(at, &v, sizeof(v));
}

static uint32_t get32(const uint8_t *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

/* Appends a capability behind `*last`; gives where it is. */
static uint8_t *cap_add(struct pci_function *f, uint8_t *last, uint8_t *free,
			uint8_t id, uint8_t bytes)
{
	uint8_t *cap = f->config + *free;

	cap[0] = id;
	f->config[*last] = *free;
	*last = (uint8_t)(*free + 1);
	*free = (uint8_t)((*free + bytes + 3) & ~3);
	return cap;
}

static uint8_t *structure_add(struct pci_function *f, uint8_t *last,
			      uint8_t *free, enum virtio_pci_cap type,
			      uint32_t offset, uint32_t bytes,
			      uint8_t cap_bytes)
{
	uint8_t *cap = cap_add(f, last, free, PCI_CAP_VENDOR, cap_bytes);

	cap[2] = cap_bytes;
	cap[3] = type;
	put32(cap + 8, offset);
	put32(cap + 12, bytes);
	return cap;
}

void pci_config_make(struct pci_function *f)
{
	const struct virtio_device *d = f->device;
	uint8_t last = PCI_CAPABILITY, free = 0x40, *cap;

	put16(f->config, 0x1af4);
	put16(f->config + 2, (uint16_t)(0x1040 + d->ops->id));
	put16(f->config + 6, STATUS_CAPS);
	f->config[8] = 1;		/* revision of a modern device */
	f->config[0xb] = 0xff;		/* a class of no kind */
	put32(f->config + PCI_BAR, (uint32_t)f->bar_gpa | BAR_LOW_BITS);
	put32(f->config + PCI_BAR + 4, (uint32_t)(f->bar_gpa >> 32));
	put16(f->config + 0x2c, 0x1af4);
	put16(f->config + 0x2e, (uint16_t)(0x40 + d->ops->id));

	structure_add(f, &last, &free, VIRTIO_PCI_CAP_COMMON, PCI_PAGE_COMMON,
		      VIRTIO_PCI_COMMON_BYTES, CAP_BYTES);
	cap = structure_add(f, &last, &free, VIRTIO_PCI_CAP_NOTIFY,
			    PCI_PAGE_NOTIFY, PCI_NOTIFY_STEP * d->queues,
			    CAP_BYTES + 4);
	put32(cap + CAP_BYTES, PCI_NOTIFY_STEP);
	structure_add(f, &last, &free, VIRTIO_PCI_CAP_ISR, PCI_PAGE_ISR, 1,
		      CAP_BYTES);
	structure_add(f, &last, &free, VIRTIO_PCI_CAP_DEVICE, PCI_PAGE_DEVICE,
		      d->ops->config_bytes ? d->ops->config_bytes : 4,
		      CAP_BYTES);
	f->window_at = free;
	structure_add(f, &last, &free, VIRTIO_PCI_CAP_PCI, 0, 0, WINDOW_BYTES);
	if (!f->msix.vectors)
		return;
	f->msix_at = free;
	cap = cap_add(f, &last, &free, PCI_CAP_MSIX, 12);
	put16(cap + 2, (uint16_t)(f->msix.vectors - 1));
	put32(cap + 4, PCI_PAGE_MSIX);
	put32(cap + 8, PCI_PAGE_PENDING);
}

/*
 * The window: an access to a BAR through configuration space (4.1.4.9). What
 * its fields ask for must be a BAR's word, or nothing happens.
 */
static bool window_open(const struct pci_function *f, uint32_t *offset,
			uint32_t *bytes)
{
	const uint8_t *cap = f->config + f->window_at;

	*offset = get32(cap + 8);
	*bytes = get32(cap + 12);
	return !cap[4] && (*bytes == 1 || *bytes == 2 || *bytes == 4) &&
	       *offset <= PCI_BAR_BYTES - *bytes && !(*offset % *bytes);
}

uint32_t pci_config_read(struct pci_function *f, uint8_t offset,
			 unsigned int bytes)
{
	uint32_t at, size, v = 0;
	uint8_t word[4];

	if (f->window_at && offset == f->window_at + CAP_BYTES)
		return window_open(f, &at, &size) ?
		       pci_bar_read(f, at, size) : 0;
	memcpy(word, f->config + (offset & ~3u), 4);
	for (unsigned int i = 0; i < 2; i++)
		if ((offset & ~3u) == PCI_BAR + 4 * i && f->sizing[i])
			put32(word, i ? 0xffffffffu :
			      ~(PCI_BAR_BYTES - 1) | BAR_LOW_BITS);
	for (unsigned int i = 0; i < bytes && (offset & 3) + i < 4; i++)
		v |= (uint32_t)word[(offset & 3) + i] << 8 * i;
	return v;
}

static void control_write(struct pci_function *f, uint32_t value)
{
	pthread_mutex_lock(&f->device->lock);
	f->config[f->msix_at + 3] = (uint8_t)
		((f->config[f->msix_at + 3] & ~(MSIX_CONTROL >> 8)) |
		 (value & MSIX_CONTROL) >> 8);
	f->msix.enabled = value & 0x8000;
	f->msix.masked = value & 0x4000;
	pci_vectors_apply(f);
	msix_update(&f->msix);
	pthread_mutex_unlock(&f->device->lock);
}

/* Bytes of the window's BAR number, offset and length are the driver's. */
static bool window_field(const struct pci_function *f, uint8_t offset)
{
	unsigned int at = (unsigned int)offset - f->window_at;

	return offset >= f->window_at && (at == 4 || (at >= 8 && at < 16));
}

void pci_config_write(struct pci_function *f, uint8_t offset,
		      unsigned int bytes, uint32_t value)
{
	uint32_t at, size;

	if (offset == PCI_COMMAND && bytes >= 2) {
		put16(f->config + PCI_COMMAND,
		      (uint16_t)(value & COMMAND_BITS));
	} else if (offset == PCI_BAR || offset == PCI_BAR + 4) {
		f->sizing[(offset - PCI_BAR) / 4] = bytes == 4 &&
						    value == 0xffffffffu;
	} else if (f->msix_at && offset == f->msix_at + 2 && bytes == 2) {
		control_write(f, value);
	} else if (f->msix_at && offset == f->msix_at && bytes == 4) {
		control_write(f, value >> 16);
	} else if (offset == f->window_at + CAP_BYTES) {
		if (window_open(f, &at, &size))
			pci_bar_write(f, at, size, value);
	} else {
		for (unsigned int i = 0; i < bytes && offset + i < 256; i++)
			if (window_field(f, (uint8_t)(offset + i)))
				f->config[offset + i] = (uint8_t)(value >>
								  8 * i);
	}
}
