/*
 * A virtio disk: what a request costs by size, by depth, by what the disk
 * stands on, and by how both sides hear of each other.
 *
 * With one request under way the time is a request's latency: the ring twice,
 * the backend, and where the device's thread has gone to sleep meanwhile, a
 * doorbell and its wake-up. With more of them it is what throughput is made of. Each row
 * says beside it what a request takes of CPU time on both sides, and the
 * latencies of single requests. Both sides use the event index, so that a
 * busy device is not rung and a busy driver not interrupted.
 *
 * The null disk reads nothing and forgets what is written: all the time is
 * the device's. The same rows run against QEMU's devices, and those of memory
 * and files in a plain process: the same loop on the same file, without a
 * guest.
 */
#define _GNU_SOURCE 1		/* for files, where the flags lack it */
#include "suite.h"
#include "disk.h"
#include "disk_guest.h"
#include "disk_process.h"

#define BYTES_none	0u
#define BYTES_512	512u
#define BYTES_4k	4096u
#define BYTES_16k	(16u << 10)
#define BYTES_64k	(64u << 10)
#define BYTES_128k	(128u << 10)
#define BYTES_256k	(256u << 10)
#define BYTES_1m	(1u << 20)

#define WAY_read	LOAD_READ
#define WAY_write	LOAD_WRITE
#define WAY_randread	LOAD_RANDREAD
#define WAY_randwrite	LOAD_RANDWRITE
#define WAY_flush	LOAD_FLUSH

#define ON_null		LOAD_NULL
#define ON_memory	LOAD_MEMORY
#define ON_file		LOAD_FILE
#define ON_direct	LOAD_DIRECT

#define DOES_read	"sequential reads"
#define DOES_write	"sequential writes"
#define DOES_randread	"random reads"
#define DOES_randwrite	"random writes"

#define IS_null		"a null disk"
#define IS_memory	"a disk in memory"
#define IS_file		"a disk in a file, by the page cache"
#define IS_direct	"a disk in a file, by O_DIRECT"

/* Enough for the depth to matter, and no more than takes some milliseconds. */
#define REQUESTS(bytes, depth)						\
	((depth) == 1 && (bytes) < (64u << 10) ? 1u :			\
	 (uint64_t)(bytes) * (depth) >= (4u << 20) ? 2u * (depth) :	\
	 (depth) <= 32 ? 128u : 4u * (depth))

#define READING	"At depth 1 this is the latency of a request; deeper, its inverse is the "	\
		"throughput, which stands beside it, as do the CPU time that a request takes "	\
		"of the device and of the vCPU, and the latencies of single requests. A vCPU " \
		"that polls is busy all the time. The device's thread looks for more for a few "	\
		"microseconds before it sleeps and has to be rung for."
#define READING_IRQ "Each wait of the guest ends by an irqfd's message to its APIC, at CPL3 "	\
		    "with interrupts on; InterruptStatus is read and acknowledged once a run, " \
		    "which is two exits to user space."

/* Without a guest; a null disk is nothing without a device. */
#define BARE_null
#define BARE_memory	.process_setup = HOST(bare_setup), .process_block = HOST(bare_block),
#define BARE_file	BARE_memory
#define BARE_direct	BARE_memory

#define QUICK_null	NULL
#define QUICK_memory	NULL
#define QUICK_file	HOST(file_missing)
#define QUICK_direct	HOST(direct_missing)
#define FULL_null	HOST(quick_missing)
#define FULL_memory	HOST(quick_missing)
#define FULL_file	HOST(quick_file_missing)
#define FULL_direct	HOST(quick_direct_missing)

#define ROW(id, text, words, way_, size, on, depth_, n, ...)		\
	BENCH(id,							\
		.summary = text,					\
		.reading = words,					\
		.cite = "VIRTIO 1.2, 2.7 Split Virtqueues, 5.2 Block Device; Linux, io_uring(7)", \
		.per = "request",					\
		.per_op = n,						\
		.rings = RING3,						\
		.load.way = WAY_##way_,					\
		.load.backend = ON_##on,				\
		.load.bytes = BYTES_##size,				\
		.load.depth = depth_,					\
		.load.requests = n,					\
		.setup = GUEST(run_setup),				\
		.rewind = GUEST(run_rewind),				\
		.op = GUEST(run_op),					\
		.teardown = GUEST(run_teardown),			\
		.host_setup = HOST(disk_plug),				\
		.host_rewind = HOST(disk_rewind),			\
		.host_verify = HOST(disk_verify),			\
		.host_teardown = HOST(disk_unplug),			\
		__VA_ARGS__						\
	)

#define N(size, depth)	REQUESTS(BYTES_##size, depth)
#define ALWAYS	NEED_DEVICE | NEED_SCRATCH

#define POLLED(when, way, size, on, depth)				\
	ROW(blk_##way##_##size##_##on##_q##depth,			\
	    #size " " DOES_##way " of " IS_##on ", " #depth " under way", \
	    READING, way, size, on, depth, N(size, depth),		\
	    .needs = ALWAYS,						\
	    .unavailable = when##_##on,					\
	    BARE_##on							\
	    .exits = EXITS_RANGE(0, N(size, depth), 0))

/* KVM's own exits for interrupts and their end, and two of the driver's. */
#define IRQ(when, way, size, on, depth)					\
	ROW(blk_##way##_##size##_##on##_irq_q##depth,			\
	    #size " " DOES_##way " of " IS_##on ", " #depth " under way, by interrupt", \
	    READING_IRQ, way, size, on, depth, N(size, depth),		\
	    .needs = ALWAYS | NEED_IRQCHIP,				\
	    .unavailable = when##_##on,					\
	    .load.interrupts = true,					\
	    .exits = EXITS_RANGE(0, 7 + 2 * N(size, depth), 2))

POLLED(QUICK, read, 4k, null, 1);
POLLED(FULL, read, 4k, null, 2);
POLLED(FULL, read, 4k, null, 4);
POLLED(FULL, read, 4k, null, 8);
POLLED(FULL, read, 4k, null, 16);
POLLED(QUICK, read, 4k, null, 32);
POLLED(FULL, read, 4k, null, 64);
POLLED(FULL, read, 4k, null, 128);
POLLED(FULL, read, 4k, null, 256);
IRQ(QUICK, read, 4k, null, 1);
IRQ(FULL, read, 4k, null, 8);
IRQ(QUICK, read, 4k, null, 32);
IRQ(FULL, read, 4k, null, 128);
POLLED(QUICK, write, 4k, null, 1);
POLLED(QUICK, write, 4k, null, 32);
IRQ(FULL, write, 4k, null, 1);
IRQ(FULL, write, 4k, null, 32);

POLLED(FULL, randread, 4k, memory, 1);
POLLED(FULL, randread, 4k, memory, 8);
POLLED(QUICK, randread, 4k, memory, 32);
POLLED(FULL, randread, 4k, memory, 128);
POLLED(FULL, randwrite, 4k, memory, 32);
POLLED(FULL, read, 512, memory, 32);
POLLED(FULL, read, 4k, memory, 32);
POLLED(FULL, read, 16k, memory, 32);
POLLED(FULL, read, 64k, memory, 32);
POLLED(QUICK, read, 128k, memory, 32);
POLLED(FULL, read, 256k, memory, 32);
POLLED(FULL, read, 1m, memory, 32);
POLLED(QUICK, write, 128k, memory, 32);

POLLED(FULL, randread, 4k, file, 1);
POLLED(FULL, randread, 4k, file, 32);
POLLED(QUICK, read, 128k, file, 32);
POLLED(FULL, write, 128k, file, 32);

POLLED(QUICK, randread, 4k, direct, 1);
POLLED(FULL, randread, 4k, direct, 2);
POLLED(FULL, randread, 4k, direct, 4);
POLLED(FULL, randread, 4k, direct, 8);
POLLED(FULL, randread, 4k, direct, 16);
POLLED(QUICK, randread, 4k, direct, 32);
POLLED(FULL, randread, 4k, direct, 64);
POLLED(FULL, randread, 4k, direct, 128);
POLLED(FULL, randread, 4k, direct, 256);
IRQ(FULL, randread, 4k, direct, 1);
IRQ(FULL, randread, 4k, direct, 32);
POLLED(FULL, randwrite, 4k, direct, 1);
POLLED(FULL, randwrite, 4k, direct, 32);
POLLED(FULL, read, 512, direct, 32);
POLLED(FULL, read, 4k, direct, 32);
POLLED(FULL, read, 16k, direct, 32);
POLLED(FULL, read, 64k, direct, 32);
POLLED(FULL, read, 128k, direct, 1);
POLLED(FULL, read, 128k, direct, 8);
POLLED(QUICK, read, 128k, direct, 32);
POLLED(FULL, read, 256k, direct, 32);
POLLED(FULL, read, 1m, direct, 32);
POLLED(QUICK, write, 128k, direct, 32);
POLLED(FULL, write, 1m, direct, 32);

#define DOES_flush	"flushes"
#define FLUSH(when, on)							\
	ROW(blk_flush_##on##_q1,					\
	    "Flushes of " IS_##on ", 1 under way",			\
	    "With nothing written since the last one: what it costs to ask.", \
	    flush, none, on, 1, 1,					\
	    .needs = ALWAYS,						\
	    .unavailable = when##_##on,					\
	    BARE_##on							\
	    .exits = EXITS_RANGE(0, 1, 0))

FLUSH(QUICK, null);
FLUSH(QUICK, file);

#define READING_POLL "Both sides poll, and a CPU each does nothing else. The difference to the " \
		     "row without _poll is the doorbell and the wake-up. With event index there " \
		     "is one doorbell in 65,536 requests."

#define POLL(depth)							\
	ROW(blk_read_4k_null_poll_q##depth,				\
	    "4 KiB reads of a null disk that polls, " #depth " under way", \
	    READING_POLL, read, 4k, null, depth, N(4k, depth),		\
	    .needs = ALWAYS | NEED_VMM,					\
	    .load.doorbell = LOAD_POLL,					\
	    .exits = EXITS_RANGE(0, 1, 0))

POLL(1);
POLL(32);

ROW(blk_read_4k_null_asleep_q1,
    "4 KiB reads of a null disk whose thread sleeps, 1 under way",
    "As blk_read_4k_null_q1, but the thread never looks for more: each request is a doorbell and "
    "a wake-up. What lingering saves is the difference.",
    read, 4k, null, 1, 1,
    .needs = ALWAYS | NEED_VMM,
    .load.doorbell = LOAD_ASLEEP,
    .exits = EXITS_RANGE(0, 1, 0));

ROW(blk_read_4k_null_exit_q1,
    "4 KiB reads of a null disk, its doorbell an exit to user space",
    "As blk_read_4k_null_q1, but the doorbell ends in the VMM, which wakes the device's thread. "
    "It is rung for each request, also for a device that is awake still.",
    read, 4k, null, 1, 1,
    .needs = ALWAYS | NEED_VMM,
    .load.doorbell = LOAD_EXIT,
    .load.rings = true,
    .exits = EXITS(0, 1));
