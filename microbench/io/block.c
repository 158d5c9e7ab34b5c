/*
 * A virtio block device whose backend does nothing: what the way through the
 * ring, the doorbell and the completion costs, by depth.
 *
 * With one request under way the time is a request's latency: a doorbell, the
 * wake-up of the device's thread, the ring twice, and the completion. With
 * more of them it is what throughput is made of: IOPS are the TSC's frequency
 * over the cycles of a request. Both sides use the event index, so that a busy
 * device is not rung and a busy driver not interrupted.
 */
#define _GNU_SOURCE 1		/* for files, where the flags lack it */
#include "suite.h"
#include "disk.h"
#include "disk_guest.h"

#define BLOCK_BYTES	4096u
#define RUN_REQUESTS	128u

__host int null_plug(struct item_host *h)
{
	return disk_plug(h, BLK_NULL, VIRTIO_NOTIFY_IOEVENTFD, false);
}

__host int null_irq_plug(struct item_host *h)
{
	return disk_plug(h, BLK_NULL, VIRTIO_NOTIFY_IOEVENTFD, true);
}

__host int null_exit_plug(struct item_host *h)
{
	return disk_plug(h, BLK_NULL, VIRTIO_NOTIFY_EXIT, false);
}

__host int null_poll_plug(struct item_host *h)
{
	return disk_plug(h, BLK_NULL, VIRTIO_NOTIFY_POLL, false);
}

#define CITE_BLOCK "VIRTIO 1.2, 2.7 Split Virtqueues, 5.2 Block Device"

#define SETUP(name, type, depth, irq)					\
	__guest void name##_setup(void)					\
	{								\
		run_setup(type, BLOCK_BYTES, depth,			\
			  depth == 1 ? 1 : RUN_REQUESTS, irq);		\
	}

#define ROW(id, text, words, setup_, plug_, n, needs_, ...)		\
	BENCH(id,							\
		.summary = text,					\
		.reading = words,					\
		.cite = CITE_BLOCK,					\
		.per = "request",					\
		.per_op = n,						\
		.rings = RING3,						\
		.needs = NEED_VMM | NEED_SCRATCH | needs_,		\
		.setup = GUEST(setup_##_setup),				\
		.op = GUEST(run_op),					\
		.teardown = GUEST(run_teardown),			\
		.host_setup = HOST(plug_),				\
		.host_teardown = HOST(disk_unplug),			\
		__VA_ARGS__						\
	)

#define WORDS "The driver polls, the device's thread sleeps. At depth 1 this is the latency of " \
	      "a request; deeper, the TSC's frequency over it is the IOPS. What the device's " \
	      "thread pays is the row of the same name with _device."
#define WORDS_IRQ "Each wait of the guest ends by an irqfd's message to its APIC, at CPL3 with " \
		  "interrupts on; InterruptStatus is read and acknowledged once a run, which is " \
		  "two exits to user space."
#define WORDS_POLL "Both sides poll, and a CPU does nothing else. The difference to the row "	\
		   "without _poll is the doorbell and the wake-up. With event index there is "	\
		   "one doorbell in 65,536 requests."

#define DEPTH(kind, type, depth, n, max)				\
	SETUP(kind##_q##depth, type, depth, false)			\
	SETUP(kind##_irq_q##depth, type, depth, true)			\
	ROW(blk_##kind##_4k_q##depth, "4 KiB " #kind "s of a null disk, " #depth " under way", \
	    WORDS, kind##_q##depth, null_plug, n, 0,			\
	    .host_verify = HOST(disk_verify),				\
	    .exits = EXITS_RANGE(0, n, 0));				\
	ROW(blk_##kind##_4k_irq_q##depth,				\
	    "4 KiB " #kind "s of a null disk, " #depth " under way, by interrupt", \
	    WORDS_IRQ, kind##_irq_q##depth, null_irq_plug, n, NEED_IRQCHIP,	\
	    .host_verify = HOST(disk_verify),				\
	    .exits = EXITS_RANGE(0, max, 2))

DEPTH(read, VIRTIO_BLK_T_IN, 1, 1, 8);
DEPTH(read, VIRTIO_BLK_T_IN, 8, RUN_REQUESTS, 255);
DEPTH(read, VIRTIO_BLK_T_IN, 32, RUN_REQUESTS, 255);
DEPTH(write, VIRTIO_BLK_T_OUT, 1, 1, 8);
DEPTH(write, VIRTIO_BLK_T_OUT, 8, RUN_REQUESTS, 255);
DEPTH(write, VIRTIO_BLK_T_OUT, 32, RUN_REQUESTS, 255);

ROW(blk_read_4k_poll_q1, "4 KiB reads of a null disk that polls, 1 under way",
    WORDS_POLL, read_q1, null_poll_plug, 1, 0,
    .host_verify = HOST(disk_verify), .exits = EXITS_RANGE(0, 1, 0));
ROW(blk_read_4k_poll_q32, "4 KiB reads of a null disk that polls, 32 under way",
    WORDS_POLL, read_q32, null_poll_plug, RUN_REQUESTS, 0,
    .host_verify = HOST(disk_verify), .exits = EXITS_RANGE(0, 1, 0));
/* Wanted or not: the device may be awake still. */
__guest void rung_setup(void)
{
	run_setup(VIRTIO_BLK_T_IN, BLOCK_BYTES, 1, 1, false);
	run.rings = true;
}

ROW(blk_read_4k_exit_q1, "4 KiB reads of a null disk, its doorbell an exit to user space",
    "As blk_read_4k_q1, but the doorbell ends in the VMM, which wakes the device's thread. It is "
    "rung for each request, also for a device that is awake still.",
    rung, null_exit_plug, 1, 0,
    .host_verify = HOST(disk_verify), .exits = EXITS(0, 1));

#define COST(depth, n)							\
	ROW(blk_read_4k_q##depth##_device,				\
	    "CPU time of a null disk's thread for a 4 KiB read, " #depth " under way", \
	    "What the time of blk_read_4k_q" #depth " costs on the device's side: CPU time of "	\
	    "its thread, system calls included, asleep or not.",	\
	    read_q##depth, null_plug, n, 0,				\
	    .host_rewind = HOST(disk_cost_rewind),			\
	    .host_verify = HOST(disk_cost_verify),			\
	    .exits = EXITS_RANGE(0, n, 0))

COST(1, 1);
COST(8, RUN_REQUESTS);
COST(32, RUN_REQUESTS);
