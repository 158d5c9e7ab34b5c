/*
 * Series that changed are what a history is opened for: they stand first, the
 * largest change before the others.
 */
#include "reports/trends.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct trend_series *trends_add(struct trends *t)
{
	struct trend_series *more;

	more = realloc(t->series, (t->n + 1) * sizeof(*t->series));
	if (!more)
		return NULL;
	t->series = more;
	more = &t->series[t->n++];
	*more = (struct trend_series){ .name = NULL };
	return more;
}

/* How far apart the stretches of a series are, at most; 0: it is one. */
static double series_change(const struct trend_series *s)
{
	double most = 0;

	for (size_t i = 1; i < s->stretches; i++)
		if (s->stretch[i].ratio > 0)
			most = fmax(most, fabs(log(s->stretch[i].ratio)));
	return most;
}

static int by_change(const void *a, const void *b)
{
	const struct trend_series *x = a, *y = b;
	bool first = x->stretches > 1, second = y->stretches > 1;
	double left = series_change(x), right = series_change(y);

	if (first != second)
		return first ? -1 : 1;
	if (left != right)
		return left > right ? -1 : 1;
	return strcmp(x->name, y->name);
}

void trends_sort(struct trends *t)
{
	t->changed = 0;
	for (size_t i = 0; i < t->n; i++)
		t->changed += t->series[i].stretches > 1;
	if (t->n)
		qsort(t->series, t->n, sizeof(*t->series), by_change);
}

void trends_free(struct trends *t)
{
	for (size_t i = 0; i < t->n; i++) {
		struct trend_series *s = &t->series[i];

		for (size_t k = 0; k < s->points; k++) {
			free(s->point[k].run);
			free(s->point[k].started);
		}
		free(s->point);
		free(s->stretch);
		free(s->name);
		free(s->unit);
		free(s->host);
	}
	free(t->series);
	*t = (struct trends){ .series = NULL };
}
