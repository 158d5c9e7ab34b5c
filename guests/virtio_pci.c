/*
 * The driver's side of the PCI transport; see virtio_bus.h.
 *
 * The bus is looked through by configuration mechanism #1. BARs are where
 * firmware or the VMM put them. Source: VIRTIO 1.2, 4.1.
 */
#include "guest.h"
#include "virtio_bus.h"

#define SLOTS		32u
#define BARS		6u
#define IDENTITY_END	(4ull << 30)	/* what the image has mapped */
#define CAPABILITIES	48u		/* at most, in 192 bytes */

static inline uint64_t ports_address(uint16_t slot, uint8_t offset)
{
	return 0x80000000u | (uint32_t)slot << 11 | (offset & 0xfcu);
}

uint32_t pci_config_read(uint16_t slot, uint8_t offset)
{
	outl(PCI_PORT_ADDRESS, (uint32_t)ports_address(slot, offset));
	return inl(PCI_PORT_DATA);
}

void pci_config_write(uint16_t slot, uint8_t offset, uint32_t value)
{
	outl(PCI_PORT_ADDRESS, (uint32_t)ports_address(slot, offset));
	outl(PCI_PORT_DATA, value);
}

static uint8_t config_byte(uint16_t slot, uint8_t offset)
{
	return (uint8_t)(pci_config_read(slot, offset) >> (offset & 3) * 8);
}

/* Where a memory BAR is; 0: it is none, or beyond what is mapped. */
static uint64_t bar_gpa(uint16_t slot, uint8_t bar)
{
	uint32_t low;
	uint64_t gpa;

	if (bar >= BARS)
		return 0;
	low = pci_config_read(slot, (uint8_t)(PCI_BAR + 4 * bar));
	if (low & 1)
		return 0;
	gpa = low & ~15u;
	if ((low & 6) == 4)
		gpa |= (uint64_t)pci_config_read(slot, (uint8_t)
			(PCI_BAR + 4 * bar + 4)) << 32;
	return gpa < IDENTITY_END ? gpa : 0;
}

static void structure_note(struct virtio_bus *d, uint8_t cap)
{
	uint64_t gpa = bar_gpa(d->slot, config_byte(d->slot, cap + 4));

	if (!gpa)
		return;
	gpa += pci_config_read(d->slot, cap + 8);
	switch (config_byte(d->slot, cap + 3)) {
	case VIRTIO_PCI_CAP_COMMON:
		d->common = gpa;
		break;
	case VIRTIO_PCI_CAP_NOTIFY:
		d->notify = gpa;
		d->notify_step = pci_config_read(d->slot, cap + 16);
		break;
	case VIRTIO_PCI_CAP_ISR:
		d->isr = gpa;
		break;
	case VIRTIO_PCI_CAP_DEVICE:
		d->config = gpa;
		break;
	}
}

static uint16_t slot_find(enum virtio_id id)
{
	uint32_t want = (0x1040u + (uint32_t)id) << 16 | 0x1af4;
	uint16_t slot = 0;

	while (slot < SLOTS && pci_config_read(slot, 0) != want)
		slot++;
	return slot;
}

bool pci_bus_has(enum virtio_id id)
{
	return slot_find(id) < SLOTS;
}

const char *pci_bus_find(struct virtio_bus *d, enum virtio_id id)
{
	uint8_t cap;

	d->slot = slot_find(id);
	if (d->slot == SLOTS)
		return "there is no such virtio device on the PCI bus";
	d->common = d->notify = d->isr = d->config = 0;
	/* Memory, and to be a bus master. */
	pci_config_write(d->slot, PCI_COMMAND,
			 (pci_config_read(d->slot, PCI_COMMAND) & 0xffff) | 6);
	cap = config_byte(d->slot, PCI_CAPABILITY);
	for (unsigned int i = 0; cap && i < CAPABILITIES; i++) {
		if (config_byte(d->slot, cap) == PCI_CAP_VENDOR)
			structure_note(d, cap);
		cap = config_byte(d->slot, cap + 1) & 0xfc;
	}
	/* Entropy has nothing to configure, and so no structure for that. */
	return d->common && d->notify && d->isr &&
	       (d->config || id == VIRTIO_ID_RNG) ? NULL :
	       "the virtio device's structures are not all within reach";
}

uint64_t pci_bus_offered(const struct virtio_bus *d)
{
	uint64_t low;

	mmio_write32(d->common + VIRTIO_PCI_DEVICE_FEATURE_SELECT, 0);
	low = mmio_read32(d->common + VIRTIO_PCI_DEVICE_FEATURE);
	mmio_write32(d->common + VIRTIO_PCI_DEVICE_FEATURE_SELECT, 1);
	return low | (uint64_t)mmio_read32(d->common +
					   VIRTIO_PCI_DEVICE_FEATURE) << 32;
}

void pci_bus_accept(const struct virtio_bus *d)
{
	for (uint32_t half = 0; half < 2; half++) {
		mmio_write32(d->common + VIRTIO_PCI_DRIVER_FEATURE_SELECT,
			     half);
		mmio_write32(d->common + VIRTIO_PCI_DRIVER_FEATURE,
			     (uint32_t)(d->features >> 32 * half));
	}
}

static volatile uint16_t *common16(const struct virtio_bus *d, uint32_t at)
{
	return (volatile uint16_t *)(d->common + at);
}

static void gpa_set(const struct virtio_bus *d, uint32_t at,
		    const volatile void *area)
{
	mmio_write32(d->common + at, (uint32_t)(uint64_t)area);
	mmio_write32(d->common + at + 4, (uint32_t)((uint64_t)area >> 32));
}

/* Entry 0 of MSI-X: this CPU, as long as it has APIC ID 0. */
static bool entry_set(const struct virtio_bus *d)
{
	uint8_t cap = config_byte(d->slot, PCI_CAPABILITY) & 0xfc;
	uint32_t where;
	uint64_t gpa;

	for (unsigned int i = 0; cap && i < CAPABILITIES; i++) {
		if (config_byte(d->slot, cap) == PCI_CAP_MSIX)
			break;
		cap = config_byte(d->slot, cap + 1) & 0xfc;
	}
	where = cap ? pci_config_read(d->slot, cap + 4) : 0;
	gpa = cap ? bar_gpa(d->slot, where & 7) : 0;
	if (!gpa)
		return false;
	gpa += where & ~7u;
	pci_config_write(d->slot, cap,
			 pci_config_read(d->slot, cap) | 0x80000000u);
	mmio_write32(gpa, 0xfee00000);
	mmio_write32(gpa + 4, 0);
	mmio_write32(gpa + 8, d->vector);
	mmio_write32(gpa + 12, 0);
	return true;
}

/* Of the queue that is selected. A device without room for it says so. */
static bool vector_set(const struct virtio_bus *d)
{
	volatile uint16_t *vector = common16(d, VIRTIO_PCI_QUEUE_MSIX_VECTOR);

	if (!entry_set(d))
		return false;
	*vector = 0;
	return *vector == 0;
}

bool pci_bus_queue(struct virtio_bus *d, uint32_t index,
		   const struct virtio_ring *r)
{
	if (index >= VIRTIO_BUS_QUEUES ||
	    index >= *common16(d, VIRTIO_PCI_NUM_QUEUES))
		return false;
	*common16(d, VIRTIO_PCI_QUEUE_SELECT) = (uint16_t)index;
	if (*common16(d, VIRTIO_PCI_QUEUE_ENABLE) ||
	    *common16(d, VIRTIO_PCI_QUEUE_SIZE) < r->size)
		return false;
	if (d->vector && !vector_set(d))
		return false;
	*common16(d, VIRTIO_PCI_QUEUE_SIZE) = r->size;
	d->doorbell[index] = d->notify + (uint64_t)d->notify_step *
			     *common16(d, VIRTIO_PCI_QUEUE_NOTIFY_OFF);
	gpa_set(d, VIRTIO_PCI_QUEUE_DESC, r->area->desc);
	gpa_set(d, VIRTIO_PCI_QUEUE_DRIVER, r->area->avail);
	gpa_set(d, VIRTIO_PCI_QUEUE_DEVICE, r->area->used);
	*common16(d, VIRTIO_PCI_QUEUE_ENABLE) = 1;
	return *common16(d, VIRTIO_PCI_QUEUE_ENABLE) == 1;
}
