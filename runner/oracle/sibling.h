/*
 * A second VM that has nothing to do with the first: it keeps secrets and it
 * beats. A beat is a sleep of its thread, an entry, one write of its guest
 * and an exit; how late it comes is what its neighbour costs it.
 */
#ifndef VMGAUGE_ORACLE_SIBLING_H
#define VMGAUGE_ORACLE_SIBLING_H

#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "kvm/vm.h"

#define SIBLING_RAM_BYTES	(1ull << 20)
#define SIBLING_SECRET_GPA	0x40000ull	/* from here to the end */
#define SIBLING_PERIOD_US	250
#define SIBLING_BEATS_MAX	16384
#define SIBLING_BEATS_LEAST	400	/* a p99 has an interval from 368 on */
#define SIBLING_BEATS_QUICK	100

struct sibling {
	struct vm vm;
	bool made, threaded;
	pthread_t thread;
	int pu;				/* where it runs; -1: anywhere */
	const struct topology *topology;
	atomic_bool stop;
	atomic_int died;		/* errno, or -1 for another exit */
	_Atomic size_t beats;		/* how many late_us[] are valid */
	double *late_us;
	uint64_t secret;		/* the first word; others follow from it */
};

struct topology;

/* `s` is the caller's, zeroed; sibling_close() is safe after a failure. */
int sibling_open(struct sibling *s, struct kvm_system *sys,
		 const struct topology *topology, int pu, uint64_t seed,
		 struct error *e);
/* It beats no more; its memory stays. */
void sibling_stop(struct sibling *s);
void sibling_close(struct sibling *s);

/* Waits until so many beats, at most `ms`. */
void sibling_await(struct sibling *s, size_t beats, unsigned int ms);

/* Words of its memory that are not what it keeps there. */
uint64_t sibling_words_changed(const struct sibling *s);
/* How many of its secret's words lie in foreign memory. */
uint64_t sibling_words_leaked(const struct sibling *s, const void *hva,
			      uint64_t bytes);
/* What its guest counted itself. */
uint64_t sibling_count(const struct sibling *s);

/*
 * Lateness of beats [from, to): n, median and p99 with their exact intervals
 * and the maximum, in microseconds; NULL without any. *p99_us is the p99.
 */
json_t *sibling_lateness(const struct sibling *s, size_t from, size_t to,
			 double *p99_us);

#endif
