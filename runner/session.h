/*
 * A session: one target, the selected items, and what came of them.
 *
 * It opens what all runs share (topology, backend, tracing, the target),
 * schedules VM instances in random order over rounds, and turns what they
 * saw into result records. With a journal, each finished run of the image is
 * on disk before the next begins.
 */
#ifndef VMGAUGE_SESSION_H
#define VMGAUGE_SESSION_H

#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "defect/defect.h"
#include "error.h"
#include "measure/rng.h"
#include "registry.h"
#include "result/expect.h"
#include "result/journal.h"
#include "target/confine/confine.h"
#include "target/target.h"
#include "vcpus.h"

#define SESSION_INSTANCES	11	/* the fewest with a 98 % interval */
#define SESSION_BLOCKS		16	/* timed blocks in an instance */
#define SESSION_EMPTY_BLOCKS	8
#define SESSION_STAMPS		128
#define SESSION_APART_S		1.0	/* with less budget nothing is taken apart */

struct session_options {
	const char *target;		/* "kvm", "null:cost=2000" */
	bool quick;
	double budget_s;		/* 0: 36 to 48 quick, 200 otherwise */
	unsigned int rings;		/* RING0 | RING3; 0 = both */
	struct vcpus vcpus;		/* of rows that scale; none: default */
	uint64_t seed;			/* 0: from the clock */
	unsigned int deadline_ms;	/* of one run of the image */
	unsigned int instances;
	double precision;		/* of intervals, 0.01: 1 %; 0: no goal */
	uint64_t memory_mib;		/* of an arena; 0: a quarter of free */
	enum topology_policy policy;
	bool no_pin;
	bool allow_host_changes;
	bool hostile;			/* hostile items run, too, confined */
	bool confine;			/* ... and so do all others */
	bool verbose;
	const char *expect;		/* file, or NULL */
	unsigned int spin_ns;		/* --inject: in each userspace exit */
	struct defects defects;		/* --inject; count 0: none */
};

/* One item at one ring with so many vCPUs: what becomes one result. */
struct series {
	const struct item *item;
	unsigned int ring;
	unsigned int vcpus;
	json_t *instances;		/* records, see instance.h; owned */
	json_t *decomposition;		/* record or NULL; owned */
	json_t *verdict;		/* a record that ended it, or NULL */
	json_t *result;			/* when finished; owned */
	double spent_s;			/* by its instances so far */
};

/* A run that is still to be done. */
struct job {
	unsigned int series;
	unsigned int round;
	unsigned int blocks;		/* in it; 0: SESSION_BLOCKS */
	uint64_t seed;			/* 0: drawn when it is run */
	bool decompose;
	bool done;
};

struct session;

/* Called after each finished series, in order of finishing. */
typedef void session_watch(struct session *s, const struct series *series);

struct session {
	struct session_options options;
	const struct target *target;
	struct target_context ctx;
	struct topology topology;
	unsigned int *pus;		/* in the policy's order; owned */
	struct backend_info backend;
	struct tracing tracing;
	bool have_tracing;
	char tracing_note[512];
	char unavailable[512];		/* why the target is; "" when it is not */
	struct confine confine;
	struct changes changes;		/* to the host, while allowed */
	char changes_note[512];		/* why they cannot be made; or "" */
	struct expect expect;
	struct series *series;
	unsigned int series_count;
	struct rng rng;
	uint64_t block_ns;
	json_t *run;			/* "run" of the document; owned */
	json_t *env;			/* "env" of the document; owned */
	struct journal *journal;	/* NULL: none */
	volatile sig_atomic_t *interrupted;
	double began_s;
	unsigned int done, total;	/* runs, for the progress line */
	session_watch *watch;		/* may be NULL */
	void *watch_opaque;
	bool quiet;			/* no progress line */
	bool own_budget;		/* nobody asked for one */
};

/* Whether its vCPUs are more than the CPUs that there are for them. */
static inline bool takes_turns(const struct session *s,
			       const struct series *series)
{
	return series->vcpus > s->ctx.pu_count;
}

/* Defaults for everything; the verbs change what they were told. */
void session_options_default(struct session_options *o);

/*
 * Opens all that is shared. An unavailable target is no failure: it leaves
 * `unavailable` set and every item will be skipped with that text.
 */
int session_open(struct session *s, const struct session_options *o,
		 struct error *e);
void session_close(struct session *s);

/* session_backend.c: fills `backend`; the target is open or unavailable. */
void session_backend(struct session *s);

/* One series for each selected item, asked ring and count of vCPUs. */
int session_plan(struct session *s, const struct registry *r,
		 struct error *e);

/* Takes over what a journal already has. Unknown records are an error. */
int session_resume(struct session *s, const json_t *records,
		   struct error *e);

/*
 * Runs what is left. Results are in series[].result afterwards, for every
 * series. -EINTR when interrupted (results are those that were finished),
 * or what made going on impossible: a full disk, a stuck vCPU.
 */
int session_run(struct session *s, struct error *e);

/* The whole result document; a new reference, NULL when out of memory. */
json_t *session_document(struct session *s);

/*
 * The progress line on standard error: nothing unless that is a terminal.
 * With NULL the line is removed.
 */
void session_progress(struct session *s, const struct series *series);

#endif
