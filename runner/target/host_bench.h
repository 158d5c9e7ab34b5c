/*
 * Measures a bench whose operation is the host's (`host_block`): the same
 * blocks and the same calibration as in the guest, in the calling thread.
 */
#ifndef VMGAUGE_TARGET_HOST_BENCH_H
#define VMGAUGE_TARGET_HOST_BENCH_H

#include "item_host.h"
#include "suite.h"
#include "target/target.h"

struct host_bench {
	const struct bench *bench;
	struct item_host *host;		/* its mailbox is answered */
	/* What was asked, kept where the guest cannot change it. */
	uint64_t block_cycles;
	uint32_t blocks, empty_blocks;	/* at most ABI_BLOCKS_MAX */
	struct block_seen *block;	/* ABI_BLOCKS_MAX of each */
	struct block_seen *empty;
	/* Called around every block, outside its time stamps. */
	void (*begin)(void *opaque);
	void (*end)(void *opaque, struct block_seen *to);
	void *opaque;
};

/* A bench without a host half is left alone; a failure is a verdict. */
void host_bench_measure(const struct host_bench *hb);

/*
 * The same for a paced bench, in steps: the first (0) measures the empty
 * operation and tries the other, each further one measures a block.
 */
void host_bench_step(const struct host_bench *hb, uint32_t step);

/* After a block: an error verdict when host_verify() finds it wrong. */
void host_bench_verify(const struct bench *b, struct item_host *h);

#endif
