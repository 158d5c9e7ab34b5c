/*
 * Detectability, measured: how well each known way (way.h) tells a VM from
 * this machine itself.
 *
 * Each way runs in rounds: on every target, with and without what is hidden,
 * and twice in a native process, all in a random order that is another one in
 * each round, so that what drifts on the host drifts through all. A run is a
 * fresh VM or process, and a cluster of samples (measure/roc.h).
 *
 *	native		the target's samples against both native series. Where
 *			this machine is itself a guest, that is another VM and
 *			not a real machine, and the report says so
 *	manual		of a WAY_VALUE: what a real machine gives by the manual
 *	control		one native series against the other: no way may tell
 *			them apart, and one that does proves nothing here
 *
 * A way tells when the interval of its AUC leaves 0.5 out, at a level by
 * which all ways of the run together raise a false alarm in one run of a
 * hundred (Bonferroni); what is printed is the interval at 95 %. A value that
 * does not vary on either side tells with the first sample, or never.
 *
 * The number of samples is attack.h's, for an error of 1 % on either side: an
 * attacker who is right with 99 % confidence.
 */
#ifndef VMGAUGE_DETECT_DETECT_H
#define VMGAUGE_DETECT_DETECT_H

#include <jansson.h>
#include <signal.h>
#include <stdio.h>

#include "measure/attack.h"
#include "session.h"
#include "way.h"

#define DETECT_FORMAT		"vmgauge-detect/1"
#define DETECT_TARGETS_MAX	8
#define DETECT_ROUNDS		10
#define DETECT_ROUNDS_MIN	2	/* an interval needs two clusters */
#define DETECT_ROUNDS_MAX	64
#define DETECT_WAYS_MAX		96	/* by CPL */
#define DETECT_ERROR		0.01	/* of the attacker, either way */
#define DETECT_LEVEL		0.95	/* of printed intervals */
#define DETECT_FALSE_ALARMS	0.01	/* of all ways together */
#define DETECT_CURVE		48	/* points of a ROC curve, at most */

struct detect_options {
	const char *target[DETECT_TARGETS_MAX];
	unsigned int targets;
	unsigned int hide;		/* enum hide; 0: no second column */
	unsigned int rounds;
	uint64_t seed;			/* 0: from the clock */
	unsigned int deadline_ms;
	const char *const *globs;	/* of ways; NULL-terminated, or NULL */
};

/* What became of a way in one place. */
enum taken_state {
	TAKEN_NOTHING = 0,	/* it has not run */
	TAKEN_SAMPLES,
	TAKEN_SKIPPED,		/* not applicable: `reason` */
	TAKEN_HUNG,		/* the guest did not come back ... */
	TAKEN_CRASHED,		/* ... or died of it */
	TAKEN_FAILED,		/* an error of ours */
};

struct taken {
	enum taken_state state;
	char reason[sizeof(((struct error *)0)->text)];
	char seen[ABI_TEXT_MAX + 1];	/* by the guest, of a value */
	double *value;			/* of all runs in turn; owned */
	unsigned int count[DETECT_ROUNDS_MAX];
	unsigned int runs;		/* that gave samples */
	unsigned int bad;		/* that hung, died or failed */
	size_t samples;
};

enum told { TOLD_NO, TOLD_YES, TOLD_UNCLEAR };

/* One series of samples against another, or against a manual. */
struct comparison_of {
	bool made;
	const char *why;		/* ... it was not; may be NULL */
	bool exact;			/* no value varied: nothing to estimate */
	double auc;			/* 0.5 to 1, after `less` */
	bool less;			/* this side's samples are the smaller */
	struct interval ci;		/* of auc; exact: [auc, auc] */
	enum told told;
	unsigned long samples;		/* 0: told by no number of them */
	struct attack attack;		/* zero where exact */
	struct roc_point curve[DETECT_CURVE];
	unsigned int points;
};

/* A way on a target, plain or with something hidden. */
struct outcome {
	struct comparison_of native, manual;
};

/* A session that is open, and whose turn it is. */
struct place {
	struct session session;
	bool open;
	char label[TARGET_LABEL_MAX];
	unsigned int hide;		/* what could be, of what was asked */
	char hide_note[2][200];		/* by bit: what was done, or why not */
	struct taken *plain, *hidden;	/* by way; owned; NULL: not wanted */
	struct outcome *outcome[2];	/* the same; of plain and hidden */
};

struct detect {
	struct detect_options options;
	/* By name; one that can be gone at CPL0 and CPL3 is there twice. */
	const struct way *way[DETECT_WAYS_MAX];
	unsigned int ring[DETECT_WAYS_MAX];	/* but natively: always 3 */
	char name[DETECT_WAYS_MAX][ABI_NAME_MAX];
	unsigned int ways;
	/* plain and hidden are two series of the same. */
	struct place native;
	struct comparison_of *control;	/* by way; owned */
	struct place place[DETECT_TARGETS_MAX];
	unsigned int places;
	bool native_is_guest;
	char native_hypervisor[64];
	struct rng rng;
	unsigned int done, total;	/* runs */
	double elapsed_s;
	volatile sig_atomic_t *interrupted;	/* may be NULL */
	void (*progress)(const struct detect *d);	/* may be NULL */
};

/*
 * Opens all targets. What is wrong with an option is -EINVAL and names it; a
 * target that this host has not is no error: its ways are skipped. Close in
 * either case.
 */
int detect_open(struct detect *d, const struct detect_options *o,
		struct error *e);
void detect_close(struct detect *d);

/* 0; -EINTR; or -errno where going on was impossible. */
int detect_run(struct detect *d, struct error *e);

/* judge.c: after the last round. 0 or -ENOMEM. */
int detect_judge(struct detect *d, struct error *e);

/* Whether a sampled way could tell at all in so many rounds. */
bool detect_rounds_suffice(const struct detect *d);

/* The same of two series, for all that are compared at once. */
int series_compare(const struct taken *target, const struct taken *const *native,
		   unsigned int natives, bool is_value, unsigned int family,
		   struct comparison_of *to);

/* document.c: schema DETECT_FORMAT. A new reference; NULL: out of memory. */
json_t *detect_json(const struct detect *d, const json_t *run);

/* read.c: one out of a file; NULL with the reason and the mend in *e. */
json_t *detect_load(const char *path, struct error *e);

/* print.c: a table for each target. */
void detect_print(FILE *out, const struct detect *d, bool verbose);

/* Whether some way tells one of the targets, as it is hidden. */
bool detect_told(const struct detect *d);
/* Whether nothing could be measured at all. */
bool detect_skipped(const struct detect *d);

#endif
