/*
 * A virtio disk over PCI beside the one over MMIO, and of several queues.
 *
 * Over PCI a doorbell is a store of 16 bits to a word of the queue's own, and
 * an interrupt is MSI-X's, by a vector of its own, with no status to read and
 * to acknowledge: what differs from the row over MMIO of the same load is the
 * bus. Each queue has a thread of the device's; the driver is one vCPU, so
 * that more queues show what a thread less busy saves, and what one more to
 * look at costs.
 */
#define _GNU_SOURCE 1		/* for files, where the flags lack it */
#include "suite.h"
#include "disk_rows.h"

#define READING_PCI "As the row without _pci, whose device is on the MMIO transport: the same " \
		    "device and driver over PCI, its doorbell an ioeventfd of 16 bits."
#define READING_MSIX "As the row without _pci, but the interrupt is a message of MSI-X: no status " \
		     "is read or acknowledged."
#define READING_QUEUES "The depth is each queue's. One vCPU drives all queues; each has a thread of " \
		       "the device's, which share a CPU where there is no other."

#define PCI(when, way, size, on, depth)					\
	ROW(blk_##way##_##size##_##on##_pci_q##depth,			\
	    #size " " DOES_##way " of " IS_##on " over PCI, " #depth " under way", \
	    READING_PCI, way, size, on, depth, N(size, depth),		\
	    .needs = ALWAYS,						\
	    .unavailable = when##_##on,					\
	    .load.pci = true,						\
	    .exits = EXITS_RANGE(0, N(size, depth), 0))

#define MSIX(when, way, size, on, depth)				\
	ROW(blk_##way##_##size##_##on##_pci_irq_q##depth,		\
	    #size " " DOES_##way " of " IS_##on " over PCI, " #depth " under way, by interrupt", \
	    READING_MSIX, way, size, on, depth, N(size, depth),		\
	    .needs = ALWAYS | NEED_IRQCHIP,				\
	    .unavailable = when##_##on,					\
	    .load.pci = true,						\
	    .load.interrupts = true,					\
	    .exits = EXITS_RANGE(0, 7 + 2 * N(size, depth), 0))

PCI(QUICK, read, 4k, null, 1);
PCI(FULL, read, 4k, null, 8);
PCI(QUICK, read, 4k, null, 32);
PCI(FULL, read, 4k, null, 128);
PCI(FULL, write, 4k, null, 32);
PCI(FULL, randread, 4k, memory, 32);
PCI(FULL, randread, 4k, direct, 32);
PCI(FULL, read, 128k, direct, 32);
MSIX(QUICK, read, 4k, null, 1);
MSIX(FULL, read, 4k, null, 8);
MSIX(QUICK, read, 4k, null, 32);
MSIX(FULL, randread, 4k, direct, 32);

#define QUEUE_DEPTH	8u
#define QUEUE_REQUESTS	256u

#define QUEUES(when, way, size, on, n)					\
	ROW(blk_##way##_##size##_##on##_queues##n##_q8,			\
	    #size " " DOES_##way " of " IS_##on ", " #n " queues of 8 under way", \
	    READING_QUEUES, way, size, on, QUEUE_DEPTH, QUEUE_REQUESTS,	\
	    .needs = ALWAYS,						\
	    .unavailable = when##_##on,					\
	    .load.queues = n,						\
	    .exits = EXITS_RANGE(0, QUEUE_REQUESTS, 0))

#define QUEUES_IRQ(when, way, size, on, n)				\
	ROW(blk_##way##_##size##_##on##_queues##n##_irq_q8,		\
	    #size " " DOES_##way " of " IS_##on ", " #n " queues of 8 under way, by interrupt", \
	    READING_QUEUES, way, size, on, QUEUE_DEPTH, QUEUE_REQUESTS,	\
	    .needs = ALWAYS | NEED_IRQCHIP,				\
	    .unavailable = when##_##on,					\
	    .load.queues = n,						\
	    .load.interrupts = true,					\
	    .exits = EXITS_RANGE(0, 7 + 2 * QUEUE_REQUESTS, 2))

QUEUES(QUICK, read, 4k, null, 1);
QUEUES(FULL, read, 4k, null, 2);
QUEUES(FULL, read, 4k, null, 4);
QUEUES(QUICK, read, 4k, null, 8);
QUEUES_IRQ(FULL, read, 4k, null, 1);
QUEUES_IRQ(FULL, read, 4k, null, 2);
QUEUES_IRQ(FULL, read, 4k, null, 4);
QUEUES_IRQ(FULL, read, 4k, null, 8);
QUEUES(FULL, randread, 4k, memory, 1);
QUEUES(FULL, randread, 4k, memory, 2);
QUEUES(FULL, randread, 4k, memory, 4);
QUEUES(FULL, randread, 4k, memory, 8);
QUEUES(FULL, randread, 4k, direct, 1);
QUEUES(FULL, randread, 4k, direct, 2);
QUEUES(FULL, randread, 4k, direct, 4);
QUEUES(FULL, randread, 4k, direct, 8);
