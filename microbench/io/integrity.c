/*
 * What was written to a virtio disk is what is read: random operations, each
 * block verified by the guest at every read, and all of them by the host on
 * what the disk stands on.
 *
 * A block carries its number, its generation and a checksum. Rings are short,
 * so that they wrap in every run. In the middle of each run, with requests
 * under way, the device or one of its queues is reset: a write that was
 * dropped then has come or has not, whole either way, and which is looked up
 * at once. The row's figure is the price of an operation that is verified;
 * what matters is that it has one: a wrong block ends the row.
 */
#define _GNU_SOURCE 1		/* for files, where the flags lack it */
#include <unistd.h>

#include "suite.h"
#include "disk.h"
#include "disk_guest.h"

#define OPS		1024u		/* of a run, besides those that settle it */
#define SLOTS		8u		/* of a queue */
#define QUEUES		2u
#define BLOCK		4096u
#define BLOCKS		1024u		/* an even one is queue 0's */
#define SECTORS		(BLOCK / VIRTIO_BLK_SECTOR)
#define RING_PACKED	37u		/* no power of two, which it may be */
#define RING_SPLIT	32u

struct block {
	uint64_t number, generation;
	uint64_t word[BLOCK / 8 - 3];
	uint64_t checksum;
};

/* What the guest knows of blocks when no request is under way; in its RAM. */
#define TRUTH_GPA	(ABI_SCRATCH_GPA + (512ull << 10))
struct truth {
	uint64_t generation[BLOCKS];	/* 0: never written, and zeroes */
};

__guest uint64_t sum_of(const volatile struct block *b)
{
	const volatile uint64_t *at = (const volatile uint64_t *)b;
	uint64_t sum = 0x9e3779b97f4a7c15ull;

	for (uint32_t i = 0; i < BLOCK / 8 - 1; i++)
		sum = (sum ^ at[i]) * 0xff51afd7ed558ccdull;
	return sum;
}

/* The same by the host, on what it read by itself. */
__host uint64_t sum_wanted(const struct block *b)
{
	const uint64_t *at = (const uint64_t *)b;
	uint64_t sum = 0x9e3779b97f4a7c15ull;

	for (uint32_t i = 0; i < BLOCK / 8 - 1; i++)
		sum = (sum ^ at[i]) * 0xff51afd7ed558ccdull;
	return sum;
}

__host int block_read(const struct disk *disk, int fd, uint32_t n,
		      struct block *b)
{
	const uint8_t *memory = virtio_blk_memory(disk->device);

	if (memory)
		memcpy(b, memory + (uint64_t)n * BLOCK, BLOCK);
	else if (pread(fd, b, BLOCK, (off_t)n * BLOCK) != BLOCK)
		return -EIO;
	return 0;
}

/* After a batch: nothing is under way. */
__host int integrity_verify(struct item_host *h)
{
	const struct truth *guests = (void *)(h->ram + TRUTH_GPA);
	const struct disk *disk = h->opaque;
	int fd = load_in_file(&h->bench->load) ? disk_file(NULL, NULL) : -1;
	static struct block b;
	uint32_t wrong = 0;

	for (uint32_t n = 0; n < BLOCKS; n++) {
		if (block_read(disk, fd, n, &b))
			return -EIO;
		wrong += b.generation != guests->generation[n] ||
			 (b.generation &&
			  (b.number != n || b.checksum != sum_wanted(&b)));
	}
	if (!wrong)
		return disk_verify(h);
	host_verdict(h, ABI_FAIL, "the disk holds blocks that are not what the guest wrote");
	return -EIO;
}

/* Zeroes everywhere, as the guest's truth has it. */
__host int integrity_plug(struct item_host *h)
{
	int rc = disk_plug(h), fd;
	const struct disk *disk = h->opaque;
	static const uint8_t zero[BLOCK];

	if (rc || !disk || !disk->device)
		return rc;
	if (virtio_blk_memory(disk->device)) {
		memset(virtio_blk_memory(disk->device), 0, BLOCKS * BLOCK);
		return 0;
	}
	fd = disk_file(NULL, NULL);
	for (uint32_t n = 0; n < BLOCKS; n++)
		if (pwrite(fd, zero, BLOCK, (off_t)n * BLOCK) != BLOCK)
			return -EIO;
	return 0;
}

static struct {
	uint64_t features;
	uint64_t generation;		/* of the last write */
	bool busy[BLOCKS];
	struct asked {
		bool busy, write;
		uint32_t block;
		uint64_t generation;
	} slot[QUEUES][SLOTS];
	uint32_t turn;			/* which reset is next */
} work;

__guest volatile struct truth *truth(void)
{
	return (volatile struct truth *)TRUTH_GPA;
}

__guest volatile struct block *data_of(uint32_t q, uint32_t slot)
{
	return (volatile struct block *)(run.disk[q].buffers +
					 (uint64_t)slot * BLOCK);
}

__guest uint16_t ring_size(void)
{
	return work.features & VIRTIO_F_RING_PACKED ? RING_PACKED : RING_SPLIT;
}

/* At CPL3: from the device's reset on, whatever is under way. */
__guest void work_open(void)
{
	const struct virtio_blk_setup setup = {
		.gpa = VIRTIO_MMIO_GPA,
		.area = (struct virtio_blk_area *)ABI_SCRATCH_GPA,
		.buffers = DISK_DATA_GPA, .bytes = BLOCK, .slots = SLOTS,
		.queue_size = ring_size(),
		.features = work.features | VIRTIO_F_RING_RESET,
	};

	run.why = virtio_blk_open_queues(run.disk, QUEUES, &setup);
	if (!run.why && (run.disk[0].device.features & work.features) !=
			work.features)
		run.why = "the device does not offer this form";
}

__guest void integrity_setup(uint64_t features)
{
	run = (struct run){
		.load = &bench_running->load, .queues = QUEUES,
		.state = mailbox->seed | 1,
	};
	work.features = features;
	work.generation = work.turn = 0;
	for (uint32_t n = 0; n < BLOCKS; n++)
		truth()->generation[n] = work.busy[n] = 0;
	ring3_call(work_open);
	if (run.why)
		verdict_set(ABI_ERROR, run.why);
}

/* A block that is what it should be has one of two generations. */
__guest void block_judge(volatile struct block *b, uint32_t n, uint64_t other)
{
	uint64_t gen = b->generation;

	if (gen != truth()->generation[n] && gen != other)
		guest_panic("a block holds what was not written to it last");
	if (gen && (b->number != n || b->checksum != sum_of(b)))
		guest_panic("a block is not whole");
	truth()->generation[n] = gen;
}

/* False: the block that it threw for is in use. */
__guest bool work_submit(uint32_t q, uint32_t slot)
{
	struct asked *to = &work.slot[q][slot];
	uint32_t n = (uint32_t)block_random(BLOCKS / QUEUES) * QUEUES + q;
	volatile struct block *b = data_of(q, slot);

	if (work.busy[n])
		return false;
	*to = (struct asked){
		.busy = true, .write = block_random(2), .block = n,
	};
	work.busy[n] = true;
	if (to->write) {
		to->generation = ++work.generation;
		b->number = n;
		b->generation = to->generation;
		for (uint32_t i = 0; i < BLOCK / 8 - 3; i++)
			b->word[i] = to->generation * i + n;
		b->checksum = sum_of(b);
	} else {
		b->generation = ~0ull;		/* what no block has */
	}
	virtio_blk_submit(&run.disk[q], (uint16_t)slot, to->write ?
			  VIRTIO_BLK_T_OUT : VIRTIO_BLK_T_IN,
			  (uint64_t)n * SECTORS, BLOCK);
	return true;
}

__guest bool work_take(uint32_t q)
{
	uint32_t len = 0;
	int slot = virtio_blk_take(&run.disk[q], &len);
	struct asked *s = slot < 0 ? NULL : &work.slot[q][slot];

	if (!s)
		return false;
	if (!s->busy)
		guest_panic("a request was answered twice");
	if (run.disk[q].failed || len != (s->write ? 1 : BLOCK + 1))
		guest_panic("a request failed, or has another length");
	s->busy = work.busy[s->block] = false;
	if (s->write)
		truth()->generation[s->block] = s->generation;
	else
		block_judge(data_of(q, (uint32_t)slot), s->block, ~0ull - 1);
	return true;
}

/* So many answers from that queue on; some slots stay empty now and then. */
__guest void work_traffic(uint32_t answers)
{
	uint32_t got = 0;

	while (got < answers)
		for (uint32_t q = 0; q < QUEUES; q++) {
			bool any = false;

			for (uint32_t s = 0; s < SLOTS; s++)
				if (!work.slot[q][s].busy && block_random(4))
					any |= work_submit(q, s);
			if (any)
				virtio_blk_kick(&run.disk[q]);
			while (work_take(q))
				got++;
		}
}

__guest void work_drain(uint32_t q)
{
	for (uint32_t s = 0; s < SLOTS; s++)
		while (work.slot[q][s].busy)
			work_take(q);
}

/* What was under way in a queue is gone: each of its writes has come, or not. */
__guest void work_settle(uint32_t q)
{
	for (uint32_t s = 0; s < SLOTS; s++) {
		struct asked *a = &work.slot[q][s];
		uint32_t len;

		if (!a->busy)
			continue;
		a->busy = work.busy[a->block] = false;
		if (!a->write)
			continue;
		if (virtio_blk_do(&run.disk[q], VIRTIO_BLK_T_IN,
				  (uint64_t)a->block * SECTORS, BLOCK, &len))
			guest_panic("no answer after a reset");
		block_judge(data_of(q, 0), a->block, a->generation);
	}
}

/* The first queue alone; what the other has under way goes on. */
__guest void work_queue_reset(void)
{
	struct virtio_blk *b = &run.disk[0];

	virtio_set(&b->device, VIRTIO_MMIO_QUEUE_SEL, 0);
	virtio_set(&b->device, VIRTIO_MMIO_QUEUE_RESET, 1);
	while (virtio_get(&b->device, VIRTIO_MMIO_QUEUE_RESET))
		;
	virtq_ring_init(&b->ring, &b->area->ring, ring_size(),
			b->indirect ? 1 : 3, b->device.features, false);
	if (!virtio_bus_queue(&b->device, 0, &b->ring))
		guest_panic("a queue that was reset is not taken again");
	work_settle(0);
}

__guest void integrity_op(void)
{
	if (run.why)
		return;
	work_traffic(OPS / 2);
	if (work.turn++ % 2) {
		work_open();
		if (run.why)
			guest_panic(run.why);
		for (uint32_t q = 0; q < QUEUES; q++)
			work_settle(q);
	} else {
		work_queue_reset();
	}
	work_traffic(OPS / 2);
	for (uint32_t q = 0; q < QUEUES; q++)
		work_drain(q);
}

#define INTEGRITY(on, ON, form, features, unavailable_)			\
	__guest void integrity_##on##_##form##_setup(void)		\
	{								\
		integrity_setup(features);				\
	}								\
	BENCH(integrity_##on##_##form,					\
		.summary = "random operations on a disk (" #on ", ring " #form "), verified", \
		.reading = "Every read is verified by the guest, every batch by the host, through " \
			   "resets in the middle of traffic. What is wrong ends the row: that it has a " \
			   "figure says that nothing was. The batches' sizes tell how many " \
			   "operations that is.",			\
		.cite = "VIRTIO 1.2, 2.4 Device Reset, 2.6.1 Virtqueue Reset, 2.7, 2.8, 5.2.6", \
		.per = "operation",					\
		.per_op = OPS,						\
		.rings = RING3,						\
		.needs = NEED_VMM | NEED_SCRATCH | NEED_PREEMPTION,	\
		.load.backend = LOAD_##ON,				\
		.load.queues = QUEUES,					\
		.unavailable = unavailable_,				\
		.setup = GUEST(integrity_##on##_##form##_setup),	\
		.op = GUEST(integrity_op),				\
		.host_setup = HOST(integrity_plug),			\
		.host_rewind = HOST(disk_rewind),			\
		.host_verify = HOST(integrity_verify),			\
		.host_teardown = HOST(disk_unplug))

#define EVENT		VIRTIO_F_EVENT_IDX
#define TABLES		VIRTIO_F_INDIRECT_DESC
#define PACKED		VIRTIO_F_RING_PACKED

#define FORMS(on, ON, quick, full)					\
	INTEGRITY(on, ON, split, 0, full);				\
	INTEGRITY(on, ON, split_event, EVENT, full);			\
	INTEGRITY(on, ON, split_tables, EVENT | TABLES, full);		\
	INTEGRITY(on, ON, packed, PACKED, full);			\
	INTEGRITY(on, ON, packed_event, PACKED | EVENT, full);		\
	INTEGRITY(on, ON, packed_tables, PACKED | EVENT | TABLES, quick)

FORMS(memory, MEMORY, NULL, HOST(quick_missing));
FORMS(file, FILE, HOST(file_missing), HOST(quick_file_missing));
FORMS(direct, DIRECT, HOST(direct_missing), HOST(quick_direct_missing));
