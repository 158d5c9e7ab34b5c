/*
 * vmgauge compare: two sides of result documents, row by row.
 *
 * compare_open matches results by item, parameters and target, refuses what
 * may not be compared, judges numbers by the gate and compares verdicts. What
 * it fills in is for the writers (write.h) and for the exit code.
 */
#ifndef VMGAUGE_COMPARE_COMPARE_H
#define VMGAUGE_COMPARE_COMPARE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "compare/floor.h"
#include "compare/across.h"
#include "compare/gate.h"
#include "compare/set.h"
#include "error.h"

struct compare_options {
	unsigned int across;	/* what may differ, for the caller says so */
	double alpha;		/* of a false alarm over all rows */
	double threshold;	/* 0.02 is 2 % */
	bool verdicts_only;	/* no numbers: any host will do */
	const char *floor;	/* a table by --learn-floor, or NULL */
};

/* How the verdict of an item changed. */
enum change {
	CHANGE_NONE, CHANGE_LESS_SEVERE, CHANGE_NEWLY_PASSING,
	CHANGE_NEWLY_RUN, CHANGE_TELLS_NO_MORE, CHANGE_NEWLY_TELLING,
	CHANGE_NEWLY_SKIPPED, CHANGE_WORSE,
};

/* Whether the exits of a side's numbers add up; several if documents differ. */
enum attest { ATTEST_NONE = 1, ATTEST_YES = 2, ATTEST_NO = 4 };

/* One side of a row. The instances of all documents stand in a row. */
struct row_side {
	const json_t *result;	/* the most severe document's; borrowed */
	int severity;		/* doc_verdict_severity; see below */
	double *value;		/* owned */
	size_t *end;		/* see struct gate_side; owned */
	size_t count, runs;
	unsigned int attest;	/* ATTEST_... */
	double median;		/* over instances; NAN if there are none */
};

/*
 * Of several documents the most severe verdict counts, and a skip only where
 * every document skips.
 */
struct compare_row {
	char *name;		/* "exit/cpuid ring=3", printable; owned */
	struct row_side base, fresh;
	enum change change;
	bool expected;		/* it is worse, but NEW says it is known */
	struct gate_row *gate;	/* NULL: no numbers on both sides */
	const char *note;	/* a word on the numbers, or NULL */
};

struct compare {
	struct compare_options options;
	struct set base, fresh;
	struct compare_row *row;	/* in the order of BASE */
	size_t count;
	struct gate_row *gate;
	size_t gate_count;
	struct floor_found found;
	json_t *only_base, *only_fresh;	/* names */
	json_t *notes;		/* what a reader must know, a line each */
	json_t *claims;		/* what may be claimed, told --across */
	unsigned int tally[4];	/* rows of each enum gate_verdict */
	unsigned int changes[CHANGE_WORSE + 1];
	unsigned int known;	/* of CHANGE_WORSE, those expected */
	json_t *live;		/* how compare --live went, or NULL; live.h */
};

/*
 * c->options, c->base and c->fresh are set; the sets stay the caller's. 0 or
 * -errno with one line that names what differs and the mend. compare_close in
 * any case.
 */
int compare_open(struct compare *c, struct error *e);
void compare_close(struct compare *c);

/* Something is worse: exit code 1. */
bool compare_worse(const struct compare *c);
bool row_worse(const struct compare_row *r);

/* "newly hanging" and so on; "" for none. */
const char *row_change(const struct compare_row *r);
const char *row_verdict(const struct row_side *s);
const char *row_reason(const struct compare_row *r);

/* The parts of compare_open. */
int compare_match(struct compare *c, struct error *e);	/* all but numbers */
/* Sets r->gate to what is judged, or to why it is not. */
void row_prepare(const struct compare *c, struct compare_row *r);
/* NEW has skipped everything: -ENODATA. */
int compare_blind(const struct compare *c, struct error *e);
double side_median(const struct row_side *s);	/* NAN for none */
unsigned int result_attest(const json_t *result);	/* ATTEST_... */
int rows_collect(struct compare *c, struct error *e);	/* of either side */
int rows_match(struct compare *c, struct error *e);	/* those of both */
void rows_free(struct compare *c);
int rows_gate(struct compare *c, struct error *e);
int hosts_compare(struct compare *c, struct error *e);
int set_uniform(const struct set *s, struct error *e);	/* of one host */
void changes_compare(struct compare *c);

/* The key by which results of one document are found in another; free(). */
char *result_key(const json_t *result, bool with_target);
/* A line for notes or claims. */
void line_add(json_t *lines, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
