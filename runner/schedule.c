/*
 * Which run comes next: rounds of VM instances, each round in an order of
 * its own, so that whatever drifts on the host drifts through all series.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "extend.h"
#include "instance.h"

#define VM_COST_NS	4000000		/* create, boot and destroy, about */
#define BLOCK_MIN_NS	20000
#define BLOCK_MAX_NS	20000000
#define PART_MIN_NS	200000
#define LIMIT_BLOCKS	64.0		/* of the aimed length, in a run */
#define LIMIT_MIN_NS	5e7
#define SHARE_MOST	0.6		/* times a row's part of the budget */
#define TURNS_PATIENCE	32		/* times the deadline */
#define JOBS_AHEAD	16		/* that a target hears of */
#define TURNS_INSTANCES	6		/* the fewest with a 96 % interval */

/* Blocks, shorter empty ones, and about two for calibration. */
#define BLOCKS_A_RUN	(SESSION_BLOCKS + SESSION_EMPTY_BLOCKS / 4.0 + 2)

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/*
 * All blocks of a run must fit well inside the deadline of a run. Where an
 * emulator plays the CPU they are for counting exits and not for timing.
 */
static uint64_t block_clamp(const struct session *s, double ns)
{
	ns = fmin(ns, s->options.deadline_ms * 1e6 / 4 / BLOCKS_A_RUN);
	if (ns < BLOCK_MIN_NS || s->backend.software_host)
		return BLOCK_MIN_NS;
	return ns > BLOCK_MAX_NS ? BLOCK_MAX_NS : (uint64_t)ns;
}

/* How many vCPUs have to take turns on a CPU. */
static double turns(const struct session *s, const struct series *series)
{
	return takes_turns(s, series) ?
	       (double)series->vcpus / s->ctx.pu_count : 1;
}

/*
 * Where vCPUs take turns a block lasts as many times longer than each one's
 * part. A part is never so short that it is all waking up.
 */
static uint64_t block_part(const struct session *s,
			   const struct series *series)
{
	double n = turns(s, series), part = (double)s->block_ns / n;

	return n <= 1 ? s->block_ns : part < PART_MIN_NS ? PART_MIN_NS :
	       (uint64_t)part;
}

/* The length of a block that lets all instances end within the budget. */
static uint64_t block_length(const struct session *s)
{
	double runs = 0, each;

	for (unsigned int i = 0; i < s->series_count; i++)
		if (s->series[i].item->bench)
			runs += s->options.instances;
	if (!runs)
		return BLOCK_MIN_NS;
	each = pilot_budget_s(s) * 1e9 / runs - VM_COST_NS;
	return block_clamp(s, each / BLOCKS_A_RUN);
}

/*
 * What a run costs beside its blocks is not known before the first round: a
 * busy host, or one that interprets the guest's boot, takes far longer than
 * was guessed. Each round mends the guess with what the last one took.
 */
static uint64_t block_mend(const struct session *s, double round_began_s,
			   unsigned int round_runs, unsigned int runs_left)
{
	/* A little is kept back for what comes after the last round. */
	double left = 0.95 * pilot_budget_s(s) - (now_s() - s->began_s);
	double allowed, taken, beside;

	if (!round_runs || !runs_left)
		return s->block_ns;
	allowed = left * 1e9 / runs_left;
	taken = (now_s() - round_began_s) * 1e9 / round_runs;
	beside = taken - (double)s->block_ns * BLOCKS_A_RUN;
	if (beside < 0)
		beside = 0;
	return block_clamp(s, (allowed - beside) / BLOCKS_A_RUN);
}

static unsigned int instances_wanted(const struct session *s,
				     const struct series *series)
{
	unsigned int max = series->item->bench->max_instances;

	if (turns(s, series) > 1 && (!max || max > TURNS_INSTANCES))
		max = TURNS_INSTANCES;
	return max && max < s->options.instances ? max : s->options.instances;
}

/* It takes longer than the budget to set the tracing up. */
static bool taken_apart(const struct session *s, const struct series *series)
{
	return series->item->bench->decompose &&
	       s->options.budget_s >= SESSION_APART_S;
}

/*
 * Probes first, in the order of their names; then benches, round after round
 * and shuffled inside each; decompositions last.
 */
static struct job *jobs_make(struct session *s, unsigned int *count)
{
	unsigned int rounds = s->options.instances;
	struct job *job = calloc((size_t)s->series_count * (rounds + 1) + 1,
				 sizeof(*job));
	unsigned int n = 0;

	for (unsigned int i = 0; job && i < s->series_count; i++)
		if (s->series[i].item->probe && !s->series[i].verdict)
			job[n++] = (struct job){ .series = i };
	for (unsigned int round = 0; job && round <= rounds; round++) {
		unsigned int first = n;

		for (unsigned int i = 0; i < s->series_count; i++) {
			struct series *series = &s->series[i];
			bool last = round == rounds;

			if (series->verdict || series->item->probe ||
			    (last ? !taken_apart(s, series) ||
				    series->decomposition != NULL :
			     round >= instances_wanted(s, series) ||
			     has_round(series, round)))
				continue;
			job[n++] = (struct job){
				.series = i, .round = round, .decompose = last,
			};
		}
		rng_shuffle(&s->rng, job + first, n - first, sizeof(*job));
	}
	*count = n;
	return job;
}

static const char *cannot_run(struct session *s, const struct run_request *r)
{
	if (s->unavailable[0])
		return s->unavailable;
	if (request_hostile(r) && !s->options.hostile)
		return "it is hostile, and a host with a known hole may not "
		       "survive it: --hostile runs it, confined; only on a "
		       "machine that is yours";
	if (request_hostile(r) && s->target != &target_kvm)
		return "it is hostile and runs only in the confinement, which "
		       "the target kvm has";
	if (r->vcpus > 1 && s->target != &target_kvm)
		return "it takes more than one vCPU: the target kvm has them";
	return s->target->unsupported ?
	       s->target->unsupported(&s->ctx, r) : NULL;
}

/*
 * Where the plain tracepoints stay silent, finer ones are tried, once for
 * the session: they cost more, so they are not the first choice.
 */
static int run_once(struct session *s, const struct run_request *r,
		    struct observation *seen, struct error *e)
{
	int rc = target_run_once(s->target, &s->ctx, r, seen, e);

	if (rc || !r->trace || !s->ctx.tracing || s->ctx.tracing_fine ||
	    !seen->trips || seen->trips_traced)
		return rc;
	observation_clear(seen);
	s->ctx.tracing_fine = true;
	return target_run_once(s->target, &s->ctx, r, seen, e);
}

static struct run_request job_request(const struct session *s,
				      const struct job *job, uint64_t seed)
{
	const struct series *series = &s->series[job->series];
	const struct item *item = series->item;
	double many = turns(s, series);

	return (struct run_request){
		.bench = item->bench, .probe = item->probe,
		.item = item->name, .ring = series->ring,
		.vcpus = item->bench && item->bench->vms ? 1 : series->vcpus,
		.vms = series->vcpus,
		.blocks = job->blocks ? job->blocks :
			  many > 1 ? SESSION_BLOCKS / 2 : SESSION_BLOCKS,
		.empty_blocks = many > 1 ? SESSION_EMPTY_BLOCKS / 2 :
				SESSION_EMPTY_BLOCKS,
		.stamps = job->decompose ? SESSION_STAMPS : 0,
		.block_ns = block_part(s, series), .seed = seed,
		.deadline_ms = (unsigned int)(s->options.deadline_ms *
					      fmin(many, TURNS_PATIENCE)) +
			       (item->probe ? item->probe->wait_ms : 0),
		.limit_ns = (uint64_t)fmax(LIMIT_MIN_NS, LIMIT_BLOCKS *
					   (double)block_part(s, series)),
		.trace = job->decompose,
	};
}

/*
 * Tells the target which probes follow. Seeds are drawn in the order of the
 * jobs, as if each were drawn when it is run.
 */
static void jobs_announce(struct session *s, struct job *job,
			  unsigned int count)
{
	for (unsigned int i = 0; i < count && i <= JOBS_AHEAD &&
	     s->target->announce; i++) {
		struct run_request r;

		if (!s->series[job[i].series].item->probe)
			return;
		if (!job[i].seed)
			job[i].seed = rng_next(&s->rng);
		r = job_request(s, &job[i], job[i].seed);
		if (i && !cannot_run(s, &r))
			s->target->announce(&s->ctx, &r);
	}
}

int job_run(struct session *s, const struct job *job, struct observation *seen,
	    struct error *e)
{
	struct series *series = &s->series[job->series];
	const struct run_request r = job_request(s, job, job->seed ? job->seed :
						 rng_next(&s->rng));
	const char *why = cannot_run(s, &r);
	json_t *record;
	int rc;

	if (why) {
		record = instance_verdict(series, "skip", why);
	} else {
		rc = run_once(s, &r, seen, e);
		if (rc == -EIO)
			return rc;	/* a vCPU is stuck: stop here */
		if (rc)
			record = instance_verdict(series, "error", e->text);
		else if (job->decompose && seen->end == RUN_DONE)
			record = decomposition_record(series, seen);
		else
			record = instance_record(series, job->round, seen);
		series->spent_s += seen->elapsed_ms / 1e3;
		observation_clear(seen);
	}
	if (!record)
		return error_set(e, -ENOMEM, "out of memory for a record");
	rc = record_keep(s, "instance", record, e);
	record_file(series, record);
	return rc;
}

static bool series_complete(const struct session *s,
			    const struct series *series)
{
	if (series->verdict)
		return true;
	return series->item->bench && !extend_wanted(s, series) &&
	       json_array_size(series->instances) >=
	       instances_wanted(s, series) &&
	       (!taken_apart(s, series) || series->decomposition);
}

static int series_finish(struct session *s, struct series *series,
			 session_watch *watch, struct error *e)
{
	if (series->result)
		return 0;
	series->result = series_result(s, series);
	if (!series->result)
		return error_set(e, -ENOMEM, "out of memory for a result");
	if (watch)
		watch(s, series);
	return 0;
}

/* Over budget, a series may stop once it has what an interval needs. */
static bool budget_spent(const struct session *s, const struct series *series)
{
	if (now_s() - s->began_s < s->options.budget_s)
		return false;
	return series->item->bench &&
	       json_array_size(series->instances) > 0;
}

/*
 * A row that takes far more than its share is run again only when all others
 * have what they need: ten slow rows must not leave a hundred without an
 * interval.
 */
static bool over_share(const struct session *s, const struct series *series)
{
	unsigned int benches = 0;

	if (series->item->probe || !json_array_size(series->instances))
		return false;
	for (unsigned int i = 0; i < s->series_count; i++)
		benches += s->series[i].item->bench && !s->series[i].verdict;
	return benches && series->spent_s >
	       SHARE_MOST * pilot_budget_s(s) / benches;
}

/* Those that are not done yet; with `postpone` not what can wait. */
static int jobs_run(struct session *s, struct job *job, unsigned int count,
		    bool postpone, struct observation *seen, struct error *e)
{
	unsigned int round = job->round, runs = 0;
	double round_began_s = now_s();
	int rc = 0;

	for (unsigned int i = 0; i < count && !rc; i++) {
		struct series *series = &s->series[job[i].series];

		if (s->interrupted && *s->interrupted)
			return error_set(e, -EINTR, "interrupted");
		if (job[i].round != round) {
			s->block_ns = block_mend(s, round_began_s, runs,
						 count - i);
			round = job[i].round;
			runs = 0;
			round_began_s = now_s();
		}
		if (job[i].done || (postpone && !job[i].decompose &&
				    over_share(s, series)))
			continue;
		job[i].done = true;
		session_progress(s, series);
		s->done++;
		if (series->verdict ||
		    (!job[i].decompose && budget_spent(s, series)))
			continue;
		runs++;
		jobs_announce(s, job + i, count - i);
		rc = job_run(s, &job[i], seen, e);
		if (!rc && series_complete(s, series))
			rc = series_finish(s, series, s->watch, e);
	}
	return rc;
}

int session_run(struct session *s, struct error *e)
{
	struct observation *seen = calloc(1, sizeof(*seen));
	unsigned int count = 0;
	struct job *job;
	int rc = 0;

	s->block_ns = block_length(s);
	s->began_s = now_s();
	job = jobs_make(s, &count);
	if (!job || !seen) {
		rc = error_set(e, -ENOMEM, "out of memory for the schedule");
		goto out;
	}
	s->done = 0;
	s->total = count;
	rc = jobs_run(s, job, count, true, seen, e);
	if (!rc)
		rc = jobs_run(s, job, count, false, seen, e);
	if (!rc)
		rc = session_extend(s, seen, e);
	for (unsigned int i = 0; i < s->series_count && !rc; i++)
		rc = series_finish(s, &s->series[i], s->watch, e);
out:
	session_progress(s, NULL);
	free(job);
	free(seen);
	return rc;
}
