/*
 * The result documents as the report sees them: read once, typed, sorted.
 *
 * Everything that JSON may lack is a plain "unknown" here: NULL for a string,
 * NaN for a number, -1 for a ring, NULL for a sub-object. Strings and json_t
 * pointers are borrowed from the documents, which must outlive the model.
 */
#ifndef VMGAUGE_REPORTS_MODEL_H
#define VMGAUGE_REPORTS_MODEL_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "reports/number.h"
#include "reports/text.h"

enum verdict {
	VERDICT_PASS, VERDICT_TELL, VERDICT_SKIP, VERDICT_FAIL,
	VERDICT_HANG, VERDICT_CRASH, VERDICT_ERROR, VERDICT_COUNT
};

enum known { KNOWN_NO, KNOWN_YES, KNOWN_NOT };

/* By the first part of its id; each has a page of its own (see family.h). */
enum family {
	FAMILY_EXITS, FAMILY_MEMORY, FAMILY_PROCESS, FAMILY_LIFECYCLE,
	FAMILY_INTERRUPT, FAMILY_SCALE, FAMILY_IO, FAMILY_OTHER, FAMILY_COUNT
};

/* One result: a bench at one ring, or a probe. */
struct item {
	json_t *json;			/* the RESULT, for what is rare */
	bool is_bench;
	const char *id, *summary, *target, *reason, *repeat;
	char *key;			/* owned: id and parameters but ring */
	char *operation;		/* owned: that, and the unit if odd */
	char *name;			/* owned: that, and which target ran it */
	char *anchor;			/* owned: no other of the run has it */
	size_t run;			/* which, from 0 */
	size_t place;			/* in its document's results, from 1 */
	const char *entry;		/* its address among the verdicts in full: the
					   match's, borrowed from model.all */
	size_t finding;			/* which of those there, from 1: it may share
					   it with others */
	enum family family;
	int ring;			/* -1 where it has none */
	enum verdict verdict;

	/* benches */
	bool measured;			/* passed and has a median */
	bool in_cycles;			/* can stand on the exit axis */
	double median, low, high, level, ns;
	double instances, blocks;	/* how many */
	double timed, contaminated;	/* blocks */
	enum known attested;
	const char *attest_reason;

	/* probes */
	const char *subject, *rule;
};

enum { RING_SLOTS = 5 };		/* none, 0, 1, 2, 3 */

/* One line of a plot: the same operation in all runs and rings. */
struct row {
	enum family family;
	const char *name;
	double least;			/* the smallest median: the order */
	const struct item **items;	/* [runs * RING_SLOTS], NULL = none */
};

struct run {
	json_t *env, *vmgauge, *run;
	const char *path;
	char *label;			/* owned: host, target, time */
	const char *host, *backend, *backend_kind, *software_host;
	enum known virtualised, times_meaningful, complete;
	const char *hypervisor;
	size_t group;			/* see model_groups() */

	struct item *items;		/* benches by median, then probes */
	size_t n;
	size_t benches, probes;
	size_t bench_verdicts[VERDICT_COUNT], probe_verdicts[VERDICT_COUNT];
	size_t measured, attested, not_attested;
	size_t measured_of[FAMILY_COUNT];
};

/* The rows of a family, cheapest first. */
struct rows {
	struct row *row;		/* borrowed from the model */
	size_t n;
	size_t below_axis;		/* measured, but under one cycle */
};

struct comparison;
struct trends;

struct model {
	struct run *runs;
	size_t n;
	const struct trends *trends;	/* of these hosts, borrowed; or NULL */
	const char *const *notes;	/* the publisher's, borrowed */
	size_t note_count;
	json_t *const *detects;		/* documents of vmgauge detect, borrowed */
	size_t detect_count;
	struct row *row;		/* of all families */
	size_t row_count;
	struct rows of[FAMILY_COUNT];
	size_t groups;
	bool software;			/* some times mean nothing */
	bool software_only;		/* none means anything */
	struct comparison *all;		/* every target of every run */
	struct comparison *comparison;	/* NULL: all is of one target */
};

/* 0 or -ENOMEM. The model needs model_free() in both cases. */
int model_read(struct model *m, json_t *const docs[],
	       const char *const paths[], size_t n);
void model_free(struct model *m);

/* The part of model_read() that sorts into rows. */
int model_rows(struct model *m);

/*
 * The part of model_read() that tells apart what may not stand in one plot:
 * another CPU, a virtual machine beside a real one, a host in software. Runs
 * of one group have the same run->group, counted from 0 as they are given.
 */
void model_groups(struct model *m);
bool run_is_software(const struct run *run);

/* Is there any bench of that family, measured or not? */
bool model_has_family(const struct model *m, enum family family);

/*
 * A name for an id in HTML: letters, digits, '.', '_', '-'. Two of different
 * text are never the same. NULL without memory; the caller frees it.
 */
char *anchor_make(const char *kind, const char *text, int ring);
/*
 * Eight signs, for what is led to a thousand times. Two of different text are
 * hardly ever the same: see anchors_unique(). NULL without memory.
 */
char *anchor_short(const char *text, int ring);
/* Gives those that occur again a number. 0 or -ENOMEM. */
int anchors_unique(char **const anchors[], size_t n);

const char *model_verdict(enum verdict v);
/* Column of a ring in row.items. */
size_t model_slot(int ring);
/* "0", "3" or an em dash */
const char *model_ring(int ring);

/*
 * The median and the same in ns, for a cell: "< empty" and unknown where the
 * operation took no longer than the empty loop that is subtracted.
 */
struct number model_median(const struct item *it);
struct number model_ns(const struct item *it);
/* "1 + 0", in the kernel and to user space; "unknown" for NULL. Appends. */
void model_exits(const json_t *exits, struct text *out);
/*
 * May the runs' times be set against each other as hardware? If not, appends
 * the sentence that says why. False for a single run, with no sentence.
 */
bool model_comparable(const struct model *m, struct text *why);

/* Typed access; the unknown value where the path is missing or mistyped. */
json_t *field_at(const json_t *j, const char *dotted);
const char *field_text(const json_t *j, const char *dotted);
double field_double(const json_t *j, const char *dotted);
enum known field_known(const json_t *j, const char *dotted);

#endif
