/*
 * The gate, and batches on all CPUs; see smp.h.
 *
 * Every release has a number. A follower that has served it says so in its
 * own line and waits for the next; a leader that joins reads those lines, or
 * asks the host where followers park. What a release is about is written
 * before its number and read after it (x86 keeps both in order).
 */
#include "item.h"
#include "sipi.h"
#include "smp.h"

static struct {
	volatile uint32_t number __attribute__((aligned(64)));
	/* What is released: fn() at that ring. */
	void (*fn)(void);
	uint32_t ring;
	/* ... and while batches are served at that ring: a batch, or its end. */
	void (*op)(void);
	uint64_t ops;
	const struct bench *bench;	/* NULL: all CPUs run `op` */
	bool parks;			/* the mailbox's, which others write */
} gate;

void smp_secondary_main(void) __attribute__((noreturn));

static void followers_release(void)
{
	__asm__ volatile("" ::: "memory");
	gate.number++;
	if (gate.parks)
		bell_ring(ABI_BELL_RELEASE);
}

static void followers_join(void)
{
	uint32_t cpus = smp_cpus();

	if (gate.parks) {
		bell_ring(ABI_BELL_JOIN);
		return;
	}
	for (uint32_t i = 1; i < cpus; i++)
		while (cpu_at(i)->done != gate.number)
			cpu_relax();
}

/* By a follower that has served all releases up to number `served`. */
static uint32_t gate_wait(uint32_t served)
{
	cpu_self()->done = served;
	if (gate.parks)
		bell_ring(ABI_BELL_PARK);
	else
		while (gate.number == served)
			cpu_relax();
	__asm__ volatile("" ::: "memory");
	return gate.number;
}

static void at_ring(void (*fn)(void), uint32_t ring)
{
	if (ring == 3)
		ring3_call(fn);
	else
		fn();
}

void smp_secondary_main(void)
{
	/* The first number is 1: an area of zeroes has not arrived. */
	uint32_t served = 1;

	for (;;) {
		served = gate_wait(served);
		at_ring(gate.fn, gate.ring);
		/* Batches were releases too. */
		served = gate.number;
	}
}

static void areas_make(void)
{
	for (uint32_t i = 1; i < smp_cpus(); i++)
		cpu_area_make(cpu_at(i), i);
}

void smp_start(bool sipi)
{
	if (smp_cpus() == 1)
		return;
	gate.number = 1;
	gate.parks = mailbox->parks;
	/* At CPL3, which runs on the CPU even where CPL0 is interpreted. */
	ring3_call(areas_make);
	bell_ring(ABI_BELL_CPUS);
	if (sipi) {
		sipi_prepare();
		others_start();
	}
	followers_join();
}

void smp_run(void (*fn)(void), uint32_t ring)
{
	if (smp_cpus() > 1) {
		gate.fn = fn;
		gate.ring = ring;
		followers_release();
	}
	at_ring(fn, ring);
	if (smp_cpus() > 1)
		followers_join();
}

static void nothing(void)
{
}

/* Its first release is the last one: what that is of must be harmless. */
uint64_t smp_restart(void (*leave)(void), void (*left)(void),
		     void (*order)(void))
{
	uint64_t begin;

	gate.fn = leave;
	gate.ring = 0;
	followers_release();
	left();
	gate.fn = nothing;
	cpu_at(1)->done = 0;
	begin = tsc_read();
	order();
	followers_join();
	return tsc_read() - begin;
}

/* Whether this CPU runs `op`, or is the peer of one that does. */
static bool initiates(uint32_t index)
{
	switch (gate.bench ? gate.bench->roles : ROLES_ALL) {
	case ROLES_FIRST:
		return index == 0;
	case ROLES_PAIRS:
		return index % 2 == 0;
	default:
		return true;
	}
}

/* After an initiator's last operation: its peers may stop. */
static void peers_stop(uint32_t index)
{
	uint32_t first = index + 1;
	uint32_t last = gate.bench->roles == ROLES_PAIRS ? first :
			smp_cpus() - 1;

	for (uint32_t i = first; i <= last && i < smp_cpus(); i++)
		cpu_at(i)->over = true;
	if (gate.bench->peers_wake)
		gate.bench->peers_wake();
}

static void batch_part(struct cpu *self)
{
	if (!initiates(self->index)) {
		if (gate.bench->peer)
			gate.bench->peer();
		return;
	}
	ops_time(gate.op, gate.ops, &self->block);
	if (gate.bench && gate.bench->peer)
		peers_stop(self->index);
}

/* A follower at the ring of the batches, until one without an operation. */
static void batches_serve(void)
{
	struct cpu *self = cpu_self();
	uint32_t served = gate.number;

	for (;;) {
		self->over = false;
		served = gate_wait(served);
		if (!gate.op)
			return;
		batch_part(self);
	}
}

void smp_batches_begin(const struct bench *b, uint32_t ring)
{
	if (smp_cpus() == 1)
		return;
	gate.bench = b;
	gate.fn = batches_serve;
	gate.ring = ring;
	followers_release();
	followers_join();
}

void smp_batches_end(void)
{
	if (smp_cpus() == 1)
		return;
	gate.op = NULL;
	followers_release();
	followers_join();
}

static uint64_t cycles_of(const struct abi_block *b)
{
	return b->end_tsc - b->begin_tsc;
}

uint64_t smp_batch(void (*op)(void), uint64_t ops, struct abi_block *block)
{
	uint32_t cpus = smp_cpus();
	uint64_t shortest;

	if (cpus == 1) {
		ops_time(op, ops, block);
		return cycles_of(block);
	}
	gate.op = op;
	gate.ops = ops;
	followers_release();
	batch_part(&cpu0);
	followers_join();
	*block = cpu0.block;
	shortest = cycles_of(block);
	for (uint32_t i = 1; i < cpus; i++) {
		const struct abi_block *b = &cpu_at(i)->block;

		if (!initiates(i))
			continue;
		if (b->begin_tsc < block->begin_tsc)
			block->begin_tsc = b->begin_tsc;
		if (b->end_tsc > block->end_tsc)
			block->end_tsc = b->end_tsc;
		if (cycles_of(b) < shortest)
			shortest = cycles_of(b);
	}
	return shortest;
}
