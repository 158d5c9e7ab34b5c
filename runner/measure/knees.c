/*
 * Knees of a latency curve; see knees.h.
 */
#include <errno.h>
#include <math.h>
#include <stdbool.h>

#include "measure/knees.h"

#define STEP_MIN	log(1.10)	/* between neighbours, else flat */
#define RISE_MIN	log(1.25)	/* in all, else noise */

static bool are_points(const double *size, const double *ns, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isfinite(size[i]) || !isfinite(ns[i]) || size[i] <= 0 ||
		    ns[i] <= 0 || (i && size[i] <= size[i - 1]))
			return false;
	return n <= KNEES_POINTS_MAX;
}

/*
 * Pools adjacent violators: the ascending curve that is nearest, in squares
 * of logarithms. What falls is noise: more memory is never faster.
 */
static void ascending_fit(const double *ns, size_t n, double *fit)
{
	double level[KNEES_POINTS_MAX];
	size_t width[KNEES_POINTS_MAX], blocks = 0, to = 0;

	for (size_t i = 0; i < n; i++) {
		level[blocks] = log(ns[i]);
		width[blocks++] = 1;
		while (blocks > 1 && level[blocks - 2] > level[blocks - 1]) {
			size_t a = blocks - 2, b = blocks - 1;
			size_t both = width[a] + width[b];

			level[a] = (level[a] * (double)width[a] +
				    level[b] * (double)width[b]) /
				   (double)both;
			width[a] = both;
			blocks--;
		}
	}
	for (size_t i = 0; i < blocks; i++)
		for (size_t k = 0; k < width[i]; k++)
			fit[to++] = level[i];
}

/* Of the rise that begins at `from`: the point where it rests, or turns. */
static size_t rise_end(const double *fit, size_t n, size_t from)
{
	double steepest = 0, slowest = INFINITY;
	size_t turn = from, i;

	for (i = from; i + 1 < n && fit[i + 1] - fit[i] >= STEP_MIN; i++) {
		double step = fit[i + 1] - fit[i];

		if (slowest < steepest / 2 && step > slowest * 2)
			return turn + 1;
		if (step > steepest) {
			steepest = step;	/* it only slows after this */
			slowest = INFINITY;
		} else if (step < slowest) {
			slowest = step;
			turn = i;
		}
	}
	return i;
}

int knees_find(const double *size, const double *ns, size_t n,
	       struct knee *knee, size_t max)
{
	double fit[KNEES_POINTS_MAX] = { 0 };	/* all of n are written */
	int found = 0;
	size_t end;

	if (!are_points(size, ns, n))
		return -EINVAL;
	ascending_fit(ns, n, fit);
	for (size_t i = 0; i + 1 < n; i = end > i ? end : i + 1) {
		end = rise_end(fit, n, i);
		if (!i || fit[end] - fit[i] < RISE_MIN)
			continue;
		if ((size_t)found < max)
			knee[found] = (struct knee){
				.at = i, .fits = size[i],
				.exceeds = size[i + 1],
				.before_ns = exp(fit[i]),
				.after_ns = exp(fit[end]),
			};
		found++;
	}
	return found;
}
