/*
 * Benches whose operation is the host's (an ioctl, say): measured on the
 * vCPU's thread while the guest waits inside its doorbell, with the same
 * blocks and the same calibration as in the guest (guests/bench.c).
 */
#include <x86intrin.h>

#include "target/kvm_machine.h"

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

typedef int block_fn(struct item_host *h, uint64_t ops);

static uint64_t ops_calibrate(struct machine *m, block_fn *fn,
			      uint64_t block_cycles)
{
	uint64_t ops = 1, cycles;

	for (;;) {
		uint64_t begin = stamp();

		if (fn(&m->host, ops))
			return 0;
		cycles = stamp() - begin;
		if (cycles * 4 >= block_cycles || ops >= 1ull << 32)
			break;
		ops *= cycles * 32 < block_cycles ? 8 : 2;
	}
	ops = ops * block_cycles / (cycles ? cycles : 1);
	return ops ? ops : 1;
}

static uint64_t blocks_measure(struct machine *m, block_fn *fn,
			       uint64_t block_cycles, uint32_t blocks,
			       struct abi_block *to, struct block_seen *seen)
{
	uint64_t ops = ops_calibrate(m, fn, block_cycles);

	for (uint32_t i = 0; ops && i < blocks; i++) {
		block_begin(m);
		to[i].begin_tsc = stamp();
		if (fn(&m->host, ops))
			return 0;
		to[i].end_tsc = stamp();
		block_end(m, &seen[i]);
	}
	return ops;
}

void host_bench_run(struct machine *m)
{
	struct abi_mailbox *mb = m->mailbox;
	block_fn *fn = m->request->bench ? m->request->bench->host_block : NULL;

	if (!fn)
		return;
	mb->empty_ops = blocks_measure(m, empty_block, mb->block_cycles / 4,
				       mb->empty_blocks, mb->empty,
				       m->seen->empty);
	mb->empty_done = mb->empty_ops ? mb->empty_blocks : 0;
	mb->ops = blocks_measure(m, fn, mb->block_cycles, mb->blocks,
				 mb->block, m->seen->block);
	mb->blocks_done = mb->ops ? mb->blocks : 0;
	if (!mb->ops)
		host_verdict(&m->host, ABI_ERROR, "the host's half failed");
}
