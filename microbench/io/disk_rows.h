/*
 * How the rows of a disk are written: by their load's words, from which their
 * name, their summary and when they are left out follow; see block.c.
 */
#ifndef VMGAUGE_IO_DISK_ROWS_H
#define VMGAUGE_IO_DISK_ROWS_H

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
		.rewind = GUEST(load_rewind),				\
		.op = GUEST(run_op),					\
		.teardown = GUEST(run_teardown),			\
		.host_setup = HOST(disk_plug),				\
		.host_rewind = HOST(disk_rewind),			\
		.host_verify = HOST(disk_verify),			\
		.host_teardown = HOST(disk_unplug),			\
		__VA_ARGS__						\
	)

#define N(size, depth)	REQUESTS(BYTES_##size, depth)
#define ALWAYS	NEED_DEVICE | NEED_SCRATCH | NEED_PREEMPTION

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

#endif
