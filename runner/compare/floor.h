/*
 * The floor of each row: how far apart two runs of one host may lie although
 * nothing was changed. Instances inside a run cannot tell: whatever a whole
 * run has in common (a neighbour, a frequency, where memory happened to lie)
 * moves all of them. It is learned, the largest counts:
 *
 *	threshold	what the caller asks for at least;
 *	drift		from the documents themselves: where the first half of
 *			a run differs from its second half more than odd rounds
 *			differ from even ones, the host drifts inside a run,
 *			and will between runs. One factor for all rows, times
 *			each row's own noise;
 *	rows		if nothing is known of runs, from the rows: chance
 *			moves as many of them down as up, so that a rise is
 *			believed only beyond what so many rows fell by. A change
 *			for the worse moves rows one way and does not hide
 *			itself;
 *	runs		from several runs of one side, or from a table that
 *			--learn-floor made of A/A runs: spread.h.
 *
 * From a learned spread the floor is the difference that chance exceeds once
 * in rows / alpha times, for runs averaged as they are on each side.
 */
#ifndef VMGAUGE_COMPARE_FLOOR_H
#define VMGAUGE_COMPARE_FLOOR_H

#include "compare/gate.h"
#include "compare/spread.h"

/* The median of each run, its spread over runs. {0, 0} if none can be told. */
struct spread floor_runs(const struct gate_side *side);

/* What floors_set found; for messages. */
struct floor_found {
	double drift;		/* in units of a row's noise; NAN: not known */
	double rows[2];		/* spread of what rose and fell; NAN: not known */
	struct spread host;	/* over runs; df 0: not known */
};

/*
 * Sets floor and floor_from of every row that is not excluded, after
 * gate_measure(). `learned` has
 * a spread for each row (df 0: none), or is NULL; `prior` is the host's, from
 * the table. 0 or -ENOMEM.
 */
int floors_set(struct gate_row *row, size_t count, double alpha,
	       double threshold, const struct spread *learned,
	       struct spread prior, struct floor_found *found);

#endif
