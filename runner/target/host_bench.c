/*
 * Benches whose operation is the host's (an ioctl, say); see host_bench.h.
 * On the built-in VMM this runs on the vCPU's thread while the guest waits
 * inside its doorbell (guests/bench.c is the guest's side).
 */
#include <x86intrin.h>

#include "target/host_bench.h"

typedef int block_fn(struct item_host *h, uint64_t ops);

static uint64_t stamp(void)
{
	uint64_t tsc;

	_mm_lfence();
	tsc = __rdtsc();
	_mm_lfence();
	return tsc;
}

static int empty_block(struct item_host *h, uint64_t ops)
{
	(void)h;
	for (uint64_t i = 0; i < ops; i++)
		__asm__ volatile("");
	return 0;
}

static uint64_t ops_calibrate(const struct host_bench *hb, block_fn *fn,
			      uint64_t block_cycles)
{
	uint64_t max = hb->bench->max_ops ? hb->bench->max_ops : 1ull << 32;
	uint64_t ops = 1, cycles;

	for (;;) {
		uint64_t begin = stamp();

		if (fn(hb->host, ops))
			return 0;
		cycles = stamp() - begin;
		if (cycles * 4 >= block_cycles || ops >= max)
			break;
		ops *= cycles * 32 < block_cycles ? 8 : 2;
	}
	ops = ops * block_cycles / (cycles ? cycles : 1);
	if (ops > max)
		ops = max;
	return ops ? ops : 1;
}

static uint64_t blocks_measure(const struct host_bench *hb, block_fn *fn,
			       uint64_t block_cycles, uint32_t blocks,
			       struct abi_block *to, struct block_seen *seen)
{
	uint64_t ops = ops_calibrate(hb, fn, block_cycles);

	for (uint32_t i = 0; ops && i < blocks; i++) {
		hb->begin(hb->opaque);
		to[i].begin_tsc = stamp();
		if (fn(hb->host, ops))
			return 0;
		to[i].end_tsc = stamp();
		hb->end(hb->opaque, &seen[i]);
	}
	return ops;
}

void host_bench_measure(const struct host_bench *hb)
{
	struct abi_mailbox *mb = hb->host->mailbox;
	block_fn *fn = hb->bench ? hb->bench->host_block : NULL;

	if (!fn)
		return;
	mb->empty_ops = blocks_measure(hb, empty_block, hb->block_cycles / 4,
				       hb->empty_blocks, mb->empty, hb->empty);
	mb->empty_done = mb->empty_ops ? hb->empty_blocks : 0;
	mb->ops = blocks_measure(hb, fn, hb->block_cycles, hb->blocks,
				 mb->block, hb->block);
	mb->blocks_done = mb->ops ? hb->blocks : 0;
	if (!mb->ops)
		host_verdict(hb->host, ABI_ERROR, "the host's half failed");
}
