/*
 * All splits of a stretch in one pass.
 *
 * The statistic of a split needs three sums of distances: between the sides,
 * inside the left one and inside the right one. Moving one value from right to
 * left changes the inner sums by its distance to the left and to the right.
 * The first comes from a Fenwick tree over ranks (how many on the left are
 * smaller, and their sum), the second is what remains of its distance to all,
 * which no permutation changes. So does the total, which gives the third.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "history/energy_scan.h"

struct ranked {
	double value;
	uint32_t at;
};

int scan_open(struct scan *s, size_t n)
{
	*s = (struct scan){ .room = n };
	s->value = calloc(n + 1, sizeof(*s->value));
	s->distances = calloc(n + 1, sizeof(*s->distances));
	s->order = calloc(n + 1, sizeof(*s->order));
	s->below = calloc(n + 1, sizeof(*s->below));
	s->count = calloc(n + 1, sizeof(*s->count));
	s->sorted = calloc(n + 1, sizeof(*s->sorted));
	return s->value && s->distances && s->order && s->below && s->count &&
	       s->sorted ? 0 : -ENOMEM;
}

void scan_close(struct scan *s)
{
	free(s->value);
	free(s->distances);
	free(s->order);
	free(s->below);
	free(s->count);
	free(s->sorted);
	*s = (struct scan){ 0 };
}

static int by_value(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->value != y->value)
		return x->value < y->value ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

void scan_load(struct scan *s, const double *value, size_t n)
{
	struct ranked *sorted = s->sorted;
	double sum = 0, before = 0, middle;

	s->n = n;
	for (size_t i = 0; i < n; i++)
		sorted[i] = (struct ranked){ value[i], (uint32_t)i };
	qsort(sorted, n, sizeof(*sorted), by_value);
	/* about the median, so that the sums cancel as little as they can */
	middle = n ? sorted[n / 2].value : 0;
	for (size_t i = 0; i < n; i++) {
		s->value[i] = sorted[i].value - middle;
		s->order[sorted[i].at] = (uint32_t)i;
		sum += s->value[i];
	}
	s->total = 0;
	for (size_t i = 0; i < n; i++) {
		double v = s->value[i];

		s->distances[i] = v * (double)i - before + sum - before -
				  v * (double)(n - i);
		before += v;
		s->total += s->distances[i] / 2;
	}
}

/* Adds a rank to the left; returns its distance to those that are there. */
static double left_add(struct scan *s, uint32_t rank, double sum, size_t left)
{
	double smaller = 0, v = s->value[rank];
	size_t fewer = 0;

	for (size_t i = rank; i; i &= i - 1) {
		smaller += s->below[i];
		fewer += s->count[i];
	}
	for (size_t i = rank + 1; i <= s->n; i += i & -i) {
		s->below[i] += v;
		s->count[i]++;
	}
	return v * (double)fewer - smaller +
	       (sum - smaller) - v * (double)(left - fewer);
}

double scan_best(struct scan *s, size_t least, size_t *at)
{
	double left_inner = 0, right_inner = s->total, best = 0, sum = 0;

	*at = 0;
	memset(s->below, 0, (s->n + 1) * sizeof(*s->below));
	memset(s->count, 0, (s->n + 1) * sizeof(*s->count));
	for (size_t i = 0; i + least < s->n; i++) {
		double a = (double)(i + 1), b = (double)(s->n - i - 1), q;
		uint32_t rank = s->order[i];
		double near = left_add(s, rank, sum, i);

		sum += s->value[rank];
		left_inner += near;
		right_inner -= s->distances[rank] - near;
		if (i + 1 < least || a < 2 || b < 2)
			continue;
		q = a * b / (a + b) *
		    (2 * (s->total - left_inner - right_inner) / (a * b) -
		     2 * left_inner / (a * (a - 1)) -
		     2 * right_inner / (b * (b - 1)));
		if (q > best) {
			best = q;
			*at = i + 1;
		}
	}
	return best;
}
