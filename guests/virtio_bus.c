/*
 * The driver's side of both transports; see virtio_bus.h.
 */
#include "guest.h"
#include "virtio_bus.h"

#define PATIENCE_CYCLES	(4000ull << 20)		/* about 1 s */
#define LOOK_CYCLES	(1ull << 18)		/* between looks at the status */

/* Where QEMU's machine "microvm" has its devices, one behind the other. */
#define QEMU_MMIO_GPA	0xfeb00000ull
#define QEMU_MMIO_SLOTS	24u

uint32_t virtio_bus_status(const struct virtio_bus *d)
{
	if (virtio_bus_is_pci(d))
		return *(volatile uint8_t *)(d->common + VIRTIO_PCI_STATUS);
	return virtio_get(d, VIRTIO_MMIO_STATUS);
}

void virtio_bus_status_set(const struct virtio_bus *d, uint32_t status)
{
	if (virtio_bus_is_pci(d))
		*(volatile uint8_t *)(d->common + VIRTIO_PCI_STATUS) =
			(uint8_t)status;
	else
		virtio_set(d, VIRTIO_MMIO_STATUS, status);
}

uint32_t virtio_bus_config(const struct virtio_bus *d, uint32_t offset)
{
	return mmio_read32((virtio_bus_is_pci(d) ? d->config :
			    d->gpa + VIRTIO_MMIO_CONFIG) + offset);
}

bool virtio_bus_reset(struct virtio_bus *d)
{
	uint64_t begin = tsc_read();

	virtio_bus_status_set(d, 0);
	while (virtio_bus_status(d))
		if (tsc_read() - begin > PATIENCE_CYCLES)
			return false;
	return true;
}

uint64_t virtio_bus_offered(const struct virtio_bus *d)
{
	uint64_t low;

	if (virtio_bus_is_pci(d))
		return pci_bus_offered(d);
	virtio_set(d, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
	low = virtio_get(d, VIRTIO_MMIO_DEVICE_FEATURES);
	virtio_set(d, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
	return low | (uint64_t)virtio_get(d, VIRTIO_MMIO_DEVICE_FEATURES) << 32;
}

static void status_add(const struct virtio_bus *d, uint32_t bits)
{
	virtio_bus_status_set(d, virtio_bus_status(d) | bits);
}

void virtio_bus_accept(const struct virtio_bus *d)
{
	if (virtio_bus_is_pci(d)) {
		pci_bus_accept(d);
		return;
	}
	virtio_set(d, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
	virtio_set(d, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)d->features);
	virtio_set(d, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	virtio_set(d, VIRTIO_MMIO_DRIVER_FEATURES,
		   (uint32_t)(d->features >> 32));
}

uint64_t virtio_bus_find(enum virtio_id id)
{
	if (bell_heard)
		return VIRTIO_MMIO_GPA;
	if (pci_bus_has(id))
		return VIRTIO_BUS_PCI;
	for (uint64_t i = 0; i < QEMU_MMIO_SLOTS; i++) {
		uint64_t gpa = QEMU_MMIO_GPA + i * VIRTIO_MMIO_BYTES;

		if (mmio_read32(gpa) == VIRTIO_MMIO_MAGIC_VALUE &&
		    mmio_read32(gpa + VIRTIO_MMIO_DEVICE_ID) == (uint32_t)id)
			return gpa;
	}
	return 0;
}

static const char *mmio_find(const struct virtio_bus *d, enum virtio_id id)
{
	if (virtio_get(d, VIRTIO_MMIO_MAGIC) != VIRTIO_MMIO_MAGIC_VALUE ||
	    virtio_get(d, VIRTIO_MMIO_VERSION) != 2)
		return "there is no virtio device of the MMIO transport";
	if (virtio_get(d, VIRTIO_MMIO_DEVICE_ID) != (uint32_t)id)
		return "the virtio device is of another kind";
	return NULL;
}

const char *virtio_bus_open(struct virtio_bus *d, uint64_t gpa,
			     enum virtio_id id, uint64_t wanted)
{
	const char *why;

	d->gpa = gpa;
	d->vector = 0;
	why = virtio_bus_is_pci(d) ? pci_bus_find(d, id) : mmio_find(d, id);
	if (why)
		return why;
	if (!virtio_bus_reset(d))
		return "the virtio device does not end its reset";
	status_add(d, VIRTIO_ACKNOWLEDGE);
	status_add(d, VIRTIO_DRIVER);
	d->features = virtio_bus_offered(d) & (wanted | VIRTIO_F_VERSION_1);
	virtio_bus_accept(d);
	status_add(d, VIRTIO_FEATURES_OK);
	if (!(virtio_bus_status(d) & VIRTIO_FEATURES_OK))
		return "the virtio device does not accept its own features";
	return (const char *)0;
}

static void gpa_set(const struct virtio_bus *d, uint32_t reg,
		    const volatile void *at)
{
	virtio_set(d, reg, (uint32_t)(uint64_t)at);
	virtio_set(d, reg + 4, (uint32_t)((uint64_t)at >> 32));
}

bool virtio_bus_queue(struct virtio_bus *d, uint32_t index,
		       const struct virtio_ring *r)
{
	if (virtio_bus_is_pci(d))
		return pci_bus_queue(d, index, r);
	virtio_set(d, VIRTIO_MMIO_QUEUE_SEL, index);
	if (virtio_get(d, VIRTIO_MMIO_QUEUE_READY) ||
	    virtio_get(d, VIRTIO_MMIO_QUEUE_NUM_MAX) < r->size)
		return false;
	virtio_set(d, VIRTIO_MMIO_QUEUE_NUM, r->size);
	gpa_set(d, VIRTIO_MMIO_QUEUE_DESC, r->area->desc);
	gpa_set(d, VIRTIO_MMIO_QUEUE_DRIVER, r->area->avail);
	gpa_set(d, VIRTIO_MMIO_QUEUE_DEVICE, r->area->used);
	virtio_set(d, VIRTIO_MMIO_QUEUE_READY, 1);
	return virtio_get(d, VIRTIO_MMIO_QUEUE_READY) == 1;
}

void virtio_bus_go(const struct virtio_bus *d)
{
	status_add(d, VIRTIO_DRIVER_OK);
}

struct virtio_wait virtio_wait_begin(void)
{
	uint64_t now = tsc_read();

	return (struct virtio_wait){ .begin_tsc = now, .looked_tsc = now };
}

bool virtio_wait_on(const struct virtio_bus *d, struct virtio_wait *w)
{
	uint64_t now = tsc_read();

	if (now - w->begin_tsc > PATIENCE_CYCLES)
		return false;
	/* A look is an exit, which is no part of what a bench's row costs. */
	if (mailbox->state != ABI_STATE_PROBE ||
	    now - w->looked_tsc < LOOK_CYCLES)
		return true;
	w->looked_tsc = now;
	return !(virtio_bus_status(d) & VIRTIO_NEEDS_RESET);
}
