/*
 * A virtio device over PCI keeps to its standard: how it says what it is and
 * where its structures are, what is negotiated there, and its vectors.
 *
 * The device is the built-in VMM's block device of 2 MiB in memory.
 */
#include "apic.h"
#include "irq.h"
#include "virtio_disk.h"

#include "kvm/virtio/pci.h"

#define SLOT		1u
#define MSIX_ENTRY	16u
#define MSIX_TABLE	0x4000u		/* where the capability has to say */

__host void pci_plug(struct item_host *h, bool interrupts)
{
	const struct blk_config config = {
		.backend = BLK_MEMORY, .bytes = DISK_BYTES,
		.queues = DISK_QUEUES,
	};
	const struct virtio_plug plug = {
		.pu = h->bystander_pu, .interrupts = interrupts,
	};
	struct error e = { "" };
	struct virtio_device *d = virtio_blk_create(&config, &e);

	h->opaque = d;
	if (!d || virtio_pci_attach(d, h->vm, &plug, &e)) {
		h->opaque = NULL;
		host_verdict(h, ABI_ERROR, e.text);
	}
}

__host void pci_prepare(struct item_host *h)
{
	pci_plug(h, false);
}

__host void msix_prepare(struct item_host *h)
{
	pci_plug(h, true);
}

__guest bool pci_open(uint64_t features, bool interrupts)
{
	const struct virtio_blk_setup setup = {
		.gpa = VIRTIO_BUS_PCI,
		.area = (struct virtio_blk_area *)ABI_SCRATCH_GPA,
		.buffers = DATA_GPA, .bytes = BLOCK_BYTES, .slots = 1,
		.queue_size = SHORT_QUEUE, .features = features,
		.interrupts = interrupts,
	};
	const char *why = virtio_blk_open(&disk, &setup);

	CHECK_EQ(0, (uint64_t)why);
	return !why;
}

/* The n-th capability of that kind, whatever its structure; 0: none. */
__guest uint8_t capability(uint8_t id, uint32_t structure)
{
	uint8_t at = (uint8_t)(pci_config_read(SLOT, PCI_CAPABILITY) & 0xfc);

	for (int i = 0; at && i < 48; i++) {
		uint32_t word = pci_config_read(SLOT, at);

		if ((word & 0xff) == id &&
		    (!structure || word >> 24 == structure))
			return at;
		at = (uint8_t)(word >> 8 & 0xfc);
	}
	return 0;
}

#define PCI_PROBE(id, ...)						\
	PROBE(id, .rings = RING3, .needs = NEED_VMM | NEED_SCRATCH,	\
	      .prepare = HOST(pci_prepare), __VA_ARGS__)

PCI_PROBE(function_says_what_it_is,
	.rule = "Vendor 1AF4, device 1040 and the kind, a revision from 1 on, and a capability for "
		"each structure",
	.cite = "VIRTIO 1.2, 4.1.2 PCI Device Discovery; 4.1.4 Virtio Structure PCI Capabilities",
	.control = "another device number is caught")
{
	CHECK_EQ(0x10421af4, pci_config_read(SLOT, 0));
	CHECK_NE(0, pci_config_read(SLOT, 8) & 0xff);
	CHECK_NE(0, pci_config_read(SLOT, PCI_COMMAND) & 0x100000);
	for (uint32_t s = VIRTIO_PCI_CAP_COMMON; s <= VIRTIO_PCI_CAP_PCI; s++)
		CHECK_NE(0, capability(PCI_CAP_VENDOR, s));
	CHECK_EQ(0xffffffff, pci_config_read(SLOT + 1, 0));
}

PCI_PROBE(bar_says_its_size,
	.rule = "A memory BAR that is written with ones reads as its size, and its address comes back",
	.cite = "PCI Local Bus 3.0, 6.2.5.1 Address Maps; VIRTIO 1.2, 4.1.4",
	.control = "a BAR that keeps its address is caught")
{
	uint32_t low = pci_config_read(SLOT, PCI_BAR);
	uint32_t high = pci_config_read(SLOT, PCI_BAR + 4), size;

	CHECK_EQ(0, low & 1);
	pci_config_write(SLOT, PCI_BAR, 0xffffffff);
	size = ~(pci_config_read(SLOT, PCI_BAR) & ~15u) + 1;
	CHECK_EQ(0, size & (size - 1));
	CHECK(size >= 4096 && size <= 1 << 20);
	CHECK_EQ(0, low & (size - 1) & ~15u);
	pci_config_write(SLOT, PCI_BAR, low);
	CHECK_EQ(low, pci_config_read(SLOT, PCI_BAR));
	CHECK_EQ(high, pci_config_read(SLOT, PCI_BAR + 4));
}

PCI_PROBE(common_structure_is_as_it_should_be,
	.rule = "After a reset queues are disabled and of their largest size, vectors are none, and "
		"a queue that is not there has size 0; only a reset disables one",
	.cite = "VIRTIO 1.2, 4.1.4.3 Common configuration structure layout",
	.control = "a status that is never 0 is caught")
{
	struct virtio_bus *d = &disk.device;
	volatile uint16_t *select, *size, *enable, *vector;

	if (!pci_open(0, false))
		return;
	select = (volatile uint16_t *)(d->common + VIRTIO_PCI_QUEUE_SELECT);
	size = (volatile uint16_t *)(d->common + VIRTIO_PCI_QUEUE_SIZE);
	enable = (volatile uint16_t *)(d->common + VIRTIO_PCI_QUEUE_ENABLE);
	vector = (volatile uint16_t *)(d->common +
				       VIRTIO_PCI_QUEUE_MSIX_VECTOR);
	CHECK_EQ(DISK_QUEUES, *(volatile uint16_t *)
		 (d->common + VIRTIO_PCI_NUM_QUEUES));
	*select = 0;
	CHECK_EQ(SHORT_QUEUE, *size);
	*enable = 0;
	CHECK_EQ(1, *enable);
	*vector = 0;			/* there is no MSI-X here */
	CHECK_EQ(VIRTIO_PCI_NO_VECTOR, *vector);
	CHECK_EQ(true, virtio_bus_reset(d));
	*select = 0;
	CHECK_EQ(0, *enable);
	CHECK_NE(0, *size);
	CHECK_EQ(VIRTIO_PCI_NO_VECTOR, *vector);
	*select = DISK_QUEUES;
	CHECK_EQ(0, *size);
}

PCI_PROBE(window_reaches_the_same_registers,
	.rule = "The capability VIRTIO_PCI_CAP_PCI_CFG reads and writes what the BAR has",
	.cite = "VIRTIO 1.2, 4.1.4.9 PCI configuration access capability",
	.control = "a status that is never 0 is caught")
{
	uint8_t at = capability(PCI_CAP_VENDOR, VIRTIO_PCI_CAP_PCI);
	uint8_t common = capability(PCI_CAP_VENDOR, VIRTIO_PCI_CAP_COMMON);
	struct virtio_wait wait;
	uint32_t offset;

	if (!pci_open(0, false))
		return;
	offset = pci_config_read(SLOT, common + 8) + VIRTIO_PCI_STATUS;
	pci_config_write(SLOT, at + 8, offset);
	pci_config_write(SLOT, at + 12, 1);
	CHECK_EQ(15, pci_config_read(SLOT, at + 16) & 0xff);
	pci_config_write(SLOT, at + 16, 0);
	wait = virtio_wait_begin();
	while (virtio_bus_status(&disk.device) &&
	       virtio_wait_on(&disk.device, &wait))
		;
	CHECK_EQ(0, virtio_bus_status(&disk.device));
	/* Beyond the BAR: nothing, and nobody dies. */
	pci_config_write(SLOT, at + 8, 0xfffffffc);
	pci_config_write(SLOT, at + 12, 4);
	CHECK_EQ(0, pci_config_read(SLOT, at + 16));
}

PCI_PROBE(pci_data_survives_wraps,
	.rule = "Every block holds what was written to it over PCI, by every form of ring",
	.cite = "VIRTIO 1.2, 4.1 Virtio Over PCI Bus; 5.2.6 Device Operation",
	.control = "one bit that turns on the disk is caught",
	.judge = HOST(disk_judge))
{
	static const uint64_t forms[] = {
		0, VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC,
		VIRTIO_F_RING_PACKED, VIRTIO_F_RING_PACKED |
		VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC,
	};
	uint32_t failed = 0;

	for (uint32_t block = 0; block < BLOCKS; block++) {
		if (block % 128 == 0 && !pci_open(forms[block / 128 % 4],
						  false))
			return;
		failed += !block_write(block);
	}
	CHECK_EQ(0, failed);
	CHECK_EQ(0, blocks_wrong(BLOCKS));
}

static uint64_t table_gpa;

/* At CPL3: a disk that interrupts for each request by vector 0 of MSI-X. */
__guest void msix_open(void)
{
	uint8_t cap = capability(PCI_CAP_MSIX, 0);
	struct virtio_bus *d = &disk.device;
	volatile uint16_t *vector;

	table_gpa = 0;
	if (!pci_open(0, true))
		return;
	CHECK_NE(0, cap);
	CHECK_EQ(MSIX_TABLE, pci_config_read(SLOT, cap + 4));
	pci_config_write(SLOT, cap, pci_config_read(SLOT, cap) | 0x80000000u);
	table_gpa = (d->common & ~0xfffull) + MSIX_TABLE;
	mmio_write32(table_gpa, 0xfee00000);
	mmio_write32(table_gpa + 4, 0);
	mmio_write32(table_gpa + 8, VIRTIO_VECTOR);
	mmio_write32(table_gpa + 12, 0);
	*(volatile uint16_t *)(d->common + VIRTIO_PCI_QUEUE_SELECT) = 0;
	vector = (volatile uint16_t *)(d->common +
				       VIRTIO_PCI_QUEUE_MSIX_VECTOR);
	*vector = 0;
	CHECK_EQ(0, *vector);
}

__guest void read_one(void)
{
	uint32_t len;

	CHECK_EQ(VIRTIO_BLK_S_OK,
		 virtio_blk_do(&disk, VIRTIO_BLK_T_IN, 0, 512, &len));
}

__guest void entry_mask(void)
{
	mmio_write32(table_gpa + 12, 1);
}

__guest void entry_unmask(void)
{
	mmio_write32(table_gpa + 12, 0);
}

__guest void pending_wait(void)
{
	uint64_t begin = tsc_read();

	while (!(mmio_read32(table_gpa + 0x1000) & 1) &&
	       tsc_read() - begin < PATIENCE_CYCLES)
		;
	CHECK_EQ(1, mmio_read32(table_gpa + 0x1000) & 1);
}

PROBE(vector_interrupts_unless_masked,
	.rings = RING0, .needs = NEED_VMM | NEED_SCRATCH | NEED_IRQCHIP,
	.prepare = HOST(msix_prepare),
	.rule = "A completion interrupts by its queue's MSI-X entry; while that is masked it is "
		"pending, and comes when it no longer is",
	.cite = "VIRTIO 1.2, 4.1.5.1.2 MSI-X Vector Configuration; PCI Local Bus 3.0, 6.8.2.9",
	.control = "a device that sends no message is caught")
{
	volatile uint64_t *count = irq_counter(cpu_self());
	uint64_t before;

	irq_install(VIRTIO_VECTOR, irq_count_xapic);
	xapic_start();
	ring3_call(msix_open);
	irq_enable();
	if (!table_gpa)
		goto out;
	before = *count;
	ring3_call(read_one);
	CHECK_EQ(true, irq_wait(before));
	ring3_call(entry_mask);
	before = *count;
	ring3_call(read_one);
	ring3_call(pending_wait);
	CHECK_EQ(before, *count);
	ring3_call(entry_unmask);
	CHECK_EQ(true, irq_wait(before));
out:
	irq_disable();
	apic_stop();
	irq_uninstall(VIRTIO_VECTOR);
}
