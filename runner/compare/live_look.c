/*
 * What a live comparison knows at a look; see live.h.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "compare/live_part.h"

void round_close(struct live *l)
{
	for (size_t i = 0; i < l->rows; i++) {
		struct live_row *r = &l->row[i];
		const struct round now = {
			.base = { r->slice[0][0], r->slice[0][1] },
			.fresh = { r->slice[1][0], r->slice[1][1] },
		};

		if (!r->decided && isfinite(now.base[0] + now.base[1] +
					    now.fresh[0] + now.fresh[1]))
			r->round[r->rounds++] = now;
		for (unsigned int k = 0; k < SLICES; k++)
			r->slice[k / 2][k % 2] = NAN;
	}
	l->rounds++;
}

bool rows_decided(const struct live *l)
{
	for (size_t i = 0; i < l->rows; i++)
		if (!l->row[i].decided)
			return false;
	return true;
}

/* Cliff's delta, over all slices. */
static double delta_of(const struct compare_row *r)
{
	double more = 0;

	for (size_t i = 0; i < r->base.count; i++)
		for (size_t k = 0; k < r->fresh.count; k++)
			more += (r->fresh.value[k] > r->base.value[i]) -
				(r->fresh.value[k] < r->base.value[i]);
	return more / (double)(r->base.count * r->fresh.count);
}

static int row_estimate(struct live *l, struct live_row *r)
{
	struct shift *s = &r->gate.shift;
	int rc;

	*s = (struct shift){ .ratio = NAN, .p = 1, .p_least = 1,
			     .ci = { 0, INFINITY, 1 } };
	r->gate.p_holm = 1;
	if (!r->rounds)
		return 0;
	rc = paired_estimate(&l->paired, r->round, r->rounds,
			     GATE_CI_ALPHA / LOOKS, s);
	if (!rc)
		s->delta = delta_of(r->row);
	return rc;
}

static void row_decide(struct gate_row *g, double alpha)
{
	double shift = log(g->shift.ratio);

	if (g->p_holm <= alpha && fabs(shift) > g->floor)
		g->verdict = (shift > 0) == g->higher_better ? GATE_IMPROVED
							     : GATE_REGRESSED;
	else if (log(g->shift.ci.low) > -g->floor &&
		 log(g->shift.ci.high) < g->floor)
		g->verdict = GATE_SAME;
}

int rows_look(struct live *l, double alpha, struct error *e)
{
	struct gate_row **by_p = calloc(l->rows + 1, sizeof(*by_p));
	double all = l->c->options.alpha;
	size_t n = 0;
	int rc = by_p ? 0 : -ENOMEM;

	for (size_t i = 0; i < l->rows && !rc; i++) {
		struct live_row *r = &l->row[i];

		if (r->decided)
			continue;
		rc = row_estimate(l, r);
		by_p[n++] = &r->gate;
	}
	if (!rc)
		/* Those decided count still: as rows that were not rejected. */
		gate_holm(by_p, n, l->rows);
	for (size_t i = 0; i < l->rows && !rc; i++) {
		struct live_row *r = &l->row[i];

		if (r->decided)
			continue;
		row_decide(&r->gate, alpha);
		r->decided = r->gate.verdict != GATE_UNCLEAR;
		/* For a reader: to be held against the whole alpha. */
		r->gate.p_holm = fmin(1, r->gate.p_holm * all / alpha);
	}
	free(by_p);
	return rc ? error_set(e, rc, "out of memory") : 0;
}

void rows_explain(struct live *l, double alpha)
{
	size_t needed = paired_needed(alpha / (double)l->rows);

	for (size_t i = 0; i < l->rows; i++) {
		struct live_row *r = &l->row[i];
		struct gate_row *g = &r->gate;
		double half = log(g->shift.ci.high / g->shift.ci.low) / 2;
		double more = ceil((double)r->rounds * pow(half / g->floor, 2));

		if (r->decided)
			continue;
		if (r->rounds < needed)
			snprintf(g->reason, sizeof(g->reason), "too few "
				 "rounds: %zu, and %zu rows at %g %% take %zu: "
				 "give more time by --limit, or fewer items",
				 r->rounds, l->rows,
				 100 * l->c->options.alpha, needed);
		else if (isfinite(more) && more < 1e6)
			snprintf(g->reason, sizeof(g->reason), "the noise "
				 "hides changes of %.2g %%: about %.0f rounds "
				 "instead of %zu would show them",
				 100 * expm1(g->floor), fmax(more, (double)
				 r->rounds + 1), r->rounds);
		else
			snprintf(g->reason, sizeof(g->reason),
				 "the noise is larger than the cost");
	}
}
