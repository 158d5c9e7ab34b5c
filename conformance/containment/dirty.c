/*
 * No write escapes the dirty log: a page that a live migration would lose.
 *
 * The witness is the memory itself: whoever copies just what the log names
 * must end with the same bytes.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "kvm/dirty.h"
#include "steps.h"

#define SLOT_GPA	0x20000000ull
#define PAGES		512u
#define PAGE		4096ull
#define ROUNDS		12
#define READS_LEAST	2u		/* of the log, while the guest writes */
#define RACE_CYCLES	60000000ull	/* at least ... */
#define RACE_MOST	(32 * RACE_CYCLES)	/* ... and until there were */
#define CITE		"Linux, KVM API, KVM_GET_DIRTY_LOG, KVM_CLEAR_DIRTY_LOG; Intel " \
			"SDM vol. 3, Page-Modification Logging"

static int slot;
static uint8_t *copy;			/* what a migration would have */
static uint64_t log_bits[PAGES / 64];
static uint64_t logged;			/* pages, over all rounds */

__host uint8_t *slot_hva(struct item_host *h)
{
	return h->vm->slot[slot].hva;
}

/* One round of a migration: what the log names is copied. */
__host int copy_step(struct item_host *h, uint8_t n, struct error *e)
{
	int rc = dirty_log_get(h->vm, SLOT_GPA, log_bits, e);

	(void)n;
	if (rc < 0)
		return rc;
	for (uint32_t i = 0; i < PAGES; i++) {
		if (!(log_bits[i / 64] >> i % 64 & 1))
			continue;
		logged++;
		memcpy(copy + i * PAGE, slot_hva(h) + i * PAGE, PAGE);
	}
	return 0;
}

__host void log_prepare(struct item_host *h)
{
	struct error e;

	logged = 0;
	copy = calloc(PAGES, PAGE);
	slot = vm_memory_add(h->vm, SLOT_GPA, PAGES * PAGE, 0, BACKING_ANON,
			     &e);
	if (!copy || host_said(h, slot, &e)) {
		host_verdict(h, ABI_ERROR, "no memory for the dirty log");
		return;
	}
	memset(slot_hva(h), 0, PAGES * PAGE);
	if (!host_said(h, dirty_log_switch(h->vm, SLOT_GPA, true, &e), &e))
		steps_begin(h, copy_step);
}

__host void log_judge(struct item_host *h)
{
	uint64_t lost = 0;
	struct error e;

	/* The last round, with the guest stopped. */
	if (host_said(h, copy_step(h, 0, &e), &e))
		return;
	for (uint32_t i = 0; i < PAGES; i++)
		lost += memcmp(copy + i * PAGE, slot_hva(h) + i * PAGE,
			       PAGE) != 0;
	host_check(h, "pages that the log named", true, logged > 0);
	host_check(h, "pages that changed and were not named", 0, lost);
}

__host void log_finish(struct item_host *h)
{
	(void)h;
	free(copy);
	copy = NULL;
}

#define LOGGED								\
	.cite = CITE, .needs = NEED_VMM, .watch = WATCH_OUTSIDE,	\
	.control = "a write that the log does not name is caught",	\
	.prepare = HOST(log_prepare), .judge = HOST(log_judge),		\
	.finish = HOST(log_finish)

static const uint64_t stride = 6364136223846793005ull;

PROBE(written_pages_are_in_the_log, LOGGED, .rings = RING0 | RING3,
	.rule = "Every page that a guest writes between two readings of the dirty log is "
		"named by the next one")
{
	volatile uint64_t *at = (volatile uint64_t *)SLOT_GPA;
	uint64_t seed = mailbox->seed | 1;

	for (uint32_t round = 0; round < ROUNDS; round++) {
		for (uint32_t i = 0; i < 40; i++) {
			seed = seed * stride + 1442695040888963407ull;
			at[(seed >> 33) % (PAGES * 512)] = seed;
		}
		step(0);
	}
	CHECK_NE(0, seed);
}

/* KVM writes these itself: they take another way into the log. */
PROBE(emulated_writes_are_in_the_log, LOGGED,
	.rule = "What KVM writes for a guest (REP INS, across pages, from a device) is in "
		"the dirty log")
{
	for (uint64_t round = 0; round < ROUNDS; round++) {
		uint64_t at = SLOT_GPA + round * 5 * PAGE + PAGE - 16, n = 32;

		/* Across the end of a page: both are written. */
		__asm__ volatile("cld\n\trep insb" : "+D"(at), "+c"(n)
				 : "d"(0x5640) : "memory", "cc");
		/* From a device to memory, by one instruction. */
		at = SLOT_GPA + (round * 5 + 3) * PAGE;
		n = ABI_HOLE_GPA;
		__asm__ volatile("cld\n\tmovsq" : "+D"(at), "+S"(n)
				 :: "memory", "cc");
		if (round & 1)
			step(0);
	}
	CHECK_EQ(0xff, *(volatile uint8_t *)(SLOT_GPA + PAGE));
}

/* A locked operation and a walker's Accessed bit write without a store. */
PROBE(atomic_writes_are_in_the_log, LOGGED, .rings = RING0 | RING3,
	.rule = "Locked operations, also across two pages, are in the dirty log")
{
	for (uint64_t round = 0; round < ROUNDS; round++) {
		uint64_t *at = (uint64_t *)(SLOT_GPA + round * 9 * PAGE);
		uint64_t *cross = (uint64_t *)((uint8_t *)at + 4 * PAGE - 4);

		__asm__ volatile("lock addq $7, %0\n\tlock addq $9, %1"
				 : "+m"(*at), "+m"(*cross) :: "cc");
		step(0);
	}
	CHECK_NE(0, *(volatile uint64_t *)(SLOT_GPA + 4 * PAGE - 4));
}

static struct {
	pthread_t thread;
	struct item_host *h;
	volatile bool stop, running;
	uint64_t rounds;
} racer;

/* Reads the log all the time while the guest writes. */
__host void *racer_main(void *opaque)
{
	struct error e;

	(void)opaque;
	while (!racer.stop) {
		/* Of those that begin behind the guest's first write. */
		bool writes = *(volatile uint64_t *)&racer.h->mailbox->ret[0];

		if (copy_step(racer.h, 0, &e))
			break;
		racer.rounds += writes;
		racer.h->mailbox->arg[0] = racer.rounds;
	}
	return NULL;
}

__host void race_prepare(struct item_host *h)
{
	log_prepare(h);
	racer.h = h;
	racer.stop = false;
	racer.rounds = 0;
	racer.running = !pthread_create(&racer.thread, NULL, racer_main, NULL);
	if (!racer.running)
		host_verdict(h, ABI_ERROR, "no thread to race with");
}

__host void race_end(void)
{
	racer.stop = true;
	if (racer.running)
		pthread_join(racer.thread, NULL);
	racer.running = false;
}

__host void race_judge(struct item_host *h)
{
	race_end();
	host_check(h, "the log was read while the guest wrote", true,
		   racer.rounds >= READS_LEAST);
	log_judge(h);
}

__host void race_finish(struct item_host *h)
{
	race_end();
	log_finish(h);
}

/* On a busy host the other thread may have to wait for a CPU. */
__guest bool racing(uint64_t begin)
{
	uint64_t cycles = tsc_read() - begin;

	return cycles < RACE_CYCLES || (cycles < RACE_MOST &&
	       *(volatile uint64_t *)&mailbox->arg[0] < READS_LEAST);
}

PROBE(log_is_complete_under_race,
	.rule = "Copying what the log names while the guest writes, and once more when it "
		"has stopped, gives the guest's memory",
	.cite = CITE, .needs = NEED_VMM | NEED_PREEMPTION, .watch = WATCH_OUTSIDE,
	.control = "a log that is switched off is caught",
	.rings = RING0 | RING3, .prepare = HOST(race_prepare),
	.judge = HOST(race_judge), .finish = HOST(race_finish))
{
	volatile uint64_t *at = (volatile uint64_t *)SLOT_GPA;
	uint64_t seed = mailbox->seed | 1, begin = tsc_read();

	while (racing(begin)) {
		seed = seed * stride + 1442695040888963407ull;
		at[(seed >> 33) % (PAGES * 512)] = seed;
		mailbox->ret[0] = 1;
	}
	CHECK_NE(0, seed);
}
