/*
 * Benches whose operation is the host's (an ioctl, say); see host_bench.h.
 * On the built-in VMM this runs on the vCPU's thread while the guest waits
 * inside its doorbell (guests/bench.c is the guest's side).
 */
#include <errno.h>
#include <string.h>
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

/* The empty operation leaves nothing that had to be put back. */
static int rewind_block(const struct host_bench *hb, bool empty)
{
	if (empty || !hb->bench->host_rewind)
		return 0;
	return hb->bench->host_rewind(hb->host);
}

void host_bench_verify(const struct bench *b, struct item_host *h)
{
	if (b && b->host_verify && b->host_verify(h))
		host_verdict(h, ABI_ERROR, "the host's half found a block "
			     "that left things wrong");
}

static uint64_t ops_calibrate(const struct host_bench *hb, block_fn *fn,
			      uint64_t block_cycles)
{
	uint64_t max = hb->bench->max_ops ? hb->bench->max_ops : 1ull << 32;
	uint64_t ops = 1, cycles;

	/* There is nothing to find out, and to try it once may take long. */
	if (max == 1)
		return 1;
	for (;;) {
		uint64_t begin;

		if (rewind_block(hb, fn == empty_block))
			return 0;
		begin = stamp();
		if (fn(hb->host, ops))
			return 0;
		cycles = stamp() - begin;
		if (cycles * 4 >= block_cycles || ops >= max)
			break;
		ops *= cycles * 32 < block_cycles ? 8 : 2;
		if (ops > max)
			ops = max;
	}
	ops = ops * block_cycles / (cycles ? cycles : 1);
	if (ops > max)
		ops = max;
	return ops ? ops : 1;
}

static int block_measure(const struct host_bench *hb, block_fn *fn,
			 uint64_t ops, struct abi_block *to,
			 struct block_seen *seen)
{
	if (rewind_block(hb, fn == empty_block))
		return -EIO;
	hb->begin(hb->opaque);
	to->begin_tsc = stamp();
	if (fn(hb->host, ops))
		return -EIO;
	to->end_tsc = stamp();
	hb->end(hb->opaque, seen);
	if (hb->bench->unit) {
		to->begin_tsc = 0;
		to->end_tsc = fn == empty_block ? 0 :
			      (uint64_t)hb->host->value;
	}
	if (fn != empty_block)
		host_bench_verify(hb->bench, hb->host);
	return 0;
}

static uint64_t blocks_measure(const struct host_bench *hb, block_fn *fn,
			       uint64_t block_cycles, uint32_t blocks,
			       struct abi_block *to, struct block_seen *seen)
{
	uint64_t ops = ops_calibrate(hb, fn, block_cycles);
	struct abi_mailbox *mb = hb->host->mailbox;

	/* What was tried is not what is timed. */
	hb->host->price = (struct price){ 0 };
	memset(mb->latency, 0, sizeof(mb->latency));
	for (uint32_t i = 0; ops && i < blocks; i++)
		if (block_measure(hb, fn, ops, &to[i], &seen[i]))
			return 0;
	return ops;
}

static void empty_measure(const struct host_bench *hb)
{
	struct abi_mailbox *mb = hb->host->mailbox;

	mb->empty_ops = blocks_measure(hb, empty_block, hb->block_cycles / 4,
				       hb->empty_blocks, mb->empty, hb->empty);
	mb->empty_done = mb->empty_ops ? hb->empty_blocks : 0;
}

static void failed(const struct host_bench *hb)
{
	host_verdict(hb->host, ABI_ERROR, "the host's half failed");
}

void host_bench_measure(const struct host_bench *hb)
{
	struct abi_mailbox *mb = hb->host->mailbox;
	block_fn *fn = hb->bench ? hb->bench->host_block : NULL;
	uint32_t blocks = hb->blocks;

	if (!fn)
		return;
	if (hb->bench->max_blocks && hb->bench->max_blocks < blocks)
		blocks = hb->bench->max_blocks;
	empty_measure(hb);
	mb->ops = blocks_measure(hb, fn, hb->block_cycles, blocks, mb->block,
				 hb->block);
	mb->blocks_done = mb->ops ? blocks : 0;
	if (!mb->ops)
		failed(hb);
}

void host_bench_step(const struct host_bench *hb, uint32_t step)
{
	struct abi_mailbox *mb = hb->host->mailbox;
	block_fn *fn = hb->bench->host_block;
	uint64_t ops = hb->bench->max_ops ? hb->bench->max_ops : 1;

	if (!step) {
		empty_measure(hb);
		if (rewind_block(hb, fn == empty_block) || fn(hb->host, ops))
			failed(hb);
		mb->ops = ops;
		mb->blocks_done = 0;
	} else if (step <= hb->blocks) {
		if (block_measure(hb, fn, ops, &mb->block[step - 1],
				  &hb->block[step - 1]))
			failed(hb);
		mb->blocks_done = step;
	}
}
