/*
 * What was learned of a host from A/A runs, kept in a file.
 *
 *	vmgauge compare --learn-floor RUN1 RUN2 RUN3 ... -o floor.json
 *	vmgauge compare --floor floor.json BASE NEW
 *
 * JSON, schema "vmgauge-floor/1": the fingerprint of the host, the number of
 * runs, the host's prior {sd, df} (df null: infinite) and in "results" each
 * item's standard deviation of log run medians with its degrees of freedom.
 */
#ifndef VMGAUGE_COMPARE_FLOOR_TABLE_H
#define VMGAUGE_COMPARE_FLOOR_TABLE_H

#include <jansson.h>

#include "compare/set.h"
#include "compare/spread.h"
#include "error.h"

#define FLOOR_SCHEMA	"vmgauge-floor/1"
#define FLOOR_RUNS_LEAST 2

struct floor_table {
	json_t *rows;		/* key to {sd, df}; owned */
	struct spread prior;
};

/* The table of runs that nothing told apart; NULL with the reason in *e. */
json_t *floor_learn(const struct set *runs, struct error *e);

/* Reads one; refuses that of another host than the document's. 0 or -errno. */
int floor_load(struct floor_table *t, const char *path, const json_t *doc,
	       struct error *e);
void floor_close(struct floor_table *t);

/* {0, 0} for a result that it does not know. */
struct spread floor_find(const struct floor_table *t, const json_t *result);

#endif
