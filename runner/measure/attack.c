/*
 * From rates of a threshold to a number of samples; see attack.h.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compare/spread.h"
#include "measure/attack.h"

/* P(Bin(n, p) = k), 0 < p < 1. */
static double binomial(double n, double k, double p)
{
	int sign;

	return exp(lgamma_r(n + 1, &sign) - lgamma_r(k + 1, &sign) -
		   lgamma_r(n - k + 1, &sign) + k * log(p) +
		   (n - k) * log1p(-p));
}

/* The smallest c with P(Bin(n, p) >= c) <= error. */
static unsigned long count_from(unsigned long n, double p, double error)
{
	double tail = 0;
	unsigned long c = n + 1;

	while (c > 0) {
		tail += binomial((double)n, (double)(c - 1), p);
		if (tail > error)
			break;
		c--;
	}
	return c;
}

static double below(unsigned long n, double p, unsigned long c)
{
	double sum = 0;

	for (unsigned long k = 0; k < c; k++)
		sum += binomial((double)n, (double)k, p);
	return sum;
}

unsigned long attack_samples(double true_rate, double false_rate, double error,
			     unsigned long *from)
{
	double p1 = true_rate, p0 = false_rate, z, n;

	*from = 0;
	if (!(p1 > p0))
		return 0;
	p0 = fmax(p0, 1e-12);
	p1 = fmin(p1, 1 - 1e-12);
	for (unsigned long i = 1; i <= ATTACK_EXACT; i++) {
		unsigned long c = count_from(i, p0, error);

		if (c > i || below(i, p1, c) > error)
			continue;
		*from = c;
		return i;
	}
	z = student_two_sided(2 * error, INFINITY);
	n = (z * sqrt(p0 * (1 - p0)) + z * sqrt(p1 * (1 - p1))) / (p1 - p0);
	n = ceil(fmax(n * n, (double)ATTACK_EXACT + 1));
	return n <= (double)ATTACK_MOST ? (unsigned long)n : 0;
}

/* The samples of every second cluster, from `half` on; sorted. */
struct half {
	double *value;
	size_t n;
};

static int half_take(const struct roc_side *s, unsigned int half, double sign,
		     struct half *to)
{
	const double *v = s->value;

	to->n = 0;
	to->value = malloc((roc_samples(s) + 1) * sizeof(*to->value));
	if (!to->value)
		return -ENOMEM;
	for (unsigned int i = 0; i < s->clusters; v += s->count[i++])
		for (unsigned int k = 0; k < s->count[i] && i % 2 == half; k++)
			to->value[to->n++] = sign * v[k];
	return to->n ? stats_sort(to->value, to->n) : -ERANGE;
}

/* Youden's: between two neighbours of both halves together. */
static double threshold_fit(const struct half *x, const struct half *y)
{
	double best = -1, at = x->value[0];
	size_t i = 0, k = 0;

	while (i < x->n && k < y->n) {
		double v = fmin(x->value[i], y->value[k]), next, j;

		while (i < x->n && x->value[i] == v)
			i++;
		while (k < y->n && y->value[k] == v)
			k++;
		if (i == x->n)
			break;
		next = k < y->n ? fmin(x->value[i], y->value[k]) : x->value[i];
		j = (double)k / (double)y->n - (double)i / (double)x->n;
		if (j > best) {
			best = j;
			at = v + (next - v) / 2;
		}
	}
	return at;
}

static size_t beyond(const struct half *h, double threshold)
{
	size_t n = 0;

	for (size_t i = 0; i < h->n; i++)
		n += h->value[i] > threshold;
	return n;
}

/* Decides over each n samples in a row of the clusters that did not fit. */
static void carry_out(const struct roc_side *s, bool is_target, double sign,
		      const double threshold[2], struct attack *a)
{
	const double *v = s->value;

	if (!a->samples || !a->from)
		return;
	for (unsigned int i = 0; i < s->clusters; v += s->count[i++])
		for (unsigned long k = 0; k + a->samples <= s->count[i];
		     k += a->samples) {
			unsigned long hits = 0;

			for (unsigned long j = k; j < k + a->samples; j++)
				hits += sign * v[j] > threshold[i % 2];
			a->decisions++;
			a->right += (hits >= a->from) == is_target;
		}
}

static double rate(size_t k, size_t n)
{
	return ((double)k + 0.5) / ((double)n + 1);
}

int attack_plan(const struct roc_side *target, const struct roc_side *native,
		bool less, double error, struct attack *a)
{
	struct half x[2] = { { 0 } }, y[2] = { { 0 } };
	double sign = less ? -1 : 1, threshold[2];
	size_t hits = 0, alarms = 0;
	int rc = 0;

	memset(a, 0, sizeof(*a));
	if (!(error > 0 && error < 0.5))
		return -EINVAL;
	for (unsigned int h = 0; h < 2 && !rc; h++) {
		rc = half_take(target, h, sign, &x[h]);
		if (!rc)
			rc = half_take(native, h, sign, &y[h]);
	}
	/* Those of one half are judged by what the other half says. */
	for (unsigned int h = 0; h < 2 && !rc; h++) {
		threshold[h] = threshold_fit(&x[!h], &y[!h]);
		hits += beyond(&x[h], threshold[h]);
		alarms += beyond(&y[h], threshold[h]);
		a->threshold[h] = sign * threshold[h];
	}
	if (!rc) {
		a->true_rate = rate(hits, x[0].n + x[1].n);
		a->false_rate = rate(alarms, y[0].n + y[1].n);
		a->samples = attack_samples(a->true_rate, a->false_rate, error,
					    &a->from);
		carry_out(target, true, sign, threshold, a);
		carry_out(native, false, sign, threshold, a);
	}
	for (unsigned int h = 0; h < 2; h++) {
		free(x[h].value);
		free(y[h].value);
	}
	return rc;
}
