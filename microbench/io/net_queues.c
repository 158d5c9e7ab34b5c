/*
 * A virtio network device of several pairs of queues, and frames in merged
 * buffers, beside the device of one pair; and that all bytes are right by each
 * of them.
 *
 * Each pair has two threads of the device's; the driver is one vCPU, so that
 * more pairs show what a thread less busy saves, and what one more to look at
 * costs. A merged frame takes a descriptor for each 2 KiB, and memory for no
 * more than that, where one of any size has to have room for the longest.
 */
#define _GNU_SOURCE 1		/* for affinity, where the flags lack it */
#include "suite.h"
#include "net.h"
#include "net_lanes.h"

#define RUN_FRAMES	128u
#define CHECKED_FRAMES	256u

__host int pair_plug(struct item_host *h)
{
	return network_make(h, 0, 1);
}

__host int pairs_plug(struct item_host *h)
{
	return network_make(h, 0, VIRTIO_NET_PAIRS_MAX);
}

#define CITE_QUEUES "VIRTIO 1.2, 5.1.2 Virtqueues, 5.1.6.4.1 Processing of Incoming Packets, 5.1.6.5.6 " \
		    "Automatic receive steering in multiqueue mode"

#define LANES_ROW(id, text, words, pairs_, bytes_, frames_, features_, checked_, \
		  plug_, verify_, ...)					\
	__guest void id##_setup(void)					\
	{								\
		const struct lanes_load load = {			\
			.pairs = pairs_, .bytes = bytes_,		\
			.frames = frames_, .features = features_,	\
			.checked = checked_,				\
		};							\
									\
		lanes_setup(&load);					\
	}								\
	BENCH(id,							\
		.summary = text,					\
		.reading = words,					\
		.cite = CITE_QUEUES,					\
		.per = "frame",						\
		.per_op = frames_,					\
		.rings = RING3,						\
		.needs = NEED_VMM | NEED_SCRATCH | NEED_PREEMPTION,	\
		.setup = GUEST(id##_setup),				\
		.op = GUEST(lanes_op),					\
		.host_setup = HOST(plug_),				\
		.host_teardown = HOST(network_end),			\
		.host_verify = HOST(verify_),				\
		/* A wait may have a few more than the doorbells. */	\
		.exits = EXITS_RANGE(0, 8 * (frames_), 0),		\
		__VA_ARGS__						\
	)

#define WORDS_PAIRS "Each pair has 8 frames of a flow of its own under way, which come back to it or the " \
		    "row is an error. One vCPU drives all pairs; their threads share a CPU where there " \
		    "is no other."
#define WORDS_MERGED "Buffers of 2 KiB, of which a frame fills as many as it takes."
#define WORDS_COST "CPU time of the device's threads, system calls included, for what the row without " \
		   "_device takes in time."
#define WORDS_CHECKED "Frames of 64 to 9,014 bytes, each byte of which is checked, as are their order and " \
		      "their queue. One that is bent, lost, doubled or out of turn ends the row."

#define PAIRS_ROW(n, plug)						\
	LANES_ROW(net_loop_1514_pairs##n,				\
		  "frames of 1,514 bytes to itself by " #n " of its pairs of queues", \
		  WORDS_PAIRS, n, 1514, RUN_FRAMES, VIRTIO_F_EVENT_IDX,	\
		  false, plug, network_verify)

PAIRS_ROW(1, pair_plug);
PAIRS_ROW(2, pairs_plug);
PAIRS_ROW(4, pairs_plug);
LANES_ROW(net_loop_1514_pairs4_device, "CPU time of a network device of 4 pairs for a frame",
	  WORDS_COST, 4, 1514, RUN_FRAMES, VIRTIO_F_EVENT_IDX, false,
	  pairs_plug, network_cost_verify,
	  .host_rewind = HOST(network_cost_rewind));

#define MERGED		(VIRTIO_F_EVENT_IDX | VIRTIO_NET_F_MRG_RXBUF)

LANES_ROW(net_loop_64_merged, "frames of 64 bytes to itself into merged buffers",
	  WORDS_MERGED, 1, 64, RUN_FRAMES, MERGED, false, pair_plug,
	  network_verify);
LANES_ROW(net_loop_9014_merged, "frames of 9,014 bytes to itself into merged buffers",
	  WORDS_MERGED, 1, 9014, RUN_FRAMES, MERGED, false, pair_plug,
	  network_verify);

#define CHECKED_ROW(id, text, pairs_, features_, plug)			\
	LANES_ROW(net_integrity_##id, "bytes that came as they were sent: " text, \
		  WORDS_CHECKED, pairs_, 0, CHECKED_FRAMES, features_,	\
		  true, plug, network_verify)

CHECKED_ROW(split, "split rings", 1, 0, pair_plug);
CHECKED_ROW(packed, "packed rings with event index", 1,
	    VIRTIO_F_RING_PACKED | VIRTIO_F_EVENT_IDX, pair_plug);
CHECKED_ROW(merged, "merged buffers", 1, MERGED, pair_plug);
CHECKED_ROW(merged_packed_pairs4, "4 pairs, packed rings, merged buffers", 4,
	    MERGED | VIRTIO_F_RING_PACKED, pairs_plug);
