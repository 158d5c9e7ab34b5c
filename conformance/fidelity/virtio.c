/*
 * A virtio device keeps to its standard: what is negotiated, what status and
 * interrupt bits say, what the rings hold, and that data is what was written.
 *
 * The device is the built-in VMM's block device of 2 MiB in memory, over the
 * MMIO transport. The driver runs at CPL3, where every KVM lets the CPU
 * itself run; it touches nothing that needs CPL0.
 */
#include "item_host.h"
#include "kvm/virtio/blk.h"
#include "kvm/virtio/mmio.h"
#include "suite.h"
#include "virtio_blk.h"

#define DISK_BYTES	(2ull << 20)
#define DATA_GPA	(ABI_SCRATCH_GPA + (1ull << 20))
#define BLOCK_BYTES	4096u
#define BLOCKS		(uint32_t)(DISK_BYTES / BLOCK_BYTES)
#define SHORT_QUEUE	8u		/* so that it wraps soon */
#define PATIENCE_CYCLES	(2000ull << 20)	/* for the device: about 1 s */

__host void disk_prepare(struct item_host *h)
{
	const struct blk_config config = {
		.backend = BLK_MEMORY, .bytes = DISK_BYTES,
	};
	const struct virtio_plug plug = { .pu = h->bystander_pu };
	struct error e = { "" };
	struct virtio_device *d = virtio_blk_create(&config, &e);

	h->opaque = d;
	if (!d || virtio_mmio_attach(d, h->vm, VIRTIO_MMIO_GPA, &plug, &e)) {
		h->opaque = NULL;
		host_verdict(h, ABI_ERROR, e.text);
	}
}

static struct virtio_blk disk;

/* The usual driver, with so many slots. Fails its check when it cannot. */
__guest bool disk_open(uint16_t slots, uint16_t queue_size, uint64_t features)
{
	const struct virtio_blk_setup setup = {
		.gpa = VIRTIO_MMIO_GPA,
		.area = (struct virtio_blk_area *)ABI_SCRATCH_GPA,
		.buffers = DATA_GPA, .bytes = BLOCK_BYTES, .slots = slots,
		.queue_size = queue_size, .features = features,
	};
	const char *why = virtio_blk_open(&disk, &setup);

	CHECK_EQ(0, (uint64_t)why);
	return !why;
}

__guest uint32_t status_get(void)
{
	return virtio_get(&disk.device, VIRTIO_MMIO_STATUS);
}

/* Until the register has one of these bits; what it had at the end. */
__guest uint32_t bits_wait(uint32_t reg, uint32_t bits)
{
	uint64_t begin = tsc_read();
	uint32_t v;

	do {
		v = virtio_get(&disk.device, reg);
	} while (!(v & bits) && tsc_read() - begin < PATIENCE_CYCLES);
	return v;
}

/* Begins anew, and offers the device these features; its status then. */
__guest uint32_t features_try(uint64_t features)
{
	const struct virtio_mmio *d = &disk.device;

	virtio_mmio_reset(&disk.device);
	virtio_set(d, VIRTIO_MMIO_STATUS, VIRTIO_ACKNOWLEDGE);
	virtio_set(d, VIRTIO_MMIO_STATUS, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER);
	virtio_set(d, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
	virtio_set(d, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)features);
	virtio_set(d, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	virtio_set(d, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)(features >> 32));
	virtio_set(d, VIRTIO_MMIO_STATUS, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER |
		   VIRTIO_FEATURES_OK);
	return status_get() & VIRTIO_FEATURES_OK;
}

#define VIRTIO_PROBE(id, ...)						\
	PROBE(id, .rings = RING3, .needs = NEED_VMM | NEED_SCRATCH,	\
	      .prepare = HOST(disk_prepare), __VA_ARGS__)

VIRTIO_PROBE(registers_identify_the_device,
	.rule = "Magic, version 2 and the kind of device are read from its registers, and a "
		"queue that is not there has a size of 0",
	.cite = "VIRTIO 1.2, 4.2.2 MMIO Device Register Layout",
	.control = "a version of 1 is caught")
{
	disk.device.gpa = VIRTIO_MMIO_GPA;
	CHECK_EQ(VIRTIO_MMIO_MAGIC_VALUE,
		 virtio_get(&disk.device, VIRTIO_MMIO_MAGIC));
	CHECK_EQ(2, virtio_get(&disk.device, VIRTIO_MMIO_VERSION));
	CHECK_EQ(VIRTIO_ID_BLOCK,
		 virtio_get(&disk.device, VIRTIO_MMIO_DEVICE_ID));
	virtio_set(&disk.device, VIRTIO_MMIO_QUEUE_SEL, 0);
	CHECK_NE(0, virtio_get(&disk.device, VIRTIO_MMIO_QUEUE_NUM_MAX));
	virtio_set(&disk.device, VIRTIO_MMIO_QUEUE_SEL, 1);
	CHECK_EQ(0, virtio_get(&disk.device, VIRTIO_MMIO_QUEUE_NUM_MAX));
}

VIRTIO_PROBE(features_are_agreed_on_or_refused,
	.rule = "FEATURES_OK stays clear unless VERSION_1 and offered features alone are accepted",
	.cite = "VIRTIO 1.2, 2.2 Feature Bits; 6.2 Device Requirements: Reserved Feature Bits",
	.control = "a device that always says FEATURES_OK is caught")
{
	disk.device.gpa = VIRTIO_MMIO_GPA;
	CHECK_EQ(0, features_try(0));
	CHECK_EQ(0, features_try(VIRTIO_F_VERSION_1 | 1ull << 49));
	CHECK_EQ(VIRTIO_FEATURES_OK, features_try(VIRTIO_F_VERSION_1));
	CHECK_EQ(VIRTIO_F_VERSION_1,
		 virtio_mmio_offered(&disk.device) & VIRTIO_F_VERSION_1);
}

VIRTIO_PROBE(reset_forgets_everything,
	.rule = "After a reset, also one with a queue in use, status, InterruptStatus and "
		"QueueReady are 0",
	.cite = "VIRTIO 1.2, 2.4 Device Reset; 4.2.2.1 Device Requirements: MMIO",
	.control = "a QueueReady that stays is caught")
{
	uint32_t len;

	if (!disk_open(1, SHORT_QUEUE, 0))
		return;
	CHECK_EQ(15, status_get());
	CHECK_EQ(VIRTIO_BLK_S_OK,
		 virtio_blk_do(&disk, VIRTIO_BLK_T_IN, 0, 512, &len));
	virtio_blk_submit(&disk, 0, VIRTIO_BLK_T_IN, 0, BLOCK_BYTES);
	virtio_blk_kick(&disk);
	CHECK(virtio_mmio_reset(&disk.device));
	CHECK_EQ(0, virtio_get(&disk.device, VIRTIO_MMIO_INTERRUPT_STATUS));
	virtio_set(&disk.device, VIRTIO_MMIO_QUEUE_SEL, 0);
	CHECK_EQ(0, virtio_get(&disk.device, VIRTIO_MMIO_QUEUE_READY));
}

VIRTIO_PROBE(used_length_is_what_was_written,
	.rule = "The used length counts the bytes that the device wrote, status included",
	.cite = "VIRTIO 1.2, 2.7.8 The Virtqueue Used Ring; 5.2.6 Device Operation",
	.control = "a length that is one off is caught")
{
	uint32_t len;

	if (!disk_open(1, SHORT_QUEUE, VIRTIO_F_INDIRECT_DESC))
		return;
	CHECK_EQ(VIRTIO_BLK_S_OK,
		 virtio_blk_do(&disk, VIRTIO_BLK_T_IN, 0, 1024, &len));
	CHECK_EQ(1025, len);
	CHECK_EQ(VIRTIO_BLK_S_OK,
		 virtio_blk_do(&disk, VIRTIO_BLK_T_OUT, 0, 1024, &len));
	CHECK_EQ(1, len);
	CHECK_EQ(VIRTIO_BLK_S_OK,
		 virtio_blk_do(&disk, VIRTIO_BLK_T_FLUSH, 0, 0, &len));
	CHECK_EQ(1, len);
	CHECK_EQ(VIRTIO_BLK_S_UNSUPP,
		 virtio_blk_do(&disk, (enum virtio_blk_type)99, 0, 512, &len));
	CHECK_EQ(VIRTIO_BLK_S_IOERR,
		 virtio_blk_do(&disk, VIRTIO_BLK_T_IN, disk.sectors, 512,
			       &len));
}

VIRTIO_PROBE(event_index_suppresses_interrupts,
	.rule = "With event index, the device interrupts when used_event is passed, and not before",
	.cite = "VIRTIO 1.2, 2.7.7 Used Buffer Notification Suppression",
	.control = "an interrupt that nobody asked for is caught")
{
	uint32_t len;

	if (!disk_open(1, SHORT_QUEUE, VIRTIO_F_EVENT_IDX))
		return;
	CHECK_EQ(VIRTIO_F_EVENT_IDX,
		 disk.device.features & VIRTIO_F_EVENT_IDX);
	/* It has decided on one request before it serves the next. */
	for (int i = 0; i < 3; i++)
		virtio_blk_do(&disk, VIRTIO_BLK_T_IN, 0, 512, &len);
	CHECK_EQ(0, virtio_get(&disk.device, VIRTIO_MMIO_INTERRUPT_STATUS));
	CHECK_EQ(false, virtq_ring_arm(&disk.ring));
	disk.ring.interrupts = true;	/* and it stays asked for */
	virtio_blk_do(&disk, VIRTIO_BLK_T_IN, 0, 512, &len);
	CHECK_EQ(VIRTIO_INT_USED,
		 bits_wait(VIRTIO_MMIO_INTERRUPT_STATUS, VIRTIO_INT_USED));
	virtio_set(&disk.device, VIRTIO_MMIO_INTERRUPT_ACK, VIRTIO_INT_USED);
	CHECK_EQ(0, virtio_get(&disk.device, VIRTIO_MMIO_INTERRUPT_STATUS));
}

VIRTIO_PROBE(broken_ring_needs_a_reset,
	.rule = "A device that cannot go on says DEVICE_NEEDS_RESET, and goes on after a reset",
	.cite = "VIRTIO 1.2, 2.1.2 Device Requirements: Device Status Field",
	.control = "a device that hides it is caught")
{
	/* A buffer where there is no memory. */
	const struct virtio_buffer nowhere = {
		.gpa = ABI_HOLE_GPA, .bytes = 512, .write = true,
	};
	uint32_t len;

	if (!disk_open(1, SHORT_QUEUE, VIRTIO_F_INDIRECT_DESC))
		return;
	virtq_ring_add(&disk.ring, 0, &nowhere, 1, NULL);
	virtio_blk_kick(&disk);
	CHECK_EQ(VIRTIO_NEEDS_RESET,
		 bits_wait(VIRTIO_MMIO_STATUS, VIRTIO_NEEDS_RESET) &
		 VIRTIO_NEEDS_RESET);
	if (disk_open(1, SHORT_QUEUE, VIRTIO_F_INDIRECT_DESC))
		CHECK_EQ(VIRTIO_BLK_S_OK,
			 virtio_blk_do(&disk, VIRTIO_BLK_T_IN, 0, 512, &len));
}

/* What word `i` of a block holds. */
__guest uint64_t word_of(uint32_t block, uint32_t i)
{
	return (block * 0x9e3779b97f4a7c15ull) ^ (i * 0xc2b2ae3d27d4eb4full);
}

__host uint64_t word_wanted(uint32_t block, uint32_t i)
{
	return (block * 0x9e3779b97f4a7c15ull) ^ (i * 0xc2b2ae3d27d4eb4full);
}

__guest void block_fill(uint32_t block)
{
	for (uint32_t i = 0; i < BLOCK_BYTES / 8; i++)
		((volatile uint64_t *)DATA_GPA)[i] = word_of(block, i);
}

__guest uint32_t block_wrong(uint32_t block)
{
	uint32_t wrong = 0;

	for (uint32_t i = 0; i < BLOCK_BYTES / 8; i++)
		wrong += ((volatile uint64_t *)DATA_GPA)[i] !=
			 word_of(block, i);
	return wrong;
}

__host void disk_judge(struct item_host *h)
{
	const struct virtio_device *d = h->opaque;
	const uint64_t *at;
	uint64_t wrong = 0;

	if (!d)
		return;
	at = (const uint64_t *)virtio_blk_memory(d);
	for (uint32_t block = 0; block < BLOCKS; block++)
		for (uint32_t i = 0; i < BLOCK_BYTES / 8; i++, at++)
			wrong += *at != word_wanted(block, i);
	host_check(h, "words that are wrong on the disk", 0, wrong);
}

VIRTIO_PROBE(data_survives_wraps_and_resets,
	.rule = "Every block holds what was written to it, through a ring that wraps and resets "
		"in the middle of traffic",
	.cite = "VIRTIO 1.2, 2.7 Split Virtqueues; 5.2.6 Device Operation",
	.control = "one bit that turns on the disk is caught",
	.judge = HOST(disk_judge))
{
	uint32_t block, wrong = 0, len;
	int failed = 0;

	for (block = 0; block < BLOCKS; block++) {
		/* Now and then a reset, with a request under way. */
		if (block % 128 == 0 && !disk_open(1, SHORT_QUEUE,
						   block & 128 ? 0 :
						   VIRTIO_F_EVENT_IDX))
			return;
		block_fill(block);
		failed |= virtio_blk_do(&disk, VIRTIO_BLK_T_OUT, block * 8ull,
					BLOCK_BYTES, &len);
		if (block % 128 == 127) {
			virtio_blk_submit(&disk, 0, VIRTIO_BLK_T_OUT,
					  block * 8ull, BLOCK_BYTES);
			virtio_blk_kick(&disk);
		}
	}
	if (!disk_open(1, SHORT_QUEUE, VIRTIO_F_INDIRECT_DESC))
		return;
	for (block = 0; block < BLOCKS; block++) {
		failed |= virtio_blk_do(&disk, VIRTIO_BLK_T_IN, block * 8ull,
					BLOCK_BYTES, &len);
		wrong += block_wrong(block);
	}
	CHECK_EQ(0, failed);
	CHECK_EQ(0, wrong);
}
