/*
 * A virtio network device: frames that come back to who sent them, and frames
 * from one VM to others, by a hub in the VMM.
 *
 * A frame passes two rings and is copied twice on the host. With one under way
 * its time is a latency: two wake-ups of the devices' threads, a doorbell at
 * most. With many it is what throughput is made of: frames a second are the
 * TSC's frequency over it.
 */
#define _GNU_SOURCE 1		/* for affinity, where the flags lack it */
#include "suite.h"
#include "net.h"
#include "net_guest.h"

#define RUN_FRAMES	128u
#define LOOP_DEPTH	32u

__host int loop_plug(struct item_host *h)
{
	return network_make(h, 0, 1);
}

__host int two_plug(struct item_host *h)
{
	return network_make(h, 1, 1);
}

__host int eight_plug(struct item_host *h)
{
	return network_make(h, 7, 1);
}

__host int tap_plug(struct item_host *h)
{
	return network_tap_make(h, false, false);
}

#define CITE_NET "VIRTIO 1.2, 5.1 Network Device"

#define ROW(id, text, words, unit_, n, bytes_, depth_, frames_, op_, plug_, ...) \
	__guest void id##_setup(void)					\
	{								\
		station_setup(bytes_, depth_, frames_);			\
	}								\
	BENCH(id,							\
		.summary = text,					\
		.reading = words,					\
		.cite = CITE_NET,					\
		.per = unit_,						\
		.per_op = n,						\
		.rings = RING3,						\
		.setup = GUEST(id##_setup),				\
		.op = GUEST(op_),					\
		.host_setup = HOST(plug_),				\
		.host_teardown = HOST(network_end),			\
		/* A wait may have a few more than the doorbells. */	\
		.exits = EXITS_RANGE(0, 8 * (n), 0),			\
		__VA_ARGS__						\
	)

#define NET_ROW(id, text, words, unit_, n, bytes_, depth_, frames_, op_, plug_, \
		verify_, ...)						\
	ROW(id, text, words, unit_, n, bytes_, depth_, frames_, op_, plug_, \
	    .needs = NEED_VMM | NEED_SCRATCH | NEED_PREEMPTION,		\
	    .host_verify = HOST(verify_), __VA_ARGS__)

/* By any target that has such a network of its own. */
#define LOOP_ROW(id, text, bytes_, depth_, frames_)			\
	ROW(id, text, WORDS_LOOP, "frame", frames_, bytes_, depth_, frames_, \
	    loop_op, loop_plug,						\
	    .needs = NEED_DEVICE | NEED_SCRATCH | NEED_PREEMPTION,	\
	    .load.way = LOAD_FRAMES,					\
	    .load.backend = LOAD_LOOP,					\
	    .load.bytes = bytes_,					\
	    .load.depth = depth_,					\
	    .load.requests = frames_,					\
	    .rewind = GUEST(load_rewind),				\
	    .host_rewind = HOST(network_load_rewind),			\
	    .host_verify = HOST(network_load_verify))

#define WORDS_LOOP "The device gives each frame back to its own guest, which polls: at a hub in the " \
		   "VMM, and in QEMU at a socket that is connected to itself, by two system calls " \
		   "of its main loop. Frames and bytes a second stand beside it, as does the CPU " \
		   "time that a frame takes of the device and of the vCPU."
#define WORDS_PING "To the other VM and back: four rings, four wake-ups of devices' threads, and " \
		   "the peers' vCPUs, which share the second CPU with those threads where there " \
		   "are but two. With several peers they are asked one after the other."
#define WORDS_STREAM "Bursts of 16 frames to each peer, two of them under way; a peer answers the " \
		     "last of a burst. All of it arrives, or the row is an error."
#define WORDS_COST "CPU time of the threads of the device of the bench's own VM, system calls " \
		   "included, for what the row without _device takes in time."

LOOP_ROW(net_loop_64_q1, "a frame of 64 bytes to itself, 1 under way", 64, 1, 1);
LOOP_ROW(net_loop_64, "frames of 64 bytes to itself, 32 under way", 64, LOOP_DEPTH,
	 RUN_FRAMES);
LOOP_ROW(net_loop_1514, "frames of 1,514 bytes to itself, 32 under way", 1514,
	 LOOP_DEPTH, RUN_FRAMES);
LOOP_ROW(net_loop_9014, "frames of 9,014 bytes to itself, 32 under way", 9014,
	 LOOP_DEPTH, RUN_FRAMES);
NET_ROW(net_loop_1514_device, "CPU time of a network device for a frame of 1,514 bytes",
	WORDS_COST, "frame", RUN_FRAMES, 1514, LOOP_DEPTH, RUN_FRAMES, loop_op,
	loop_plug, network_cost_verify,
	.host_rewind = HOST(network_cost_rewind));

NET_ROW(net_vm_ping_2, "a ping of 64 bytes between 2 VMs", WORDS_PING,
	"ping", 1, 64, 1, 1, ping_op, two_plug, network_verify);
NET_ROW(net_vm_ping_8, "pings of 64 bytes from 1 VM to 7 others", WORDS_PING,
	"ping", 7, 64, 1, 1, ping_op, eight_plug, network_verify);
NET_ROW(net_vm_stream_2, "a stream of 1,514-byte frames between 2 VMs", WORDS_STREAM,
	"frame", NET_BURST * NET_BURSTS, 1514, 1, 1, stream_op, two_plug,
	network_verify);
NET_ROW(net_vm_stream_8, "streams of 1,514-byte frames from 1 VM to 7 others",
	WORDS_STREAM, "frame", 7 * NET_BURST * NET_BURSTS, 1514, 1, 1,
	stream_op, eight_plug, network_verify);
NET_ROW(net_vm_stream_2_device, "CPU time of a sending network device for a frame of a stream",
	WORDS_COST, "frame", NET_BURST * NET_BURSTS, 1514, 1, 1, stream_op,
	two_plug, network_cost_verify,
	.host_rewind = HOST(network_cost_rewind));

NET_ROW(net_tap_1514, "frames of 1,514 bytes to a TAP of the host's",
	"Until the host's kernel has taken the frame by a system call, which drops it there: nobody "
	"has that address. Skipped where no TAP may be made.",
	"frame", RUN_FRAMES, 1514, LOOP_DEPTH, RUN_FRAMES, send_op, tap_plug,
	network_verify);
