/*
 * A virtio device keeps to its standard: what is negotiated, what status and
 * interrupt bits say, what the rings hold, and that data is what was written.
 *
 * The device is the built-in VMM's block device; see virtio_disk.h.
 */
#include "virtio_disk.h"

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
	virtio_set(&disk.device, VIRTIO_MMIO_QUEUE_SEL, DISK_QUEUES);
	CHECK_EQ(0, virtio_get(&disk.device, VIRTIO_MMIO_QUEUE_NUM_MAX));
}

VIRTIO_PROBE(features_are_agreed_on_or_refused,
	.rule = "FEATURES_OK stays clear unless VERSION_1 and offered features alone are accepted",
	.cite = "VIRTIO 1.2, 2.2 Feature Bits; 6.2 Device Requirements: Reserved Feature Bits",
	.control = "a device that always says FEATURES_OK is caught")
{
	disk.device.gpa = VIRTIO_MMIO_GPA;
	CHECK_EQ(0, features_accepted(0));
	CHECK_EQ(0, features_accepted(VIRTIO_F_VERSION_1 | 1ull << 49));
	CHECK_EQ(VIRTIO_FEATURES_OK, features_accepted(VIRTIO_F_VERSION_1));
	CHECK_EQ(VIRTIO_F_VERSION_1,
		 virtio_bus_offered(&disk.device) & VIRTIO_F_VERSION_1);
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
	CHECK(virtio_bus_reset(&disk.device));
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

VIRTIO_PROBE(data_survives_wraps_and_resets,
	.rule = "Every block holds what was written to it, through a ring that wraps and resets "
		"in the middle of traffic",
	.cite = "VIRTIO 1.2, 2.7 Split Virtqueues; 5.2.6 Device Operation",
	.control = "one bit that turns on the disk is caught",
	.judge = HOST(disk_judge))
{
	uint32_t failed = 0;

	for (uint32_t block = 0; block < BLOCKS; block++) {
		/* Now and then a reset, with a request under way. */
		if (block % 128 == 0 && !disk_open(1, SHORT_QUEUE,
						   block & 128 ? 0 :
						   VIRTIO_F_EVENT_IDX))
			return;
		failed += !block_write(block);
		if (block % 128 == 127)
			block_abandon(block);
	}
	if (!disk_open(1, SHORT_QUEUE, VIRTIO_F_INDIRECT_DESC))
		return;
	CHECK_EQ(0, failed);
	CHECK_EQ(0, blocks_wrong(BLOCKS));
}
