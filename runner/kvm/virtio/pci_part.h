/*
 * Inside pci*.c: a function on the bus.
 */
#ifndef VMGAUGE_KVM_VIRTIO_PCI_PART_H
#define VMGAUGE_KVM_VIRTIO_PCI_PART_H

#include "kvm/virtio/pci.h"

#define MSIX_VECTORS	(VIRTIO_QUEUES_MAX + 1)

/* Where structures are in the BAR; a page each. */
enum pci_page {
	PCI_PAGE_COMMON = 0x0000,
	PCI_PAGE_ISR = 0x1000,
	PCI_PAGE_DEVICE = 0x2000,
	PCI_PAGE_NOTIFY = 0x3000,	/* a word for each queue */
	PCI_PAGE_MSIX = 0x4000,
	PCI_PAGE_PENDING = 0x5000,
};

#define PCI_NOTIFY_STEP	4u

/* The table that the driver writes, as it wrote it. */
struct msix_entry {
	uint32_t address_low, address_high, data, control;
};

/* msix.c. All under the device's lock but `irqfd` and `pending`. */
struct msix {
	struct vm *vm;
	unsigned int vectors;		/* 0: there is no MSI-X */
	bool enabled, masked;		/* by the capability's control */
	struct msix_entry entry[MSIX_VECTORS];
	int irqfd[MSIX_VECTORS];	/* -1: none */
	int pending[MSIX_VECTORS];	/* eventfds: what a masked one got */
};

int msix_create(struct msix *m, struct vm *vm, unsigned int vectors,
		struct error *e);
void msix_destroy(struct msix *m);
/* What a signal of that vector is to be written to; -1: nowhere. */
int msix_fd(const struct msix *m, uint16_t vector);
/*
 * After a change of the table or of the control, and when signals go where it
 * says: routes, and what was pending.
 */
void msix_update(struct msix *m);
uint32_t msix_table_read(const struct msix *m, uint64_t offset);
void msix_table_write(struct msix *m, uint64_t offset, uint32_t value);
uint32_t msix_pending_read(const struct msix *m, uint64_t offset);

struct pci_function {
	struct virtio_device *device;
	uint64_t bar_gpa;
	uint8_t config[256];
	uint8_t msix_at, window_at;	/* capabilities; 0: none */
	bool sizing[2];			/* a BAR's half was written with ones */
	struct msix msix;
	uint16_t config_vector, queue_vector[VIRTIO_QUEUES_MAX];
};

/* pci_config.c: what the function says it is, and what can be written. */
void pci_config_make(struct pci_function *f);
uint32_t pci_config_read(struct pci_function *f, uint8_t offset,
			 unsigned int bytes);
void pci_config_write(struct pci_function *f, uint8_t offset,
		      unsigned int bytes, uint32_t value);

/* pci_bar.c: accesses inside the BAR, of 1, 2 or 4 bytes. */
uint32_t pci_bar_read(struct pci_function *f, uint64_t offset,
		      unsigned int bytes);
void pci_bar_write(struct pci_function *f, uint64_t offset, unsigned int bytes,
		   uint32_t value);
/* Queues and configuration signal where their vectors say. */
void pci_vectors_apply(struct pci_function *f);

#endif
