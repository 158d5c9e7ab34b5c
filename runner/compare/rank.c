/*
 * Wilcoxon's rank sum, exactly; see rank.h.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "compare/rank.h"

/* n + m over m; below 1e300 for RANK_MOST a side. */
static double choose(size_t m, size_t n)
{
	double c = 1;

	for (size_t i = 1; i <= m; i++)
		c *= (double)(n + i) / (double)i;
	return c;
}

/*
 * The number of orders with U = u is the coefficient of q^u in the product
 * over i = 1..m of (1 - q^(n+i)) / (1 - q^i). Factor by factor every result
 * is a count again, and each coefficient depends on lower ones alone: small
 * tails are exact integers.
 */
static int law_make(struct rank_law *law, size_t m, size_t n)
{
	size_t top = m * n / 2;
	double *c = calloc(top + 1, sizeof(*c));
	double sum = 0, all = choose(m, n);

	if (!c)
		return -ENOMEM;
	c[0] = 1;
	for (size_t i = 1; i <= m; i++) {
		for (size_t u = top; u >= n + i; u--)
			c[u] -= c[u - n - i];
		for (size_t u = i; u <= top; u++)
			c[u] += c[u - i];
	}
	for (size_t u = 0; u <= top; u++) {
		sum += c[u];
		c[u] = sum / all;
	}
	*law = (struct rank_law){ m, n, c };
	return 0;
}

/* The law is the same for (m, n) and (n, m). NULL when out of memory. */
static const struct rank_law *law_find(struct rank_laws *laws, size_t m,
				       size_t n)
{
	size_t few = m < n ? m : n, many = m < n ? n : m;
	struct rank_law *more;

	for (size_t i = 0; i < laws->count; i++)
		if (laws->law[i].m == few && laws->law[i].n == many)
			return &laws->law[i];
	more = realloc(laws->law, (laws->count + 1) * sizeof(*more));
	if (!more)
		return NULL;
	laws->law = more;
	if (law_make(&more[laws->count], few, many))
		return NULL;
	return &more[laws->count++];
}

void rank_laws_free(struct rank_laws *laws)
{
	for (size_t i = 0; i < laws->count; i++)
		free(laws->law[i].cdf);
	free(laws->law);
	free(laws->scratch);
	*laws = (struct rank_laws){ 0 };
}

static double *scratch_get(struct rank_laws *laws, size_t count)
{
	double *more;

	if (laws->scratch_count >= count)
		return laws->scratch;
	more = realloc(laws->scratch, count * sizeof(*more));
	if (!more)
		return NULL;
	laws->scratch = more;
	laws->scratch_count = count;
	return more;
}

static double log_or_lowest(double v)
{
	return v > 0 ? log(v) : -INFINITY;
}

static int compare_double(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* All log NEW[j] - log BASE[i], ascending; returns U, ties counted half. */
static double differences(double *d, const double *base, size_t m,
			  const double *fresh, size_t n)
{
	double above = 0;

	for (size_t j = 0; j < n; j++) {
		double y = log_or_lowest(fresh[j]);

		for (size_t i = 0; i < m; i++) {
			double x = log_or_lowest(base[i]);

			d[j * m + i] = isinf(x) && isinf(y) ? 0 : y - x;
			above += x < y ? 1 : x > y ? 0 : 0.5;
		}
	}
	qsort(d, m * n, sizeof(*d), compare_double);
	return above;
}

/* The k-th difference from either end; none if the level is out of reach. */
static struct interval interval_of(const struct rank_law *law,
				   const double *d, double alpha)
{
	size_t all = law->m * law->n, k = 0;

	while (k < all / 2 && law->cdf[k] <= alpha / 2)
		k++;
	if (!k)
		return (struct interval){ 0, INFINITY, 1 };
	return (struct interval){ exp(d[k - 1]), exp(d[all - k]),
				  1 - 2 * law->cdf[k - 1] };
}

static int values_bad(const double *v, size_t n)
{
	if (!n || n > RANK_MOST)
		return -EINVAL;
	for (size_t i = 0; i < n; i++)
		if (!isfinite(v[i]))
			return -EINVAL;
	return 0;
}

int shift_estimate(struct rank_laws *laws, const double *base, size_t m,
		   const double *fresh, size_t n, double alpha,
		   struct shift *s)
{
	const struct rank_law *law;
	size_t all = m * n, tail;
	double above, middle, *d;

	if (values_bad(base, m) || values_bad(fresh, n) ||
	    !(alpha > 0 && alpha < 1))
		return -EINVAL;
	law = law_find(laws, m, n);
	d = scratch_get(laws, all);
	if (!law || !d)
		return -ENOMEM;
	above = differences(d, base, m, fresh, n);
	middle = all % 2 ? d[all / 2] : d[all / 2 - 1] / 2 + d[all / 2] / 2;
	/* Ties make the law narrower than this one: p errs to the safe side. */
	tail = (size_t)ceil(fmin(above, (double)all - above));
	*s = (struct shift){
		.ratio = exp(isnan(middle) ? 0 : middle),
		.ci = interval_of(law, d, alpha),
		.p = tail > all / 2 ? 1 : fmin(1, 2 * law->cdf[tail]),
		.p_least = fmin(1, 2 * law->cdf[0]),
		.delta = 2 * above / (double)all - 1,
	};
	return 0;
}

size_t rank_needed(double p)
{
	size_t n = 1;

	while (n < RANK_MOST && 2 / choose(n, n) > p)
		n++;
	return n;
}
