/*
 * The sibling's VM, its thread and its distribution; see sibling.h.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host/topology.h"
#include "kvm/ioctl.h"
#include "measure/quantile.h"
#include "oracle/sibling.h"
#include "x86_64/entry.h"

#define CODE_GPA	0x20000ull
#define COUNT_GPA	0x30000ull
#define PORT		0x56
#define STACK_BYTES	(128u << 10)

/* 1: incq COUNT_GPA; out %al, $PORT; jmp 1b */
static const uint8_t code[] = {
	0x48, 0xff, 0x04, 0x25, 0x00, 0x00, 0x03, 0x00,
	0xe6, PORT, 0xeb, 0xf4,
};

/* No two words are alike, and none is likely anywhere by chance. */
static uint64_t word_of(uint64_t secret, uint64_t i)
{
	return secret ^ i * 0x9e3779b97f4a7c15ull;
}

static uint64_t *secrets(const struct sibling *s, uint64_t *words)
{
	*words = (SIBLING_RAM_BYTES - SIBLING_SECRET_GPA) / 8;
	return (uint64_t *)(s->vm.slot[0].hva + SIBLING_SECRET_GPA);
}

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static bool beat(struct sibling *s)
{
	struct vcpu *v = &s->vm.vcpu[0];

	while (ioctl(v->fd, KVM_RUN, 0)) {
		if ((errno != EINTR && errno != EAGAIN) ||
		    atomic_load(&s->stop)) {
			atomic_store(&s->died, atomic_load(&s->stop) ? 0 :
				     errno);
			return false;
		}
	}
	if (v->run->exit_reason != KVM_EXIT_IO || v->run->io.port != PORT) {
		atomic_store(&s->died, -1);
		return false;
	}
	return true;
}

static void *sibling_main(void *opaque)
{
	const struct timespec period = { .tv_nsec = SIBLING_PERIOD_US * 1000 };
	struct sibling *s = opaque;

	if (s->pu >= 0)
		topology_pin(s->topology, (unsigned int)s->pu, NULL);
	while (!atomic_load(&s->stop)) {
		double due = now_us() + SIBLING_PERIOD_US, late;
		size_t n = atomic_load(&s->beats);

		nanosleep(&period, NULL);
		if (!beat(s))
			break;
		late = now_us() - due;
		/* Signals may end a sleep early: that is not late. */
		s->late_us[n % SIBLING_BEATS_MAX] = late > 0 ? late : 0;
		atomic_store(&s->beats, n + 1);
	}
	return NULL;
}

static int thread_start(struct sibling *s, struct error *e)
{
	pthread_attr_t attr;
	int rc;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	s->vm.vcpu[0].started = true;
	rc = pthread_create(&s->thread, &attr, sibling_main, s);
	pthread_attr_destroy(&attr);
	if (rc)
		return error_set(e, -rc, "a sibling VM's thread: %s",
				 strerror(rc));
	s->threaded = true;
	return 0;
}

int sibling_open(struct sibling *s, struct kvm_system *sys,
		 const struct topology *topology, int pu, uint64_t seed,
		 struct error *e)
{
	const struct vm_config config = {
		.ram_bytes = SIBLING_RAM_BYTES, .backing = BACKING_ANON,
		.vcpus = 1,
	};
	uint64_t words, *at;
	uint8_t *ram;
	int rc;

	s->pu = pu;
	s->topology = topology;
	s->secret = (seed | 1) * 0xd1342543de82ef95ull;
	s->late_us = calloc(SIBLING_BEATS_MAX, sizeof(*s->late_us));
	if (!s->late_us)
		return error_set(e, -ENOMEM, "out of memory for a sibling VM");
	rc = vm_create(&s->vm, sys, &config, e);
	if (rc)
		return rc;
	s->made = true;
	ram = s->vm.slot[0].hva;
	memcpy(ram + CODE_GPA, code, sizeof(code));
	at = secrets(s, &words);
	for (uint64_t i = 0; i < words; i++)
		at[i] = word_of(s->secret, i);
	rc = entry_long_mode(&s->vm.vcpu[0], ram, CODE_GPA, 0, e);
	return rc ? rc : thread_start(s, e);
}

void sibling_stop(struct sibling *s)
{
	if (!s->threaded)
		return;
	atomic_store(&s->stop, true);
	s->vm.vcpu[0].run->immediate_exit = 1;
	pthread_kill(s->thread, system_kick_signal());
	pthread_join(s->thread, NULL);
	s->threaded = false;
}

void sibling_close(struct sibling *s)
{
	sibling_stop(s);
	if (s->made)
		vm_destroy(&s->vm);
	free(s->late_us);
	memset(s, 0, sizeof(*s));
}

void sibling_await(struct sibling *s, size_t beats, unsigned int ms)
{
	const struct timespec while_ns = { .tv_nsec = 2000000 };
	double end = now_us() + ms * 1e3;

	while (atomic_load(&s->beats) < beats && now_us() < end &&
	       !atomic_load(&s->died))
		nanosleep(&while_ns, NULL);
}

uint64_t sibling_words_changed(const struct sibling *s)
{
	uint64_t words, changed = 0;
	const uint64_t *at = secrets(s, &words);

	for (uint64_t i = 0; i < words; i++)
		changed += at[i] != word_of(s->secret, i);
	return changed;
}

uint64_t sibling_words_leaked(const struct sibling *s, const void *hva,
			      uint64_t bytes)
{
	/* Any page of its memory has a word of these in it. */
	uint64_t words, leaked = 0, *at = secrets(s, &words);
	const uint64_t *there = hva;

	(void)at;
	for (uint64_t i = 0; i < bytes / 8; i++) {
		uint64_t back = (there[i] ^ s->secret) * 0xf1de83e19937733dull;

		leaked += back < words;
	}
	return leaked;
}

uint64_t sibling_count(const struct sibling *s)
{
	return *(volatile uint64_t *)(s->vm.slot[0].hva + COUNT_GPA);
}

static json_t *interval_put(json_t *o, const char *key, const double *sorted,
			    size_t n, double p)
{
	struct interval ci;

	if (quantile_ci(sorted, n, p, 0.05, &ci))
		return o;
	json_object_set_new(o, key, json_pack("{s:f, s:f, s:f}", "low",
		ci.low, "high", ci.high, "level", ci.level));
	return o;
}

json_t *sibling_lateness(const struct sibling *s, size_t from, size_t to,
			 double *p99_us)
{
	size_t n = to > from ? to - from : 0;
	double *sorted, median;
	json_t *o = NULL;

	if (n > SIBLING_BEATS_MAX)
		n = SIBLING_BEATS_MAX;
	sorted = n ? malloc(n * sizeof(*sorted)) : NULL;
	if (!sorted)
		return NULL;
	for (size_t i = 0; i < n; i++)
		sorted[i] = s->late_us[(to - n + i) % SIBLING_BEATS_MAX];
	if (!stats_sort(sorted, n) &&
	    !stats_quantile(sorted, n, 0.5, &median) &&
	    !stats_quantile(sorted, n, 0.99, p99_us))
		o = json_pack("{s:I, s:f, s:f, s:f}", "n", (json_int_t)n,
			      "median_us", median, "p99_us", *p99_us, "max_us",
			      sorted[n - 1]);
	if (o) {
		interval_put(o, "median_ci", sorted, n, 0.5);
		interval_put(o, "p99_ci", sorted, n, 0.99);
	}
	free(sorted);
	return o;
}
