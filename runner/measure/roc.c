/*
 * The ROC curve, its area and that one's interval; see roc.h.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compare/spread.h"
#include "measure/roc.h"

size_t roc_samples(const struct roc_side *s)
{
	size_t n = 0;

	for (unsigned int i = 0; i < s->clusters; i++)
		n += s->count[i];
	return n;
}

static unsigned int clusters_used(const struct roc_side *s)
{
	unsigned int used = 0;

	for (unsigned int i = 0; i < s->clusters; i++)
		used += s->count[i] > 0;
	return used;
}

static double *sorted_copy(const struct roc_side *s, int *rc)
{
	size_t n = roc_samples(s);
	double *copy = malloc((n ? n : 1) * sizeof(*copy));

	if (!copy) {
		*rc = -ENOMEM;
		return NULL;
	}
	memcpy(copy, s->value, n * sizeof(*copy));
	*rc = stats_sort(copy, n);
	if (!*rc)
		return copy;
	free(copy);
	return NULL;
}

/* How many of the sorted values are below v, or not above it. */
static size_t rank(const double *sorted, size_t n, double v, bool or_equal)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (sorted[middle] < v || (or_equal && sorted[middle] == v))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The share of the others that v is above of, ties by half. */
static double placement(const double *sorted, size_t n, double v)
{
	return ((double)rank(sorted, n, v, false) +
		(double)rank(sorted, n, v, true)) / 2 / (double)n;
}

/* The part of the variance that a side's clusters make. */
static double side_variance(const struct roc_side *s, const double *others,
			    size_t n, double mean)
{
	double sum = 0, clusters = clusters_used(s);
	double samples = (double)roc_samples(s);
	const double *v = s->value;

	for (unsigned int i = 0; i < s->clusters; i++) {
		double own = 0;

		for (unsigned int k = 0; k < s->count[i]; k++)
			own += placement(others, n, *v++) - mean;
		sum += own * own;
	}
	return clusters / (clusters - 1) * sum / samples / samples;
}

/* Hanley and McNeil's variance, at a supposed area, for m and n samples. */
static double newcombe_variance(double area, double m, double n)
{
	double mean = (m + n) / 2 - 1;

	return area * (1 - area) * (1 + mean * (1 - area) / (2 - area) +
				    mean * area / (1 + area)) / (m * n);
}

/* The area farthest from `auc` towards `end` that is still supposable. */
static double newcombe_bound(double auc, double end, double z, double m,
			     double n)
{
	double in = auc, out = end;

	for (int i = 0; i < 60; i++) {
		double middle = (in + out) / 2;

		if (fabs(auc - middle) <=
		    z * sqrt(newcombe_variance(middle, m, n)))
			in = middle;
		else
			out = middle;
	}
	return in;
}

static void newcombe(const struct roc_side *x, const struct roc_side *y,
		     double auc, struct interval *ci)
{
	double z = student_two_sided(1 - ci->level, INFINITY);
	double m = clusters_used(x), n = clusters_used(y);

	ci->low = newcombe_bound(auc, 0, z, m, n);
	ci->high = newcombe_bound(auc, 1, z, m, n);
}

static void student(const struct roc_side *x, const struct roc_side *y,
		    const double variance[2], double auc, struct interval *ci)
{
	double sum = variance[0] + variance[1], df, half;

	df = sum * sum / (variance[0] * variance[0] / (clusters_used(x) - 1) +
			  variance[1] * variance[1] / (clusters_used(y) - 1));
	half = student_two_sided(1 - ci->level, df) * sqrt(sum);
	ci->low = fmax(auc - half, 0);
	ci->high = fmin(auc + half, 1);
}

static bool is_extreme(const struct roc_side *x, const struct roc_side *y,
		       double auc)
{
	double few = fmin(clusters_used(x), clusters_used(y));

	return fmin(auc, 1 - auc) < 1 / (2 * few);
}

int roc_auc(const struct roc_side *x, const struct roc_side *y, double level,
	    double *auc, struct interval *ci)
{
	size_t m = roc_samples(x), n = roc_samples(y);
	double *xs = NULL, *ys = NULL, variance[2], area = 0;
	int rc = 0;

	if (!(level > 0 && level < 1))
		return -EINVAL;
	if (clusters_used(x) < 2 || clusters_used(y) < 2)
		return -ERANGE;
	xs = sorted_copy(x, &rc);
	if (!rc)
		ys = sorted_copy(y, &rc);
	if (rc)
		goto out;
	for (size_t i = 0; i < m; i++)
		area += placement(ys, n, xs[i]);
	area /= (double)m;
	variance[0] = side_variance(x, ys, n, area);
	variance[1] = side_variance(y, xs, m, 1 - area);
	*auc = area;
	ci->level = level;
	/* Rounding leaves no less than this of a variance that is none. */
	if (is_extreme(x, y, area) || variance[0] + variance[1] < 1e-24)
		newcombe(x, y, area, ci);
	else
		student(x, y, variance, area, ci);
out:
	free(xs);
	free(ys);
	return rc;
}

/* A corner is kept when it, or the way to the next, would be missed. */
static int thin(struct roc_point *all, size_t n, struct roc_point *to,
		unsigned int max)
{
	double step = 4.0 / max;
	unsigned int kept = 0;

	for (size_t i = 0; i < n; i++) {
		const struct roc_point *last = kept ? &to[kept - 1] : NULL;
		bool far = !last || i == n - 1 ||
			   all[i + 1].false_rate - last->false_rate > step ||
			   all[i + 1].true_rate - last->true_rate > step;

		if (far && (kept < max - 1 || i == n - 1))
			to[kept++] = all[i];
	}
	return (int)kept;
}

int roc_curve(const struct roc_side *x, const struct roc_side *y, bool less,
	      struct roc_point *to, unsigned int max)
{
	size_t m = roc_samples(x), n = roc_samples(y), i = 0, k = 0, points = 0;
	double *xs = NULL, *ys = NULL;
	struct roc_point *all = NULL;
	int rc = 0;

	xs = sorted_copy(x, &rc);
	if (!rc)
		ys = sorted_copy(y, &rc);
	if (!rc)
		all = malloc((m + n + 1) * sizeof(*all));
	if (!all) {
		rc = rc ? rc : -ENOMEM;
		goto out;
	}
	all[points++] = (struct roc_point){ 0, 0 };
	while (i < m || k < n) {
		/* The next threshold, from the side that is beyond. */
		double vx = i < m ? xs[less ? i : m - 1 - i] : NAN;
		double vy = k < n ? ys[less ? k : n - 1 - k] : NAN;
		double v = isnan(vx) ? vy : isnan(vy) ? vx :
			   less ? fmin(vx, vy) : fmax(vx, vy);

		while (i < m && xs[less ? i : m - 1 - i] == v)
			i++;
		while (k < n && ys[less ? k : n - 1 - k] == v)
			k++;
		all[points++] = (struct roc_point){
			(double)k / (double)n, (double)i / (double)m };
	}
	rc = thin(all, points, to, max);
out:
	free(xs);
	free(ys);
	free(all);
	return rc;
}
