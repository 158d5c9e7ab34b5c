/*
 * The gate: rows of numbers in, a verdict for each out, and a known chance of
 * a false alarm over all of them together.
 *
 * A row has regressed (or improved) if both hold:
 *	its instances differ more than chance explains: the exact rank test,
 *	  after Holm over all rows at the family's `alpha`;
 *	its ratio is beyond the row's floor: what this host's own runs differ
 *	  by without any cause, and what anybody would care for.
 * It is the same if its interval lies inside the floor on both sides. All
 * else is unclear, with the reason. No row is the same on a host whose floor
 * is above GATE_SAME_MOST: its runs differ too much to tell.
 *
 * Nothing here reads documents: a test or a simulation can be any host.
 */
#ifndef VMGAUGE_COMPARE_GATE_H
#define VMGAUGE_COMPARE_GATE_H

#include <stdbool.h>
#include <stddef.h>

#include "compare/rank.h"
#include "error.h"

#define GATE_ALPHA		0.005	/* of one false alarm in a comparison */
#define GATE_THRESHOLD		0.02	/* the least floor */
#define GATE_CI_ALPHA		0.05	/* of each interval */
#define GATE_SAME_MOST		0.10

enum gate_verdict { GATE_UNCLEAR, GATE_SAME, GATE_IMPROVED, GATE_REGRESSED };

/* "unclear", "same", "improved", "regressed". */
const char *gate_verdict_name(enum gate_verdict v);

/*
 * Instances of one side: those of run i are value[end[i - 1]] (or 0) to
 * value[end[i] - 1], in the order of their rounds.
 */
struct gate_side {
	const double *value;
	size_t n;
	const size_t *end;
	size_t runs;
};

enum gate_floor { FLOOR_THRESHOLD, FLOOR_DRIFT, FLOOR_ROWS, FLOOR_RUNS };

struct gate_row {
	struct gate_side base, fresh;
	bool higher_better;
	bool excluded;		/* not judged: `reason` says why already */
	double floor;		/* in logarithms, set by floor.h or the caller */
	enum gate_floor floor_from;
	/* out */
	struct shift shift;
	double p_holm;
	enum gate_verdict verdict;
	char reason[200];	/* of an unclear row; else "" */
};

/* First: the shift of each row. 0, -EINVAL or -ENOMEM. */
int gate_measure(struct gate_row *row, size_t count, struct error *e);

/*
 * Holm's correction, into p_holm: orders the n rows by p, of a family of
 * `family` rows or more of which the others are not rejected.
 */
void gate_holm(struct gate_row **by_p, size_t n, size_t family);

/* Then, with floors: p_holm, verdict and reason. 0 or -ENOMEM. */
int gate_judge(struct gate_row *row, size_t count, double alpha,
	       struct error *e);

#endif
