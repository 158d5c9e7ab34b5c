/*
 * Which curves stand in a plot, and how far its axes reach.
 */
#include "reports/scaling_chart.h"

#include <math.h>

static struct mark mark_time(const struct scaling_chart *t,
			     const json_t *series, const json_t *point)
{
	const struct item *it = scaling_item(t->run, series, point);
	double ns = scaling_workers(series, point) * 1e9 /
		    field_double(point, "throughput_per_s");
	struct mark m = { ns, NAN, NAN };

	if (it && it->median > 0) {
		m.low = ns * it->low / it->median;
		m.high = ns * it->high / it->median;
	}
	return m;
}

/* The interval is that of efficiency, which differs from X(N)/X(1) by a factor. */
struct mark mark_of(const struct scaling_chart *t, const json_t *series,
		    const json_t *point)
{
	const json_t *ci = json_object_get(point, "efficiency_ci");
	double e = field_double(point, "efficiency"), by;
	struct mark m = { NAN, NAN, NAN };

	if (t->upwards == TIME)
		m = mark_time(t, series, point);
	else if (!isnan(e))
		m.value = field_double(point, t->upwards == EFFICIENCY ?
				       "efficiency" : "relative");
	if (t->upwards != TIME && m.value > 0) {
		by = m.value / e;
		m.low = by * field_double(ci, "low");
		m.high = by * field_double(ci, "high");
	}
	return m.value > 0 && isfinite(m.value) ? m :
	       (struct mark){ NAN, NAN, NAN };
}

/* A line takes two points. */
static size_t points_of(const struct scaling_chart *t, const json_t *series)
{
	const json_t *point;
	size_t i, drawn = 0;

	json_array_foreach(json_object_get(series, "points"), i, point)
		drawn += !isnan(mark_of(t, series, point).value);
	return drawn;
}

static void chart_count(struct scaling_chart *t, const json_t *series,
			const json_t *point, const struct mark *m)
{
	const struct item *it = isnan(m->value) ? NULL :
				scaling_item(t->run, series, point);

	/* fmin and fmax pass over what is NaN. */
	t->least_n = fmin(t->least_n, it ? it->instances : NAN);
	t->most_n = fmax(t->most_n, it ? it->instances : NAN);
}

static void chart_add(struct scaling_chart *t, const json_t *series)
{
	const json_t *point;
	size_t i;

	if (t->n == SERIES_MOST) {
		t->left_out++;
		return;
	}
	t->series[t->n++] = series;
	t->fits += json_is_object(json_object_get(series, "usl"));
	t->cpus = fmax(t->cpus, field_double(series, "cpus"));
	json_array_foreach(json_object_get(series, "points"), i, point) {
		struct mark m = mark_of(t, series, point);

		t->most = fmax(t->most, field_double(point, "vcpus"));
		t->intervals += !isnan(m.low);
		chart_count(t, series, point, &m);
		t->low = fmin(t->low, fmin(m.value, m.low > 0 ? m.low : NAN));
		t->high = fmax(t->high, fmax(m.value, m.high));
	}
}

static void chart_limits(struct scaling_chart *t)
{
	if (t->upwards == EFFICIENCY) {
		t->high = fmin(fmax(t->high, 1) * 1.12, 4);
		t->low = 0;
		return;
	}
	if (t->upwards == THROUGHPUT)
		t->high = fmax(t->high, fmin(t->cpus, t->most));
	/* Room for two lines of words above. */
	t->high *= fmax(1.5, pow(t->high / t->low, 0.16));
	t->low /= 1.3;
}

bool scaling_chart_open(struct scaling_chart *t, const struct model *m)
{
	const json_t *series;
	size_t i;

	t->run = scaling_run(m);
	if (!t->run)
		return false;
	t->all = scaling_of(t->run);
	t->low = t->least_n = INFINITY;
	json_array_foreach(t->all, i, series)
		if (scaling_kind(series) == t->kind &&
		    points_of(t, series) >= 2)
			chart_add(t, series);
	if (t->n)
		chart_limits(t);
	return t->n > 0;
}
