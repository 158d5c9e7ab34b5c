/*
 * What the host does by itself; see floor.h.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compare/floor_part.h"

#define FEWEST_ROWS	20	/* to tell what rows do by chance */

size_t run_begin(const struct gate_side *s, size_t run)
{
	return run ? s->end[run - 1] : 0;
}

struct spread floor_runs(const struct gate_side *side)
{
	double sum = 0, squares = 0, mean;
	size_t count = 0;

	for (size_t i = 0; i < side->runs; i++) {
		size_t begin = run_begin(side, i), n = side->end[i] - begin;
		double *copy = n ? malloc(n * sizeof(*copy)) : NULL, median;

		if (!copy)
			continue;
		memcpy(copy, side->value + begin, n * sizeof(*copy));
		if (!stats_median(copy, n, &median) && median > 0) {
			sum += log(median);
			squares += log(median) * log(median);
			count++;
		}
		free(copy);
	}
	if (count < 2)
		return (struct spread){ 0, 0 };
	mean = sum / (double)count;
	squares -= (double)count * mean * mean;
	return (struct spread){
		sqrt(fmax(0, squares) / (double)(count - 1)),
		(double)(count - 1),
	};
}

void floor_raise(struct gate_row *r, double floor, enum gate_floor from)
{
	if (floor > r->floor) {
		r->floor = floor;
		r->floor_from = from;
	}
}

/* The spread over runs of each row, from both sides and from the table. */
static int runs_apply(struct gate_row *row, size_t count, double p,
		      const struct spread *learned, struct spread prior,
		      struct floor_found *found)
{
	struct spread *own = calloc(count + 1, sizeof(*own));

	if (!own)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		if (row[i].excluded)
			continue;
		own[i] = spread_pool(floor_runs(&row[i].base),
				     floor_runs(&row[i].fresh));
		if (learned)
			own[i] = spread_pool(own[i], learned[i]);
	}
	/* The table's prior rests on all of the rows that it was made of. */
	found->host = prior.df > 0 ? prior : spread_prior(own, count);
	for (size_t i = 0; i < count; i++) {
		struct spread s = spread_moderate(own[i], found->host);
		double runs = 1.0 / (double)(row[i].base.runs + !row[i].base.runs) +
			      1.0 / (double)(row[i].fresh.runs + !row[i].fresh.runs);

		if (!row[i].excluded && s.df > 0)
			floor_raise(&row[i], student_two_sided(p, s.df) *
				    s.sd * sqrt(runs), FLOOR_RUNS);
	}
	free(own);
	return 0;
}

struct move {
	double shift, se;	/* of a row, in logarithms */
};

/* The move of one row: its interval spans 2 * 1.96 standard errors. */
static bool move_of(const struct gate_row *r, struct move *m)
{
	const struct interval *ci = &r->shift.ci;

	if (r->excluded || !(r->shift.ratio > 0) || !isfinite(r->shift.ratio) ||
	    !(ci->low > 0) || !isfinite(ci->high))
		return false;
	*m = (struct move){ log(r->shift.ratio),
			    (log(ci->high) - log(ci->low)) / 3.92 };
	return true;
}

/*
 * A quarter of all rows lies beyond the median move of one direction, if
 * chance moves them: whether it does with this spread added to their errors.
 */
static bool moved_beyond(const struct move *m, size_t n, double sign,
			 double spread)
{
	size_t beyond = 0;

	for (size_t i = 0; i < n; i++)
		beyond += sign * m[i].shift > NORMAL_MEDIAN *
			  sqrt(m[i].se * m[i].se + spread * spread);
	return 4 * beyond > n;
}

static double rows_spread(const struct move *m, size_t n, double sign)
{
	double low = 0, high = 16;

	if (!moved_beyond(m, n, sign, 0))
		return 0;
	for (int i = 0; i < 50; i++) {
		double middle = (low + high) / 2;

		if (moved_beyond(m, n, sign, middle))
			low = middle;
		else
			high = middle;
	}
	return high;
}

/* The floor of what rose is what fell, and the other way round. */
static int rows_apply(struct gate_row *row, size_t count, double quantile,
		      struct floor_found *found)
{
	struct move *m = calloc(count + 1, sizeof(*m));
	size_t n = 0;

	if (!m)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		n += move_of(&row[i], &m[n]);
	if (n >= FEWEST_ROWS) {
		found->rows[0] = rows_spread(m, n, 1);
		found->rows[1] = rows_spread(m, n, -1);
		for (size_t i = 0; i < count; i++)
			if (!row[i].excluded)
				floor_raise(&row[i], quantile *
					    found->rows[row[i].shift.ratio > 1],
					    FLOOR_ROWS);
	}
	free(m);
	return 0;
}

int floors_set(struct gate_row *row, size_t count, double alpha,
	       double threshold, const struct spread *learned,
	       struct spread prior, struct floor_found *found)
{
	size_t rows = 0;
	double p;
	int rc;

	for (size_t i = 0; i < count; i++) {
		row[i].floor = log1p(threshold);
		row[i].floor_from = FLOOR_THRESHOLD;
		rows += !row[i].excluded;
	}
	*found = (struct floor_found){ .drift = NAN, .rows = { NAN, NAN } };
	if (!rows)
		return 0;
	p = alpha / (double)rows;
	rc = drift_apply(row, count, student_two_sided(p, INFINITY), found);
	if (!rc)
		rc = runs_apply(row, count, p, learned, prior, found);
	if (!rc && !(found->host.df > 0))
		rc = rows_apply(row, count, student_two_sided(p, INFINITY),
				found);
	return rc;
}
