/*
 * Shifts, Holm's correction and verdicts; see gate.h.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "compare/gate.h"

const char *gate_verdict_name(enum gate_verdict v)
{
	static const char *const name[] = {
		[GATE_UNCLEAR] = "unclear", [GATE_SAME] = "same",
		[GATE_IMPROVED] = "improved", [GATE_REGRESSED] = "regressed",
	};

	return name[v];
}

static int compare_p(const void *a, const void *b)
{
	const struct gate_row *x = *(struct gate_row *const *)a;
	const struct gate_row *y = *(struct gate_row *const *)b;

	return (x->shift.p > y->shift.p) - (x->shift.p < y->shift.p);
}

/* Step down: the i-th smallest p is held against alpha / (family - i). */
void gate_holm(struct gate_row **by_p, size_t n, size_t family)
{
	double worst = 0;

	qsort(by_p, n, sizeof(*by_p), compare_p);
	for (size_t i = 0; i < n; i++) {
		worst = fmax(worst, fmin(1, (double)(family - i) *
					    by_p[i]->shift.p));
		by_p[i]->p_holm = worst;
	}
}

static double percent(double log_ratio)
{
	return 100 * expm1(log_ratio);
}

/* An interval narrows with the root of the number of instances. */
static size_t instances_for(const struct gate_row *r)
{
	double half = (log(r->shift.ci.high) - log(r->shift.ci.low)) / 2;
	size_t most = r->base.n > r->fresh.n ? r->base.n : r->fresh.n;
	double n = ceil((double)most * pow(half / r->floor, 2));

	return isfinite(n) && n < 1e6 ? (size_t)n : 0;
}

static void unclear_because(struct gate_row *r, size_t rows, double alpha)
{
	size_t more = instances_for(r);
	size_t room = sizeof(r->reason);

	if (r->shift.p_least * (double)rows > alpha)
		snprintf(r->reason, room, "too few instances: %zu and %zu can "
			 "never reach %g %% over %zu rows: it takes %zu a side",
			 r->base.n, r->fresh.n, 100 * alpha, rows,
			 rank_needed(alpha / (double)rows));
	else if (r->floor > log1p(GATE_SAME_MOST) &&
		 r->floor_from != FLOOR_THRESHOLD)
		snprintf(r->reason, room, "runs of this host differ by up to "
			 "%.0f %% without a cause", percent(r->floor));
	else if (more)
		snprintf(r->reason, room, "the noise hides changes of %.2g %%: "
			 "about %zu instances a side would show them",
			 percent(r->floor), more);
	else
		snprintf(r->reason, room, "the noise is larger than the cost");
}

static void row_judge(struct gate_row *r, size_t rows, double alpha)
{
	double shift = log(r->shift.ratio);
	const struct interval *ci = &r->shift.ci;
	bool reachable = r->shift.p_least * (double)rows <= alpha;

	r->reason[0] = '\0';
	r->verdict = GATE_UNCLEAR;
	if (r->p_holm <= alpha && fabs(shift) > r->floor)
		r->verdict = (shift > 0) == r->higher_better ? GATE_IMPROVED
							     : GATE_REGRESSED;
	else if (reachable && log(ci->low) > -r->floor &&
		 log(ci->high) < r->floor &&
		 (r->floor_from == FLOOR_THRESHOLD ||
		  r->floor <= log1p(GATE_SAME_MOST)))
		r->verdict = GATE_SAME;
	else
		unclear_because(r, rows, alpha);
}

int gate_measure(struct gate_row *row, size_t count, struct error *e)
{
	struct rank_laws laws = { 0 };
	int rc = 0;

	for (size_t i = 0; i < count && !rc; i++) {
		struct gate_row *r = &row[i];

		r->p_holm = 1;
		r->shift = (struct shift){ .ratio = NAN, .p = 1 };
		if (r->excluded)
			continue;
		rc = shift_estimate(&laws, r->base.value, r->base.n,
				    r->fresh.value, r->fresh.n, GATE_CI_ALPHA,
				    &r->shift);
		if (rc)
			error_set(e, rc, "a row cannot be compared: %zu and "
				  "%zu values: give 1 to %d finite ones a side",
				  r->base.n, r->fresh.n, RANK_MOST);
	}
	rank_laws_free(&laws);
	return rc;
}

int gate_judge(struct gate_row *row, size_t count, double alpha,
	       struct error *e)
{
	struct gate_row **by_p = calloc(count + 1, sizeof(*by_p));
	size_t rows = 0;

	if (!by_p)
		return error_set(e, -ENOMEM, "out of memory");
	for (size_t i = 0; i < count; i++) {
		row[i].verdict = GATE_UNCLEAR;
		if (!row[i].excluded)
			by_p[rows++] = &row[i];
	}
	gate_holm(by_p, rows, rows);
	for (size_t i = 0; i < rows; i++)
		row_judge(by_p[i], rows, alpha);
	free(by_p);
	return 0;
}
