/*
 * What drifts inside a run will drift between runs: the halves of each run
 * against its odd and even rounds.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compare/floor_part.h"

#define FEWEST_IN_RUN	6	/* instances, for halves of a run */
#define FEWEST_SHIFTS	20	/* runs of rows, for a factor of the host */

/* Logarithms of a run; false if there are too few, or one has none. */
static bool logs_of(const double *v, size_t n, double *logs)
{
	if (n < FEWEST_IN_RUN || n > RANK_MOST)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!(v[i] > 0))
			return false;
		logs[i] = log(v[i]);
	}
	return true;
}

/* |median of one part - median of the other|, split by halves or by parity. */
static double split_shift(const double *logs, size_t n, bool halves)
{
	double part[2][RANK_MOST], median[2] = { 0, 0 };
	size_t count[2] = { 0, 0 };

	for (size_t i = 0; i < n; i++) {
		/* both splits leave the odd one out to the second part */
		bool second = halves ? i >= n / 2 : i % 2 == 0;

		part[second][count[second]++] = logs[i];
	}
	for (int i = 0; i < 2; i++)
		if (stats_median(part[i], count[i], &median[i]))
			return 0;
	return fabs(median[1] - median[0]);
}

/* A run's noise as a standard deviation of its logarithms, robustly. */
static double noise_of(const double *logs, size_t n)
{
	double copy[RANK_MOST], mad = 0;

	memcpy(copy, logs, n * sizeof(*copy));
	if (stats_sort(copy, n) || stats_mad(copy, n, &mad))
		return 0;
	return mad * 1.4826;
}

struct shifts {
	double *halves, *parity;
	size_t count;
};

/* Adds a side's runs; returns the mean noise of those that can tell. */
static double side_shifts(const struct gate_side *side, struct shifts *s)
{
	double logs[RANK_MOST], sum = 0;
	size_t count = 0;

	for (size_t i = 0; i < side->runs; i++) {
		size_t begin = run_begin(side, i), n = side->end[i] - begin;
		double noise;

		if (!logs_of(side->value + begin, n, logs))
			continue;
		noise = noise_of(logs, n);
		if (!(noise > 0))
			continue;
		s->halves[s->count] = split_shift(logs, n, true) / noise;
		s->parity[s->count++] = split_shift(logs, n, false) / noise;
		sum += noise;
		count++;
	}
	return count ? sum / (double)count : 0;
}

/* What halves differ by beyond parity, as a factor of the noise. */
static double drift_of(struct shifts *s)
{
	double halves, parity;

	if (s->count < FEWEST_SHIFTS ||
	    stats_median(s->halves, s->count, &halves) ||
	    stats_median(s->parity, s->count, &parity))
		return NAN;
	return sqrt(fmax(0, halves * halves - parity * parity)) /
	       NORMAL_MEDIAN;
}

int drift_apply(struct gate_row *row, size_t count, double quantile,
		       struct floor_found *found)
{
	double *noise = calloc(count + 1, sizeof(*noise));
	struct shifts s = { 0 };
	size_t room = 1;
	int rc = -ENOMEM;

	for (size_t i = 0; i < count; i++)
		room += row[i].base.runs + row[i].fresh.runs;
	s.halves = calloc(room, sizeof(*s.halves));
	s.parity = calloc(room, sizeof(*s.parity));
	if (!noise || !s.halves || !s.parity)
		goto out;
	for (size_t i = 0; i < count; i++) {
		double base, fresh;

		if (row[i].excluded)
			continue;
		base = side_shifts(&row[i].base, &s);
		fresh = side_shifts(&row[i].fresh, &s);
		noise[i] = fmax(base, fresh);
	}
	found->drift = drift_of(&s);
	for (size_t i = 0; i < count && found->drift > 0; i++)
		floor_raise(&row[i], quantile * found->drift * noise[i],
			    FLOOR_DRIFT);
	rc = 0;
out:
	free(noise);
	free(s.halves);
	free(s.parity);
	return rc;
}
