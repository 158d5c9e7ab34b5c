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
#include "disk_rows.h"

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
