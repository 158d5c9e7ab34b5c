/*
 * More instances for those that need them; see extend.h.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "extend.h"
#include "measure/plan.h"

#define BLOCKS_LEAST	4
#define BLOCKS_MOST	64
#define RESERVE		0.98	/* of the budget: the last run ends in time */

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

double pilot_budget_s(const struct session *s)
{
	return s->options.budget_s * (s->options.precision > 0 ? PILOT_SHARE
							       : 1);
}

/* Controls cost nothing to be precise about; a cap of its own is meant. */
static bool extensible(const struct session *s, const struct series *series)
{
	const struct bench *b = series->item->bench;

	return s->options.precision > 0 && b && !b->control &&
	       !b->max_instances && !takes_turns(s, series) && !series->verdict;
}

bool extend_wanted(const struct session *s, const struct series *series)
{
	struct interval ci;
	double timed;

	if (!extensible(s, series) ||
	    json_array_size(series->instances) >= EXTEND_MOST)
		return false;
	return !series_interval(series, &ci, &timed) ||
	       plan_half_width(&ci, timed) > s->options.precision;
}

json_t *precision_json(const struct session *s, const struct series *series,
		       const struct interval *ci, double timed)
{
	double half = ci ? plan_half_width(ci, timed) : INFINITY;
	double goal = s->options.precision;
	bool reached = half <= goal;

	if (!extensible(s, series))
		return json_pack("{s:n, s:o, s:n, s:s}", "goal", "half_width",
				 isfinite(half) ? json_real(half) : json_null(),
				 "reached", "ended", "fixed");
	return json_pack("{s:f, s:o, s:b, s:s}", "goal", goal, "half_width",
			 isfinite(half) ? json_real(half) : json_null(),
			 "reached", reached, "ended", reached ? "goal" :
			 json_array_size(series->instances) >= EXTEND_MOST ?
			 "cap" : "budget");
}

/* What an instance of the series took: its blocks, and all beside them. */
static void costs_add(const json_t *record, double *blocks_ms, double *all_ms)
{
	const json_t *samples = json_object_get(record, "samples"), *x;
	double khz = json_number_value(json_object_get(record, "tsc_khz"));
	double ops = json_number_value(json_object_get(record, "ops"));
	size_t i;

	json_array_foreach((json_t *)samples, i, x)
		*blocks_ms += khz > 0 ? json_number_value(x) * ops / khz : 0;
	*all_ms += json_number_value(json_object_get(record, "elapsed_ms"));
}

/* 0: as many as ever. */
static unsigned int blocks_planned(const struct series *series)
{
	double block_ms = 0, all_ms = 0, v[BLOCKS_MOST];
	struct plan_variance variance;
	struct plan plan = { 0 };
	json_t *record, *x;
	size_t i, k;

	json_array_foreach(series->instances, i, record) {
		const json_t *samples = json_object_get(record, "samples");

		json_array_foreach((json_t *)samples, k, x)
			if (k < BLOCKS_MOST)
				v[k] = json_number_value(x);
		if (plan_add(&plan, v, k < BLOCKS_MOST ? k : BLOCKS_MOST))
			return 0;
		costs_add(record, &block_ms, &all_ms);
	}
	if (plan_variance(&plan, &variance) || !(block_ms > 0) ||
	    !(all_ms > block_ms))
		return 0;
	return plan_blocks(&variance, block_ms / (double)plan.blocks,
			   (all_ms - block_ms) / (double)plan.instances,
			   BLOCKS_LEAST, BLOCKS_MOST);
}

/* The series that want another instance, in random order. */
static unsigned int round_make(struct session *s, struct job *job)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < s->series_count; i++) {
		const struct series *series = &s->series[i];

		if (series->result || !extend_wanted(s, series))
			continue;
		job[n++] = (struct job){
			.series = i, .blocks = blocks_planned(series),
			.round = (unsigned int)json_array_size(
				series->instances),
		};
	}
	rng_shuffle(&s->rng, job, n, sizeof(*job));
	return n;
}

int session_extend(struct session *s, struct observation *seen,
		   struct error *e)
{
	double end_s = s->began_s + RESERVE * s->options.budget_s;
	struct job *job = calloc(s->series_count + 1u, sizeof(*job));
	unsigned int n = 1;
	int rc = 0;

	if (!job)
		return error_set(e, -ENOMEM, "out of memory for the schedule");
	while (!rc && n && s->options.precision > 0) {
		n = round_make(s, job);
		s->total += n;
		for (unsigned int i = 0; i < n && !rc; i++, s->done++) {
			if (s->interrupted && *s->interrupted)
				rc = error_set(e, -EINTR, "interrupted");
			else if (now_s() >= end_s)
				goto out;
			session_progress(s, &s->series[job[i].series]);
			if (!rc)
				rc = job_run(s, &job[i], seen, e);
		}
	}
out:
	free(job);
	return rc;
}
