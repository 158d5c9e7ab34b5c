/*
 * Sequential throughput of a virtio disk: 128 KiB requests, 8 under way, on
 * memory and on a file, through the host's page cache and past it.
 *
 * In cycles for a byte, less is better: the TSC's frequency over it is bytes
 * a second. Each row has one of the same name with _device, which is the CPU
 * time that the device's thread took for it; what the kernel does in threads
 * of its own (a file's buffered writes may) is not in that.
 */
#define _GNU_SOURCE 1		/* for files, where the flags lack it */
#include "suite.h"
#include "disk.h"
#include "disk_guest.h"

#define CHUNK_BYTES	(128u << 10)
#define RUN_CHUNKS	32u
#define DEPTH		8u

__guest void seq_read_setup(void)
{
	run_setup(VIRTIO_BLK_T_IN, CHUNK_BYTES, DEPTH, RUN_CHUNKS, false);
}

__guest void seq_write_setup(void)
{
	run_setup(VIRTIO_BLK_T_OUT, CHUNK_BYTES, DEPTH, RUN_CHUNKS, false);
}

__host int memory_plug(struct item_host *h)
{
	return disk_plug(h, BLK_MEMORY, VIRTIO_NOTIFY_IOEVENTFD, false);
}

__host int file_plug(struct item_host *h)
{
	return disk_plug(h, BLK_FILE, VIRTIO_NOTIFY_IOEVENTFD, false);
}

__host int direct_plug(struct item_host *h)
{
	return disk_plug(h, BLK_FILE_DIRECT, VIRTIO_NOTIFY_IOEVENTFD, false);
}

#define ROW(id, way, backend, text, words, ...)				\
	BENCH(id,							\
		.summary = text,					\
		.reading = words,					\
		.cite = "VIRTIO 1.2, 5.2 Block Device; Linux, io_uring(7)", \
		.per = "byte",						\
		.per_op = CHUNK_BYTES * RUN_CHUNKS,			\
		.rings = RING3,						\
		.needs = NEED_VMM | NEED_SCRATCH,			\
		.setup = GUEST(seq_##way##_setup),			\
		.op = GUEST(run_op),					\
		.teardown = GUEST(run_teardown),			\
		.host_setup = HOST(backend##_plug),			\
		.host_teardown = HOST(disk_unplug),			\
		.exits = EXITS_RANGE(0, RUN_CHUNKS, 0),			\
		__VA_ARGS__						\
	)

#define BOTH(way, backend, where)					\
	ROW(blk_##way##_128k_##backend, way, backend,			\
	    "Sequential 128 KiB " #way "s of a disk in " where,		\
	    "Cycles for a byte: 0.5 at 2.6 GHz is 5.2 GB/s. A new VM's first pass also maps its "	\
	    "memory.",							\
	    .host_verify = HOST(disk_verify));				\
	ROW(blk_##way##_128k_##backend##_device, way, backend,		\
	    "CPU time of the device for sequential 128 KiB " #way "s of a disk in " where, \
	    "What blk_" #way "_128k_" #backend " costs the device's thread.", \
	    .host_rewind = HOST(disk_cost_rewind),			\
	    .host_verify = HOST(disk_cost_verify))

BOTH(read, memory, "memory");
BOTH(write, memory, "memory");
BOTH(read, file, "a file, by the page cache");
BOTH(write, file, "a file, by the page cache");
BOTH(read, direct, "a file, by O_DIRECT");
BOTH(write, direct, "a file, by O_DIRECT");
