/*
 * A virtqueue keeps to its standard in its packed form, too, with indirect
 * tables as long as may be, through the reset of one queue, and beside others.
 *
 * The device is the built-in VMM's block device; see virtio_disk.h.
 */
#include "virtio_disk.h"

#define ODD_QUEUE	7u	/* no power of two, which packed rings allow */
#define ALL_FORMS	(VIRTIO_F_RING_PACKED | VIRTIO_F_INDIRECT_DESC | \
			 VIRTIO_F_EVENT_IDX)

/* Reads of all sizes up to a block: how many did not end as they should. */
__guest uint32_t reads_wrong(struct virtio_blk *b, uint32_t count)
{
	uint32_t wrong = 0, len;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t bytes = VIRTIO_BLK_SECTOR * (1 + i % 8);

		wrong += virtio_blk_do(b, VIRTIO_BLK_T_IN, i * 8ull % BLOCKS,
				       bytes, &len) || len != bytes + 1;
	}
	return wrong;
}

VIRTIO_PROBE(packed_ring_wraps,
	.rule = "A packed ring of 7 descriptors answers through all laps, by both wrap counters",
	.cite = "VIRTIO 1.2, 2.8.1 Driver and Device Ring Wrap Counters; 2.8.10.1",
	.control = "a device that forgets its wrap counter is caught")
{
	if (!disk_open(2, ODD_QUEUE, VIRTIO_F_RING_PACKED))
		return;
	CHECK(disk.ring.packed);
	CHECK_EQ(0, reads_wrong(&disk, 100));
	if (!disk_open(2, ODD_QUEUE, VIRTIO_F_RING_PACKED |
		       VIRTIO_F_INDIRECT_DESC))
		return;
	CHECK_EQ(0, reads_wrong(&disk, 100));
}

VIRTIO_PROBE(packed_used_length_is_what_was_written,
	.rule = "A used descriptor has VIRTQ_DESC_F_WRITE and counts the bytes that were written",
	.cite = "VIRTIO 1.2, 2.8.4 Write Flag: Device and Driver Descriptors; 2.8.5",
	.control = "a length that is one off is caught")
{
	uint32_t len;

	if (!disk_open(1, ODD_QUEUE, VIRTIO_F_RING_PACKED))
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
	CHECK_EQ(false, disk.ring.unsaid);
}

VIRTIO_PROBE(packed_event_suppresses_interrupts,
	.rule = "A packed ring interrupts when the descriptor of the event is used, not before",
	.cite = "VIRTIO 1.2, 2.8.14 Event Suppression Structure Format; 2.8.10",
	.control = "an interrupt that nobody asked for is caught")
{
	uint32_t len;

	if (!disk_open(1, ODD_QUEUE, VIRTIO_F_RING_PACKED |
		       VIRTIO_F_EVENT_IDX))
		return;
	for (int i = 0; i < 9; i++)
		virtio_blk_do(&disk, VIRTIO_BLK_T_IN, 0, 512, &len);
	CHECK_EQ(0, virtio_get(&disk.device, VIRTIO_MMIO_INTERRUPT_STATUS));
	CHECK_EQ(false, virtq_ring_arm(&disk.ring));
	virtio_blk_do(&disk, VIRTIO_BLK_T_IN, 0, 512, &len);
	CHECK_EQ(VIRTIO_INT_USED,
		 bits_wait(VIRTIO_MMIO_INTERRUPT_STATUS, VIRTIO_INT_USED));
	virtio_set(&disk.device, VIRTIO_MMIO_INTERRUPT_ACK, VIRTIO_INT_USED);
	/* Asked for once: the event lies behind. */
	virtio_blk_do(&disk, VIRTIO_BLK_T_IN, 0, 512, &len);
	virtio_blk_do(&disk, VIRTIO_BLK_T_IN, 0, 512, &len);
	CHECK_EQ(0, virtio_get(&disk.device, VIRTIO_MMIO_INTERRUPT_STATUS));
}

#define PART_BYTES	256u

/* A read in so many parts, beside header and status. */
__guest int parted_read(uint32_t parts, uint32_t *len)
{
	struct virtio_blk_area *a = disk.area;
	struct virtio_buffer b[VIRTQ_SIZE_MAX];
	struct virtio_done done;
	struct virtio_wait wait = virtio_wait_begin();

	a->header[0] = (struct virtio_blk_header){ .type = VIRTIO_BLK_T_IN };
	*(volatile uint8_t *)&a->status[0] = 0xff;
	b[0] = (struct virtio_buffer){
		(uint64_t)&a->header[0], sizeof(a->header[0]), false,
	};
	for (uint32_t i = 0; i < parts; i++)
		b[1 + i] = (struct virtio_buffer){
			DATA_GPA + i * PART_BYTES, PART_BYTES, true,
		};
	b[1 + parts] = (struct virtio_buffer){
		(uint64_t)&a->status[0], 1, true,
	};
	virtq_ring_add(&disk.ring, 0, b, parts + 2,
		       (struct virtq_desc *)(DATA_GPA + BLOCK_BYTES));
	virtio_blk_kick(&disk);
	while (!virtq_ring_take(&disk.ring, &done))
		if (!virtio_wait_on(&disk.device, &wait))
			return -1;
	*len = done.len;
	return a->status[0];
}

VIRTIO_PROBE(longest_indirect_table_is_served,
	.rule = "An indirect table of as many descriptors as the queue has is served in both forms",
	.cite = "VIRTIO 1.2, 2.7.5.3 Indirect Descriptors; 2.8.7",
	.control = "a device that takes fewer is caught")
{
	uint32_t len = 0;

	for (int packed = 0; packed < 2; packed++) {
		if (!disk_open(1, 16, VIRTIO_F_INDIRECT_DESC |
			       (packed ? VIRTIO_F_RING_PACKED : 0)))
			return;
		CHECK_EQ(VIRTIO_BLK_S_OK, parted_read(14, &len));
		CHECK_EQ(14 * PART_BYTES + 1, len);
	}
}

/* Until the queue's reset is through. */
__guest bool queue_reset(uint32_t index)
{
	uint64_t begin = tsc_read();

	virtio_set(&disk.device, VIRTIO_MMIO_QUEUE_SEL, index);
	virtio_set(&disk.device, VIRTIO_MMIO_QUEUE_RESET, 1);
	while (virtio_get(&disk.device, VIRTIO_MMIO_QUEUE_RESET))
		if (tsc_read() - begin > PATIENCE_CYCLES)
			return false;
	return true;
}

VIRTIO_PROBE(queue_reset_leaves_the_rest,
	.rule = "A queue that is reset with requests in it is disabled, and works when it is given "
		"anew; status and the other queues stay",
	.cite = "VIRTIO 1.2, 2.6.1 Virtqueue Reset; 4.2.2.1 Device Requirements: MMIO",
	.control = "a QueueReady that stays is caught")
{
	for (int packed = 0; packed < 2; packed++) {
		if (!disk_open(2, SHORT_QUEUE, VIRTIO_F_RING_RESET |
			       (packed ? VIRTIO_F_RING_PACKED : 0)))
			return;
		CHECK_EQ(VIRTIO_F_RING_RESET,
			 disk.device.features & VIRTIO_F_RING_RESET);
		virtio_blk_submit(&disk, 0, VIRTIO_BLK_T_IN, 0, BLOCK_BYTES);
		virtio_blk_submit(&disk, 1, VIRTIO_BLK_T_IN, 8, BLOCK_BYTES);
		virtio_blk_kick(&disk);
		CHECK_EQ(true, queue_reset(0));
		CHECK_EQ(0, virtio_get(&disk.device, VIRTIO_MMIO_QUEUE_READY));
		CHECK_EQ(15, status_get());
		virtq_ring_init(&disk.ring, &disk.area->ring, SHORT_QUEUE, 3,
				disk.device.features, false);
		CHECK_EQ(true, virtio_bus_queue(&disk.device, 0, &disk.ring));
		CHECK_EQ(0, reads_wrong(&disk, 20));
	}
}

static struct virtio_blk disks[DISK_QUEUES];

VIRTIO_PROBE(each_queue_answers_its_own,
	.rule = "With VIRTIO_BLK_F_MQ each queue answers what was asked in it, in every form",
	.cite = "VIRTIO 1.2, 5.2.2 Virtqueues; 5.2.5 Device Initialization",
	.control = "a queue that is not served is caught")
{
	const struct virtio_blk_setup setup = {
		.gpa = VIRTIO_MMIO_GPA,
		.area = (struct virtio_blk_area *)ABI_SCRATCH_GPA,
		.buffers = DATA_GPA, .bytes = BLOCK_BYTES, .slots = 2,
		.queue_size = SHORT_QUEUE,
	};
	static const uint64_t forms[] = { 0, VIRTIO_F_RING_PACKED, ALL_FORMS };

	for (int f = 0; f < 3; f++) {
		struct virtio_blk_setup s = setup;

		s.features = forms[f];
		CHECK_EQ(0, (uint64_t)virtio_blk_open_queues(disks, DISK_QUEUES,
							     &s));
		for (uint32_t i = 0; i < DISK_QUEUES; i++)
			CHECK_EQ(0, reads_wrong(&disks[i], 10));
	}
}

VIRTIO_PROBE(packed_data_survives_wraps_and_resets,
	.rule = "Every block holds what was written to it, through packed rings that wrap and reset "
		"in the middle of traffic",
	.cite = "VIRTIO 1.2, 2.8 Packed Virtqueues; 5.2.6 Device Operation",
	.control = "one bit that turns on the disk is caught",
	.judge = HOST(disk_judge))
{
	uint32_t failed = 0;

	for (uint32_t block = 0; block < BLOCKS; block++) {
		if (block % 64 == 0 && !disk_open(2, ODD_QUEUE, block & 64 ?
						  VIRTIO_F_RING_PACKED :
						  ALL_FORMS))
			return;
		failed += !block_write(block);
		if (block % 64 == 63)
			block_abandon(block);
	}
	if (!disk_open(2, ODD_QUEUE, ALL_FORMS))
		return;
	CHECK_EQ(0, failed);
	CHECK_EQ(0, blocks_wrong(BLOCKS));
}
