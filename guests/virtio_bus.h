/*
 * How a driver reaches its device, by MMIO or over PCI: from reset to
 * DRIVER_OK, its configuration, its doorbells.
 *
 * Registers are ordinary memory accesses, so all of it runs at any CPL: at
 * CPL3 where CPL0 is interpreted. Finding a device on a PCI bus takes ports,
 * which CPL3 has, too. Source: VIRTIO 1.2, 3.1.1, 4.1 and 4.2.3.
 */
#ifndef VMGAUGE_VIRTIO_BUS_H
#define VMGAUGE_VIRTIO_BUS_H

#include <stdbool.h>
#include <stdint.h>

#include "cpu.h"
#include "virtio.h"
#include "virtio_ring.h"

#define VIRTIO_BUS_QUEUES	9u
#define VIRTIO_BUS_PCI		1ull	/* as a GPA: look for it on the bus */

struct virtio_bus {
	uint64_t gpa;			/* MMIO: of the registers */
	uint64_t features;		/* agreed on */
	/* PCI: where its structures are, and each queue's doorbell. */
	uint64_t common, notify, isr, config;
	uint32_t notify_step;
	uint64_t doorbell[VIRTIO_BUS_QUEUES];
	uint16_t slot;			/* device number on bus 0 */
	uint8_t vector;			/* of all queues, by MSI-X; 0: none */
};

/* A register of the MMIO transport; not for PCI. */
static inline uint32_t virtio_get(const struct virtio_bus *d, uint32_t reg)
{
	return mmio_read32(d->gpa + reg);
}

static inline void virtio_set(const struct virtio_bus *d, uint32_t reg,
			      uint32_t value)
{
	mmio_write32(d->gpa + reg, value);
}

static inline bool virtio_bus_is_pci(const struct virtio_bus *d)
{
	return d->gpa == VIRTIO_BUS_PCI;
}

/* Of the device's status; bits that are written are those it shall have. */
uint32_t virtio_bus_status(const struct virtio_bus *d);
void virtio_bus_status_set(const struct virtio_bus *d, uint32_t status);

/* A word of the device's own configuration. */
uint32_t virtio_bus_config(const struct virtio_bus *d, uint32_t offset);

/* Asks for a reset and waits until it is through; false: it never was. */
bool virtio_bus_reset(struct virtio_bus *d);

uint64_t virtio_bus_offered(const struct virtio_bus *d);
/* Says that d->features are wanted; FEATURES_OK is not yet. */
void virtio_bus_accept(const struct virtio_bus *d);

/*
 * Where a device of that kind is: the built-in VMM's over MMIO, or one of
 * QEMU's, on PCI in its machine "q35" and over MMIO in "microvm". As a GPA for
 * virtio_bus_open(); 0: there is none.
 */
uint64_t virtio_bus_find(enum virtio_id id);

/*
 * A device of that kind at `gpa`, or VIRTIO_BUS_PCI for the first on that bus:
 * reset, and agreed with on those of the wanted features that it offers. It
 * has no vector then; who wants interrupts over PCI sets one before it gives
 * the device its queues. NULL, or why not.
 */
const char *virtio_bus_open(struct virtio_bus *d, uint64_t gpa,
			     enum virtio_id id, uint64_t wanted);

/* Gives the device a queue; false: it has none such, or no vector for it. */
bool virtio_bus_queue(struct virtio_bus *d, uint32_t index,
		       const struct virtio_ring *r);

/*
 * For who waits for an answer by looking at a ring: false when it has waited
 * long enough (about 1 s), or the device broke down. In a probe the status is
 * read now and then, which is also an exit: a host of one CPU that does not
 * interrupt a spinning vCPU (Bochs) can give it to the device.
 */
struct virtio_wait {
	uint64_t begin_tsc, looked_tsc;
};

struct virtio_wait virtio_wait_begin(void);
bool virtio_wait_on(const struct virtio_bus *d, struct virtio_wait *w);

/* DRIVER_OK: the device may begin. */
void virtio_bus_go(const struct virtio_bus *d);

/* The doorbell of a queue, whether it is wanted or not. */
static inline void virtio_bus_kick(const struct virtio_bus *d, uint32_t queue)
{
	if (virtio_bus_is_pci(d))
		*(volatile uint16_t *)d->doorbell[queue] = (uint16_t)queue;
	else
		mmio_write32(d->gpa + VIRTIO_MMIO_QUEUE_NOTIFY, queue);
}

/*
 * virtio_pci.c, for virtio_bus.c: the same over PCI. pci_bus_has() asks for
 * no more than the presence of such a device.
 */
bool pci_bus_has(enum virtio_id id);
const char *pci_bus_find(struct virtio_bus *d, enum virtio_id id);
bool pci_bus_queue(struct virtio_bus *d, uint32_t index,
		   const struct virtio_ring *r);
uint64_t pci_bus_offered(const struct virtio_bus *d);
void pci_bus_accept(const struct virtio_bus *d);

/* One of its configuration space's words; all ones where there is nothing. */
uint32_t pci_config_read(uint16_t slot, uint8_t offset);
void pci_config_write(uint16_t slot, uint8_t offset, uint32_t value);

#endif
