/*
 * Measures one bench: the empty operation first, then the operation itself.
 *
 * A block is a batch of operations between two serialised time stamps. Its
 * size comes from time, not from a count, so that a host 1,000 times slower
 * than another still finishes. Doorbells before and after each block let the
 * host read exit counts and counters there; they lie outside the stamps.
 */
#include "item.h"
#include "smp.h"

#define BLOCKS_LEAST	4	/* however slow the operation is */

const struct bench *bench_running;

static struct measurement {
	void (*op)(void);
	struct abi_block *block;
	uint64_t ops;			/* in each block; 0 = calibrate */
	uint64_t max_ops;
	uint64_t block_cycles;
	uint64_t limit_cycles;
	uint32_t blocks;
	volatile uint32_t *done;
	const struct bench *rewound;	/* NULL: nothing to put back */
	bool alone;			/* no other CPU takes part */
} m;

static void empty_op(void)
{
}

/* One copy, in one place: batch_prepare() relies on it. */
__attribute__((noinline)) void ops_time(void (*op)(void), uint64_t ops,
					struct abi_block *block)
{
	uint64_t begin = tsc_read();

	for (uint64_t i = 0; i < ops; i++)
		op();
	block->end_tsc = tsc_read();
	block->begin_tsc = begin;
}

/*
 * One CPU alone stays in this page of code: a block must not touch another
 * one that KVM has forgotten.
 */
static inline uint64_t batch_time(uint64_t ops, struct abi_block *block)
{
	if (!m.alone)
		return smp_batch(m.op, ops, block);
	ops_time(m.op, ops, block);
	return block->end_tsc - block->begin_tsc;
}

/*
 * The host may have made KVM forget the image too: what a batch needs of it
 * is touched here, the place of its stamps included.
 */
static void batch_prepare(struct abi_block *block)
{
	if (!m.rewound)
		return;
	if (m.rewound->host_rewind) {
		bell_ring(ABI_BELL_REWIND);
		ops_time(empty_op, 1, block);
	}
	if (m.rewound->rewind)
		m.rewound->rewind();
}

/* Grows the batch until it is long enough to extrapolate from. */
static uint64_t ops_calibrate(void)
{
	struct abi_block b;
	uint64_t ops = 1, cycles;

	batch_prepare(&b);
	batch_time(1, &b);		/* first-touch faults are not the op */
	for (;;) {
		batch_prepare(&b);
		cycles = batch_time(ops, &b);
		if (cycles * 4 >= m.block_cycles || ops >= m.max_ops)
			break;
		ops *= cycles * 32 < m.block_cycles ? 8 : 2;
		if (ops > m.max_ops)
			ops = m.max_ops;	/* never past its memory */
	}
	ops = cycles ? ops * m.block_cycles / cycles : ops;
	if (ops > m.max_ops)
		ops = m.max_ops;
	return ops ? ops : 1;
}

/* Aligned, lest a block run on into a page that KVM has forgotten. */
static __attribute__((aligned(512))) void blocks_measure(void)
{
	uint64_t ops = m.ops ? m.ops : ops_calibrate();
	uint64_t begin = tsc_read();

	m.ops = ops;
	for (uint32_t i = 0; i < m.blocks; i++) {
		if (i >= BLOCKS_LEAST && m.limit_cycles &&
		    tsc_read() - begin > m.limit_cycles)
			break;
		batch_prepare(&m.block[i]);
		bell_ring(ABI_BELL_BLOCK_BEGIN);
		batch_time(ops, &m.block[i]);
		bell_ring(ABI_BELL_BLOCK_END);
		*m.done = i + 1;
	}
}

/* One stamped operation at a time: the host stamps its half of each exit. */
static void stamps_measure(void)
{
	struct abi_block *stamp = mailbox->stamp;

	m.op();
	bell_ring(ABI_BELL_STAMPS_BEGIN);
	for (uint32_t i = 0; i < m.blocks; i++) {
		uint64_t begin = tsc_read();

		m.op();
		stamp[i].end_tsc = tsc_read();
		stamp[i].begin_tsc = begin;
	}
	bell_ring(ABI_BELL_STAMPS_END);
	mailbox->stamps_done = m.blocks;
}

static void at_ring(void (*fn)(void))
{
	if (mailbox->ring == 3)
		ring3_call(fn);
	else
		fn();
}

static void bench_measure(const struct bench *b)
{
	uint64_t max = mailbox->max_ops ? mailbox->max_ops : 1ull << 32;

	m = (struct measurement){
		.op = empty_op, .block = mailbox->empty, .max_ops = max,
		.block_cycles = mailbox->block_cycles / 4,
		.alone = smp_cpus() == 1,
		.limit_cycles = mailbox->limit_cycles / 4,
		.blocks = mailbox->empty_blocks, .done = &mailbox->empty_done,
	};
	mailbox->state = ABI_STATE_EMPTY;
	smp_batches_begin(NULL, mailbox->ring);
	at_ring(blocks_measure);
	smp_batches_end();
	mailbox->empty_ops = m.ops;

	m = (struct measurement){
		.op = b->op, .block = mailbox->block, .max_ops = max,
		.rewound = b->rewind || b->host_rewind ? b : NULL,
		.block_cycles = mailbox->block_cycles,
		.alone = smp_cpus() == 1,
		.limit_cycles = mailbox->limit_cycles,
		.blocks = mailbox->blocks, .done = &mailbox->blocks_done,
	};
	mailbox->state = ABI_STATE_BLOCKS;
	if (b->load.way && !bell_heard)
		serial_say("load", "is", "begun");
	smp_batches_begin(b, mailbox->ring);
	at_ring(blocks_measure);
	smp_batches_end();
	if (b->load.way && !bell_heard)
		serial_say("load", "is", "over");
	mailbox->ops = m.ops;

	if (!mailbox->stamps)
		return;
	m.blocks = mailbox->stamps;
	mailbox->state = ABI_STATE_STAMPS;
	at_ring(stamps_measure);
}

/* The host measures, all at once or block by block, while the guest waits. */
static void host_blocks_run(const struct bench *b)
{
	do {
		if (b->paced && b->rewind)
			b->rewind();
		bell_ring(ABI_BELL_READY);
	} while (b->paced && bell_heard &&
		 mailbox->blocks_done < mailbox->blocks &&
		 mailbox->verdict < ABI_SKIP);
}

void bench_run(const struct bench *b)
{
	const char *reason = b->skip ? b->skip() : NULL;

	bench_running = b;
	if (mailbox->verdict)
		return;		/* the host's half has said it already */
	if (reason) {
		verdict_set(ABI_SKIP, reason);
		return;
	}
	if (b->arena.bytes)
		arena_map(&b->arena);
	smp_start(mailbox->sipi);
	if (b->setup)
		b->setup();
	if (b->setup_each)
		smp_run(b->setup_each, 0);
	if (b->op)
		bench_measure(b);
	else
		host_blocks_run(b);
	if (b->teardown)
		b->teardown();
	verdict_set(ABI_PASS, "");
}
