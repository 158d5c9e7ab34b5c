/*
 * Sampling goes on until an interval is as narrow as was asked for.
 *
 * The instances that every bench has (--instances) are the pilot, in the
 * first part of the budget. Then those series whose interval is still wider
 * than the goal get one more instance a round, in random order, with as many
 * blocks as measure/plan.h says; until all are narrow enough, or the budget
 * or EXTEND_MOST ends it. The result says which ("precision").
 *
 * Only where it is asked for (--precision). Whoever stops when an interval is
 * narrow keeps those that are narrow by luck: the coverage is below the level
 * that they claim. compare judges by its own test and not by them.
 */
#ifndef VMGAUGE_EXTEND_H
#define VMGAUGE_EXTEND_H

#include "measure/stats.h"
#include "session.h"

#define EXTEND_MOST	101	/* instances of a series */
#define PILOT_SHARE	0.6	/* of the budget */

/* What the first instances of all may take. */
double pilot_budget_s(const struct session *s);

/* Whether the series is still to be extended once it has its instances. */
bool extend_wanted(const struct session *s, const struct series *series);

/* All of it; `seen` is room to work in. 0, -EINTR, or as session_run(). */
int session_extend(struct session *s, struct observation *seen,
		   struct error *e);

/*
 * "precision" of a result: goal and half-width as parts of what was timed,
 * whether it was reached, and what ended the sampling: goal, budget, cap or
 * fixed (no goal). `ci` is NULL without an interval.
 */
json_t *precision_json(const struct session *s, const struct series *series,
		       const struct interval *ci, double timed);

/* schedule.c: one run of the image, filed. */
int job_run(struct session *s, const struct job *job, struct observation *seen,
	    struct error *e);

/* result.c: its interval so far; false if there is none. */
bool series_interval(const struct series *series, struct interval *ci,
		     double *timed);

#endif
