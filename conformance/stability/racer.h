/*
 * Threads of the VMM that call on the kernel for as long as a guest runs, and
 * the guest that must not notice.
 */
#ifndef VMGAUGE_STABILITY_RACER_H
#define VMGAUGE_STABILITY_RACER_H

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "item_host.h"
#include "kvm/ioctl.h"
#include "kvm/vm.h"
#include "suite.h"

#define RACERS	4u
#define WAITS	100000	/* of 100 us, for its first calls */
#define RACE_CYCLES	50000000ull	/* at least ... */
#define RACE_MOST	(40 * RACE_CYCLES)
#define CALLS_LEAST	2	/* before it, and ... */
#define CALLS_BESIDE	10	/* ... until so many were made beside it */
#define CITE	"Linux, KVM API; KVM selftests, memslot_perf_test, "		\
		"set_memory_region_test"

/* Call n of its thread: false when it was refused and should not have been. */
typedef bool call_fn(struct item_host *h, uint64_t n);

static struct racer {
	pthread_t thread;
	struct item_host *h;
	call_fn *fn;
	volatile bool stop;
	bool running;
	volatile uint64_t calls;
	uint64_t refused;
} racers[RACERS] __attribute__((unused));

__host void *racer_main(void *opaque)
{
	struct racer *r = opaque;

	while (!r->stop) {
		r->refused += !r->fn(r->h, r->calls);
		r->calls++;
		/* The guest reads it: a slow host's calls take longer. */
		r->h->mailbox->arg[0] = r->calls;
	}
	return NULL;
}

/* One more thread beside those that there are. */
__host void race_begin(struct item_host *h, call_fn *fn)
{
	struct racer *r = racers;

	while (r < racers + RACERS && r->running)
		r++;
	if (r == racers)
		memset(racers, 0, sizeof(racers));
	if (r == racers + RACERS) {
		host_verdict(h, ABI_ERROR, "too many threads to race with");
		return;
	}
	*r = (struct racer){ .h = h, .fn = fn };
	r->running = !pthread_create(&r->thread, NULL, racer_main, r);
	if (!r->running)
		host_verdict(h, ABI_ERROR, "no thread to race with");
	/* On a busy host the guest could be through before it has a CPU. */
	for (int i = 0; i < WAITS && r->running && r->calls < CALLS_LEAST; i++)
		nanosleep(&(const struct timespec){ .tv_nsec = 100000 }, NULL);
}

/* Of what was called in pairs: the guest is through, end with the second. */
__host bool race_stops(void)
{
	return racers[0].stop;		/* they all do */
}

__host void race_finish(struct item_host *h)
{
	(void)h;
	for (unsigned int i = 0; i < RACERS; i++)
		racers[i].stop = true;
	for (unsigned int i = 0; i < RACERS; i++) {
		if (racers[i].running)
			pthread_join(racers[i].thread, NULL);
		racers[i].running = false;
	}
}

__host void race_judge(struct item_host *h)
{
	uint64_t calls = 0, refused = 0;

	race_finish(h);
	for (unsigned int i = 0; i < RACERS; i++) {
		calls += racers[i].calls;
		refused += racers[i].refused;
	}
	host_check(h, "calls were made", true, calls >= CALLS_LEAST);
	host_check(h, "calls that were refused", 0, refused);
}

/* A slow host's calls take longer: a round of all slots is gone through. */
__guest bool racing(uint64_t begin)
{
	static uint64_t since, before;
	uint64_t calls = *(volatile uint64_t *)&mailbox->arg[0];
	uint64_t cycles = tsc_read() - begin;

	if (since != begin) {
		since = begin;
		before = calls;
	}
	return cycles < RACE_CYCLES || (cycles < RACE_MOST &&
	       (int64_t)(calls - before) < CALLS_BESIDE);
}

/* The guest's part: exits of all sorts, and a memory that must hold. */
static uint64_t here[512] __attribute__((unused));

__guest void exits_and_memory(void)
{
	uint64_t begin = tsc_read(), lost = 0;

	for (uint64_t i = 0; racing(begin); i++) {
		here[i % 512] = i;
		outl(ABI_PORT_USER, (uint32_t)i);
		lost += here[i % 512] != i;
		mmio_read32(ABI_HOLE_GPA + (i & 0xff8));
		cpuid_reg((uint32_t)i & 7, 0, 0);
	}
	CHECK_EQ(0, lost);
}

#define RACE_OF(id, more, seen, text, prepared, ...)			\
	PROBE(id, .rule = text, .cite = CITE, .needs = NEED_VMM | (more), \
		.control = seen, .watch = WATCH_OUTSIDE,		\
		.prepare = HOST(prepared), .judge = HOST(race_judge),	\
		.finish = HOST(race_finish), __VA_ARGS__)
#define RACE(id, text, prepared, ...)					\
	RACE_OF(id, 0, "a racing call that is refused is caught", text,	\
		prepared, __VA_ARGS__)

#endif
