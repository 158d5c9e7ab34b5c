/*
 * A virtio disk keeps to its standard, whoever made it: the built-in VMM's
 * over MMIO, or QEMU's over MMIO (microvm) and PCI (q35).
 *
 * The same driver in all of them. It writes to nothing but a disk that says by
 * its serial number that it is vmgauge's.
 */
#include "virtio_disk.h"

#define ANY_QUEUE	16u
#define ANY_BLOCKS	256u

/* False, and the probe is skipped or has failed: there is none like that. */
__guest bool any_open(uint64_t features)
{
	const struct virtio_blk_setup setup = {
		.gpa = virtio_bus_find(VIRTIO_ID_BLOCK),
		.area = (struct virtio_blk_area *)ABI_SCRATCH_GPA,
		.buffers = DATA_GPA, .bytes = BLOCK_BYTES, .slots = 2,
		.queue_size = ANY_QUEUE, .features = features,
	};
	const char *why, *id = (const char *)DATA_GPA;
	uint32_t len;

	if (!setup.gpa) {
		SKIP("there is no modern virtio disk");
		return false;
	}
	why = virtio_blk_open(&disk, &setup);
	CHECK_EQ(0, (uint64_t)why);
	if (why)
		return false;
	if (virtio_blk_do(&disk, VIRTIO_BLK_T_GET_ID, 0, VIRTIO_BLK_ID_BYTES,
			  &len) || !text_equal(id, "vmgauge")) {
		SKIP("the virtio disk does not say that it is vmgauge's");
		return false;
	}
	return true;
}

__guest uint64_t any_form(uint32_t i)
{
	return (i & 1 ? VIRTIO_F_RING_PACKED : 0) |
	       (i & 2 ? VIRTIO_F_EVENT_IDX : 0) |
	       (i & 4 ? VIRTIO_F_INDIRECT_DESC : 0);
}

#define ANY_PROBE(id, ...)						\
	PROBE(id, .rings = RING3, .needs = NEED_DISK | NEED_SCRATCH,	\
	      .prepare = HOST(disk_prepare), __VA_ARGS__)

ANY_PROBE(offered_features_alone_are_accepted,
	.rule = "FEATURES_OK is kept for features that were offered, and not for others",
	.cite = "VIRTIO 1.2, 2.2 Feature Bits; 2.2.2 Device Requirements: Feature Bits",
	.control = "a device that always says FEATURES_OK is caught")
{
	if (!any_open(0))
		return;
	CHECK_EQ(VIRTIO_FEATURES_OK, features_accepted(VIRTIO_F_VERSION_1));
	CHECK_EQ(0, features_accepted(VIRTIO_F_VERSION_1 | 1ull << 49));
}

ANY_PROBE(used_length_of_any_disk,
	.rule = "The used length of a disk's answer counts what it wrote, in both forms of a ring",
	.cite = "VIRTIO 1.2, 2.7.8 The Virtqueue Used Ring; 2.8.5; 5.2.6 Device Operation",
	.control = "a length that is one off is caught")
{
	uint32_t len;

	if (!any_open(0))
		return;
	CHECK_EQ(VIRTIO_BLK_S_OK,
		 virtio_blk_do(&disk, VIRTIO_BLK_T_IN, 0, 1024, &len));
	CHECK_EQ(1025, len);
	CHECK_EQ(VIRTIO_BLK_S_OK,
		 virtio_blk_do(&disk, VIRTIO_BLK_T_OUT, 0, 1024, &len));
	CHECK_EQ(1, len);
}

ANY_PROBE(packed_used_descriptor_says_write,
	.rule = "A used descriptor of a packed ring has VIRTQ_DESC_F_WRITE when bytes were written",
	.cite = "VIRTIO 1.2, 2.8.4 Write Flag: Device and Driver Descriptors",
	.control = "a used descriptor without that flag is caught")
{
	uint32_t len;

	if (!any_open(VIRTIO_F_RING_PACKED))
		return;
	if (!disk.ring.packed) {
		SKIP("the device has no packed rings");
		return;
	}
	CHECK_EQ(VIRTIO_BLK_S_OK,
		 virtio_blk_do(&disk, VIRTIO_BLK_T_IN, 0, 1024, &len));
	CHECK_EQ(false, disk.ring.unsaid);
}

ANY_PROBE(data_of_any_disk_survives,
	.rule = "Every block holds what was written to it, by every form of ring that the device has",
	.cite = "VIRTIO 1.2, 2.7 Split Virtqueues; 2.8 Packed Virtqueues; 5.2.6 Device Operation",
	.control = "one bit that turns on the disk is caught")
{
	uint32_t failed = 0;

	for (uint32_t block = 0; block < ANY_BLOCKS; block++) {
		if (block % 32 == 0 && !any_open(any_form(block / 32)))
			return;
		failed += !block_write(block);
	}
	CHECK_EQ(0, failed);
	CHECK_EQ(0, blocks_wrong(ANY_BLOCKS));
}
