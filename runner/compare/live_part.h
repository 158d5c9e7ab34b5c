/*
 * What the files of a live comparison share; see live.h. Nobody else needs
 * this.
 */
#ifndef VMGAUGE_COMPARE_LIVE_PART_H
#define VMGAUGE_COMPARE_LIVE_PART_H

#include "compare/live.h"
#include "compare/looks.h"
#include "compare/paired.h"
#include "measure/rng.h"

#define SLICES	4	/* in a round */

/* A row of numbers that is still to be decided, or is. */
struct live_row {
	struct compare_row *row;
	struct gate_row gate;		/* as of the last look */
	double slice[2][SLICES / 2];	/* of this round, in logs; or NAN */
	struct round round[PAIRED_MOST];
	size_t rounds;
	bool decided;
};

struct live {
	struct compare *c;
	const struct live_options *o;
	char directory[4096];
	struct rng rng;
	json_t *index;			/* result_key to number of the row */
	struct live_row *row;		/* owned */
	size_t rows;
	struct looks looks;
	struct paired paired;
	size_t rounds, planned;
	double began_s;
	const char *ended;		/* why, in words */
};

double live_elapsed_s(const struct live *l);

/* live_slice.c: one run of a side; of these items, with this seed. */
int slice_run(struct live *l, int side, const char *const *items,
	      double budget_s, uint64_t seed, json_t **doc, struct error *e);
/* Files its numbers and verdicts; keeps `doc`, or gives it back. */
int slice_file(struct live *l, int side, unsigned int half, json_t *doc,
	       struct error *e);
/* Adds a document to its set; takes it over even if that fails. */
int slice_keep(struct live *l, int side, json_t *doc, struct error *e);

/* live_look.c: closes a round; judges all rows at this price. */
void round_close(struct live *l);
int rows_look(struct live *l, double alpha, struct error *e);
/* After the last look: why what is unclear is so. */
void rows_explain(struct live *l, double alpha);
bool rows_decided(const struct live *l);

#endif
