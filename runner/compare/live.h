/*
 * vmgauge compare --live: two commands, measured in turns until it is known
 * which is slower.
 *
 * Each command is a prefix of an invocation, read by /bin/sh: another build,
 * another option, another setting of the host before it. After it come
 * `bench` (unless `bench` is among its words: then what follows that word are
 * options of its own), the items, --instances, --budget, --seed and -o FILE.
 *
 * A slice's number is the lower decile of its blocks. What disturbs a block on
 * a shared host makes it slower, never faster, and for seconds: medians then
 * are a coin's toss between two states of the neighbours. So what is compared
 * is the cost while nothing disturbs. The price: a change
 * that only makes disturbed or rare operations worse is not seen here; that
 * of two documents sees it, where the host allows.
 *
 * A first slice of each side warms up, tells what there is to compare, and
 * is not counted. Then come rounds of four slices, BASE NEW NEW BASE or NEW
 * BASE BASE NEW by lot: what drifts evenly cancels inside a round, and the lot
 * makes the test exact whatever else the host does (paired.h). When to look,
 * and at what price, is declared after the first round has told how many fit
 * the time (looks.h). A row is decided at a look when
 *
 *	its p (paired.h), after Holm over all rows, is at most the look's
 *	  share of alpha, and its ratio beyond the threshold: regressed or
 *	  improved;
 *	or its interval lies inside the threshold on both sides: the same. The
 *	  interval holds over all looks together (1 - 0.05 / LOOKS each).
 *
 * A decided row keeps its verdict, and an item is measured no more when all
 * of its rows are decided. There is no floor from A/A runs: a slice is a
 * process of its own, so that runs, and what they have in common, are what
 * is ranked.
 */
#ifndef VMGAUGE_COMPARE_LIVE_H
#define VMGAUGE_COMPARE_LIVE_H

#include <signal.h>
#include <stdint.h>

#include "compare/compare.h"

#define LIVE_LIMIT_S	60

struct live_options {
	const char *command[2];		/* BASE, NEW */
	const char *const *item;	/* names or globs, NULL-terminated */
	double limit_s;			/* for everything */
	uint64_t seed;			/* of the lots */
	const volatile sig_atomic_t *interrupted;
};

/*
 * Fills `c`, of which only the options are set, as compare_open() does; the
 * sets are made here, and closed by the caller with the rest (set_close,
 * compare_close) in any case. 0 or -errno; -EINTR when interrupted.
 */
int compare_live(struct compare *c, const struct live_options *o,
		 struct error *e);

#endif
