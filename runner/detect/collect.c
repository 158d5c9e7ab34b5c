/*
 * Runs every way everywhere, round after round; see detect.h.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "detect/detect.h"

struct run {
	struct place *place;
	struct taken *taken;
	unsigned int way, hide;
};

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A sample of a stamp, NaN where it is none. */
static double sample_of(const struct way *w, const struct abi_block *b)
{
	if (w->kind == WAY_VALUE)
		return (double)b->begin_tsc;
	if (w->kind == WAY_TIME)
		return b->end_tsc >= b->begin_tsc ?
		       (double)(b->end_tsc - b->begin_tsc) : NAN;
	/* Counters that were read while they were being written. */
	if (!b->end_tsc || (int64_t)b->end_tsc < 0 || (int64_t)b->begin_tsc < 0)
		return NAN;
	return (double)b->begin_tsc / (double)b->end_tsc;
}

/* A guest's answer may hold anything. */
static void samples_take(const struct way *w, const struct abi_mailbox *mb,
			 struct taken *t)
{
	unsigned int n = mb->stamps_done < WAY_SAMPLES ? mb->stamps_done
						       : WAY_SAMPLES;
	unsigned int *count = &t->count[t->runs];

	*count = 0;
	for (unsigned int i = 0; i < n; i++) {
		double v = sample_of(w, &mb->stamp[i]);

		if (isnan(v))
			continue;
		t->value[t->samples++] = v;
		++*count;
	}
	t->runs++;
}

static void state_set(struct taken *t, enum taken_state state,
		      const char *reason)
{
	t->state = state;
	snprintf(t->reason, sizeof(t->reason), "%s", reason);
}

/* A busy host makes one run go wrong; two of them are not by chance. */
static void state_bad(struct taken *t, enum taken_state state,
		      const char *reason)
{
	if (++t->bad > 1)
		state_set(t, state, reason);
}

static void answer_take(const struct way *w, const struct observation *seen,
			struct taken *t)
{
	const struct abi_mailbox *mb = &seen->mailbox;
	char words[ABI_TEXT_MAX + 1];

	guest_words(mb->reason, sizeof(mb->reason), words);
	if (seen->end != RUN_DONE) {
		state_bad(t, seen->end == RUN_HANG ? TAKEN_HUNG : TAKEN_CRASHED,
			  seen->end_reason);
	} else if (mb->verdict == ABI_SKIP) {
		state_set(t, TAKEN_SKIPPED, words);
	} else if (mb->verdict != ABI_PASS) {
		state_bad(t, TAKEN_FAILED, words[0] ? words :
			  "the collector said nothing");
	} else if (!mb->stamps_done) {
		state_bad(t, TAKEN_FAILED, "the collector gave no samples");
	} else {
		samples_take(w, mb, t);
		state_set(t, TAKEN_SAMPLES, "");
		if (w->kind == WAY_VALUE)
			memcpy(t->seen, words, sizeof(words));
	}
}

static const char *cannot_run(struct place *p, const struct way *w,
			      const struct run_request *r)
{
	struct session *s = &p->session;

	if (s->unavailable[0])
		return s->unavailable;
	if (s->target == &target_native && w->no_native)
		return w->no_native;
	if (w->probe.vcpus > 1 && s->ctx.pu_count < 2)
		return "it takes two CPUs, and this process may use one";
	if (r->vcpus > 1 && s->target != &target_kvm)
		return "it takes more than one vCPU: the target kvm has them";
	return s->target->unsupported ?
	       s->target->unsupported(&s->ctx, r) : NULL;
}

/*
 * A process has the way's process half, or runs the same code at CPL3; all
 * other targets know nothing of that half.
 */
static struct run_request request_make(struct detect *d, const struct place *p,
				       unsigned int i, struct probe *probe)
{
	bool native = p->session.target == &target_native;

	*probe = d->way[i]->probe;
	if (native && probe->process)
		probe->needs = 0;
	if (!native)
		probe->process = NULL;
	return (struct run_request){
		.probe = probe, .item = d->name[i],
		.ring = native ? 3 : d->ring[i],
		.vcpus = !native && probe->vcpus ? probe->vcpus : 1,
		.seed = rng_next(&d->rng),
		.deadline_ms = d->options.deadline_ms,
	};
}

/* What is not to be had will not be otherwise again. */
static bool given_up(const struct taken *t)
{
	return t->state == TAKEN_SKIPPED || t->bad > 1;
}

static int run_once(struct detect *d, const struct run *run,
		    struct observation *seen, struct error *e)
{
	const struct way *w = d->way[run->way];
	struct session *s = &run->place->session;
	struct taken *t = run->taken;
	struct probe probe;
	struct run_request r = request_make(d, run->place, run->way, &probe);
	const char *why = cannot_run(run->place, w, &r);
	int rc;

	if (given_up(t))
		return 0;
	if (why) {
		state_set(t, TAKEN_SKIPPED, why);
		return 0;
	}
	s->ctx.hide = run->hide;
	rc = target_run_once(s->target, &s->ctx, &r, seen, e);
	s->ctx.hide = 0;
	if (rc == -EIO)
		return rc;	/* a vCPU is stuck: stop here */
	if (rc)
		state_bad(t, TAKEN_FAILED, e->text);
	else
		answer_take(w, seen, t);
	observation_clear(seen);
	return 0;
}

/* All runs of a round, in the order of places and ways. */
static unsigned int round_make(struct detect *d, struct run *run)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < d->ways; i++) {
		run[n++] = (struct run){ &d->native, &d->native.plain[i], i, 0 };
		run[n++] = (struct run){ &d->native, &d->native.hidden[i], i, 0 };
		for (unsigned int k = 0; k < d->places; k++) {
			struct place *p = &d->place[k];

			run[n++] = (struct run){ p, &p->plain[i], i, 0 };
			if (p->hidden)
				run[n++] = (struct run){ p, &p->hidden[i], i,
							 p->hide };
		}
	}
	return n;
}

int detect_run(struct detect *d, struct error *e)
{
	const size_t places = 2 + 2 * DETECT_TARGETS_MAX;
	struct run *run = calloc((d->ways + 1) * places, sizeof(*run));
	struct observation *seen = calloc(1, sizeof(*seen));
	double began_s = now_s();
	int rc = 0;

	if (!run || !seen) {
		rc = error_set(e, -ENOMEM, "out of memory");
		goto out;
	}
	for (unsigned int k = 0; k < d->options.rounds && !rc; k++) {
		unsigned int n = round_make(d, run);

		d->total = n * d->options.rounds;
		rng_shuffle(&d->rng, run, n, sizeof(*run));
		for (unsigned int i = 0; i < n && !rc; i++) {
			if (d->interrupted && *d->interrupted)
				rc = error_set(e, -EINTR, "interrupted");
			else
				rc = run_once(d, &run[i], seen, e);
			d->done++;
			if (d->progress)
				d->progress(d);
		}
	}
	d->elapsed_s = now_s() - began_s;
out:
	free(run);
	free(seen);
	return rc;
}
