/*
 * Levels of repetition; see plan.h.
 */
#include <errno.h>
#include <math.h>

#include "measure/plan.h"

int plan_add(struct plan *p, const double *block, size_t n)
{
	double mean = 0, within = 0;

	if (n < 2)
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		if (!isfinite(block[i]))
			return -EINVAL;
		mean += block[i] / (double)n;
	}
	for (size_t i = 0; i < n; i++)
		within += (block[i] - mean) * (block[i] - mean);
	p->instances++;
	p->blocks += n;
	p->within += within;
	p->sum += mean;
	p->squares += mean * mean;
	p->inverse += 1 / (double)n;
	return 0;
}

int plan_variance(const struct plan *p, struct plan_variance *v)
{
	double n = (double)p->instances, between;

	if (p->instances < 2)
		return -ERANGE;
	v->block = p->within / ((double)p->blocks - n);
	between = (p->squares - p->sum * p->sum / n) / (n - 1);
	/* Means differ by their blocks' noise, too: that is taken off. */
	v->instance = fmax(0, between - v->block * p->inverse / n);
	return 0;
}

unsigned int plan_blocks(const struct plan_variance *v, double block_cost,
			 double instance_cost, unsigned int least,
			 unsigned int most)
{
	double r = sqrt(instance_cost / block_cost * v->block / v->instance);

	if (!(v->instance > 0) || !(r < most))
		return most;
	return r > least ? (unsigned int)ceil(r) : least;
}

double plan_half_width(const struct interval *ci, double timed)
{
	return timed > 0 ? (ci->high - ci->low) / 2 / timed : INFINITY;
}
