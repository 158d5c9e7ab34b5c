/*
 * The forms of a ring beside each other: a null disk by a split ring and by a
 * packed one, each request's descriptors in the ring itself or in a table.
 *
 * A packed ring is one cache line of traffic where a split one is three, which
 * is what it was made for; a table is one read more for each request.
 */
#define _GNU_SOURCE 1		/* for files, where the flags lack it */
#include "suite.h"
#include "disk.h"
#include "disk_guest.h"

#define FORM_REQUESTS	128u
#define FORM_DEPTH	32u
#define FORM_BYTES	4096u

static uint64_t form;

/* At CPL3: anew, with this form. */
__guest void form_open(void)
{
	const struct virtio_blk_setup setup = {
		.gpa = disk_find(),
		.area = (struct virtio_blk_area *)ABI_SCRATCH_GPA,
		.buffers = DISK_DATA_GPA, .bytes = FORM_BYTES,
		.slots = FORM_DEPTH, .queue_size = VIRTQ_SIZE_MAX,
		.features = form | VIRTIO_F_EVENT_IDX,
	};

	if (run.why)
		return;
	run.why = virtio_blk_open(&run.disk[0], &setup);
	if (!run.why && (run.disk[0].device.features & form) != form)
		run.why = "the device does not offer this form";
}

__guest void form_setup(uint64_t features)
{
	run_setup();
	form = features;
	ring3_call(form_open);
	if (run.why)
		verdict_set(ABI_ERROR, run.why);
}

#define FORM(id, features, text)					\
	__guest void id##_setup(void)					\
	{								\
		form_setup(features);					\
	}								\
	BENCH(id,							\
		.summary = "4 KiB reads of a null disk, 32 under way, " text, \
		.reading = "Both sides pay for the form of the ring; compare the four rows.", \
		.cite = "VIRTIO 1.2, 2.7 Split Virtqueues, 2.8 Packed Virtqueues", \
		.per = "request",					\
		.per_op = FORM_REQUESTS,				\
		.rings = RING3,						\
		.needs = NEED_DEVICE | NEED_SCRATCH | NEED_PREEMPTION,	\
		.load.way = LOAD_READ,					\
		.load.backend = LOAD_NULL,				\
		.load.bytes = FORM_BYTES,				\
		.load.depth = FORM_DEPTH,				\
		.load.requests = FORM_REQUESTS,				\
		.setup = GUEST(id##_setup),				\
		.rewind = GUEST(load_rewind),				\
		.op = GUEST(run_op),					\
		.teardown = GUEST(run_teardown),			\
		.host_setup = HOST(disk_plug),				\
		.host_rewind = HOST(disk_rewind),			\
		.host_verify = HOST(disk_verify),			\
		.host_teardown = HOST(disk_unplug),			\
		.exits = EXITS_RANGE(0, FORM_REQUESTS, 0))

FORM(blk_form_split, 0, "split ring");
FORM(blk_form_split_indirect, VIRTIO_F_INDIRECT_DESC, "split ring, indirect");
FORM(blk_form_packed, VIRTIO_F_RING_PACKED, "packed ring");
FORM(blk_form_packed_indirect, VIRTIO_F_RING_PACKED | VIRTIO_F_INDIRECT_DESC,
     "packed ring, indirect");
