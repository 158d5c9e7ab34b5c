/*
 * Ranks of slices, signed by lot; see paired.h.
 */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "compare/paired.h"
#include "compare/spread.h"

#define SLICES		4	/* a round */
#define EXACT_ROUNDS	60	/* for an interval; p is exact always */
#define STEPS		40	/* of a bisection */

struct slice {
	double value;
	size_t round;
	int sign;		/* 1: NEW */
};

static int compare_slice(const void *a, const void *b)
{
	double x = ((const struct slice *)a)->value;
	double y = ((const struct slice *)b)->value;

	return (x > y) - (x < y);
}

/*
 * What the ranks of NEW exceed those of BASE by, in each round: twice the
 * difference, so that mid-ranks of ties are whole. Returns their sum.
 */
static long contrasts(struct paired *p, const struct round *r, size_t n,
		      double shift)
{
	struct slice *s = p->slice;
	size_t count = 0, end;
	long sum = 0;

	for (size_t i = 0; i < n; i++) {
		for (int k = 0; k < SLICES / 2; k++) {
			s[count++] = (struct slice){ r[i].base[k], i, -1 };
			s[count++] = (struct slice){ r[i].fresh[k] - shift, i,
						     1 };
		}
	}
	qsort(s, count, sizeof(*s), compare_slice);
	memset(p->contrast, 0, n * sizeof(*p->contrast));
	for (size_t i = 0; i < count; i = end) {
		for (end = i + 1; end < count && s[end].value <= s[i].value;)
			end++;
		/* ranks i + 1 .. end have this mean, doubled */
		for (size_t k = i; k < end; k++) {
			long twice = s[k].sign * (long)(i + 1 + end);

			p->contrast[s[k].round] += twice;
			sum += twice;
		}
	}
	return sum;
}

/*
 * P(|sum| >= what it is) if each round's contrast had its sign by the toss of
 * a coin: coin by coin over all sums, or by the normal law with their
 * variance. A round whose contrast is 0 says nothing either way.
 */
static double flip_exact(struct paired *p, size_t n, long sum)
{
	double *law = p->law, tail = 0;
	long all = 0, top = 0;

	for (size_t i = 0; i < n; i++)
		all += labs(p->contrast[i]);
	/* law[u]: that the positive ones sum to u of `all` */
	memset(law, 0, ((size_t)all + 1) * sizeof(*law));
	law[0] = 1;
	for (size_t i = 0; i < n; i++) {
		long c = labs(p->contrast[i]);

		if (!c)
			continue;
		top += c;
		for (long u = top; u >= 0; u--)
			law[u] = ((u <= top - c ? law[u] : 0) +
				  (u >= c ? law[u - c] : 0)) / 2;
	}
	/* sum = 2 u - all */
	for (long u = 0; 2 * u - all <= -labs(sum); u++)
		tail += law[u];
	return fmin(1, 2 * tail);
}

static double flip_normal(const struct paired *p, size_t n, long sum)
{
	double squares = 0;

	for (size_t i = 0; i < n; i++)
		squares += (double)p->contrast[i] * (double)p->contrast[i];
	return squares > 0 ? erfc(labs(sum) / sqrt(2 * squares)) : 1;
}

static double p_of(struct paired *p, const struct round *r, size_t n,
		   double shift, bool exact)
{
	long sum = contrasts(p, r, n, shift);

	return exact ? flip_exact(p, n, sum) : flip_normal(p, n, sum);
}

/* Where NEW, shifted back, is above BASE no more; or where it is below. */
static double shift_edge(struct paired *p, const struct round *r, size_t n,
			 double reach, bool below)
{
	double low = -reach, high = reach;

	for (int i = 0; i < STEPS; i++) {
		double middle = low / 2 + high / 2;
		long sum = contrasts(p, r, n, middle);

		if (sum > 0 || (below && !sum))
			low = middle;
		else
			high = middle;
	}
	return low / 2 + high / 2;
}

/* From inside to outside: the farthest shift that is not rejected. */
static double shift_limit(struct paired *p, const struct round *r, size_t n,
			  double inside, double outside, double alpha)
{
	for (int i = 0; i < STEPS; i++) {
		double middle = inside / 2 + outside / 2;

		if (p_of(p, r, n, middle, n <= EXACT_ROUNDS) > alpha)
			inside = middle;
		else
			outside = middle;
	}
	return outside;
}

static int rounds_check(const struct round *r, size_t n, double *reach)
{
	double least = INFINITY, most = -INFINITY;

	if (!n || n > PAIRED_MOST)
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		for (int k = 0; k < SLICES / 2; k++) {
			if (!isfinite(r[i].base[k]) || !isfinite(r[i].fresh[k]))
				return -EINVAL;
			least = fmin(least, fmin(r[i].base[k], r[i].fresh[k]));
			most = fmax(most, fmax(r[i].base[k], r[i].fresh[k]));
		}
	}
	*reach = (most - least) * (1 + 1e-9) + 1e-12;
	return 0;
}

static int room_make(struct paired *p)
{
	/* each round's contrast is at most 4 times the slices of all */
	size_t most = 4 * SLICES * (size_t)PAIRED_MOST * PAIRED_MOST;

	if (!p->slice)
		p->slice = calloc(SLICES * PAIRED_MOST, sizeof(*p->slice));
	if (!p->contrast)
		p->contrast = calloc(PAIRED_MOST, sizeof(*p->contrast));
	if (!p->law)
		p->law = malloc((most + 1) * sizeof(*p->law));
	return p->slice && p->contrast && p->law ? 0 : -ENOMEM;
}

void paired_free(struct paired *p)
{
	free(p->slice);
	free(p->contrast);
	free(p->law);
	*p = (struct paired){ 0 };
}

int paired_test(struct paired *p, const struct round *r, size_t n,
		struct shift *s)
{
	double reach;
	int rc = rounds_check(r, n, &reach);

	if (!rc)
		rc = room_make(p);
	if (rc)
		return rc;
	s->p = p_of(p, r, n, 0, true);
	s->p_least = ldexp(2, -(int)n);
	return 0;
}

int paired_estimate(struct paired *p, const struct round *r, size_t n,
		    double alpha, struct shift *s)
{
	double reach = 0, middle;
	int rc = alpha > 0 && alpha < 1 ? paired_test(p, r, n, s) : -EINVAL;

	if (!rc)
		rc = rounds_check(r, n, &reach);
	if (rc)
		return rc;
	middle = shift_edge(p, r, n, reach, false) / 2 +
		 shift_edge(p, r, n, reach, true) / 2;
	s->ratio = exp(middle);
	s->ci = (struct interval){ 0, INFINITY, 1 };
	if (s->p_least > alpha)
		return 0;
	s->ci.low = exp(shift_limit(p, r, n, middle, -reach, alpha));
	s->ci.high = exp(shift_limit(p, r, n, middle, reach, alpha));
	s->ci.level = 1 - alpha;
	return 0;
}

size_t paired_needed(double p)
{
	size_t n = 1;

	while (n < PAIRED_MOST && ldexp(2, -(int)n) > p)
		n++;
	return n;
}
