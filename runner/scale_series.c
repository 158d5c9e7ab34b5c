/*
 * Results at several counts of vCPUs as one series; see scale.h.
 *
 * Built from the results alone, so that it can be made of any document, and
 * so nothing in them is believed: a member of another type is none.
 */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure/usl.h"
#include "scale.h"

struct point {
	const json_t *result;
	double vcpus, cpus, initiators;
	double x;			/* per cycle; NaN: not measured */
	double x_low, x_high, level;	/* of its interval; NaN: none */
	double x_per_s;			/* NaN: unknown */
};

struct whole {
	struct point point[USL_POINTS_MAX];
	size_t points;
	const struct point *base;	/* the first that was measured */
};

static double number_at(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	return json_is_number(v) ? json_number_value(v) : NAN;
}

static json_t *number_json(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static bool overcommitted(const struct point *p)
{
	return p->vcpus > p->cpus;
}

static bool is_pass(const json_t *result)
{
	const char *v = json_string_value(json_object_get(result, "verdict"));
	const char *unit = json_string_value(json_object_get(result, "unit"));

	return v && unit && !strcmp(v, "pass") && !strcmp(unit, "cycles");
}

/* False for a result that is of no scaling row. */
static bool point_read(const json_t *result, struct point *p)
{
	const json_t *scale = json_object_get(result, "scale");
	const json_t *ci = json_object_get(result, "ci");
	double median = number_at(result, "median"), ns;

	*p = (struct point){
		.result = result, .x = NAN, .x_low = NAN, .x_high = NAN,
		.x_per_s = NAN, .level = number_at(ci, "level"),
		.vcpus = number_at(json_object_get(result, "params"), "vcpus"),
		.cpus = number_at(scale, "cpus"),
		.initiators = number_at(scale, "initiators"),
	};
	if (!(p->vcpus >= 1) || !(p->cpus >= 1) || !(p->initiators >= 1) ||
	    !json_is_string(json_object_get(result, "id")))
		return false;
	if (!is_pass(result) || !(median > 0))
		return true;
	p->x = p->initiators / median;
	if (number_at(ci, "low") > 0 && number_at(ci, "high") > 0) {
		p->x_low = p->initiators / number_at(ci, "high");
		p->x_high = p->initiators / number_at(ci, "low");
	}
	ns = number_at(result, "ns");
	if (ns > 0)
		p->x_per_s = p->initiators * 1e9 / ns;
	return true;
}

static json_t *params_of(const json_t *result)
{
	json_t *params = json_copy(json_object_get(result, "params"));

	json_object_del(params, "vcpus");
	return params;
}

static bool same_row(const json_t *a, const json_t *b)
{
	json_t *x, *y;
	bool same = json_equal(json_object_get(a, "id"),
			       json_object_get(b, "id")) &&
		    json_equal(json_object_get(a, "target"),
			       json_object_get(b, "target"));

	if (!same)
		return false;
	x = params_of(a);
	y = params_of(b);
	same = json_equal(x, y);
	json_decref(x);
	json_decref(y);
	return same;
}

/* In its place by count; the first of two of the same count stays. */
static void point_insert(struct whole *w, const struct point *p)
{
	size_t at = w->points;

	while (at && w->point[at - 1].vcpus > p->vcpus)
		at--;
	if (w->points == USL_POINTS_MAX ||
	    (at && w->point[at - 1].vcpus == p->vcpus))
		return;
	memmove(&w->point[at + 1], &w->point[at],
		(w->points - at) * sizeof(*p));
	w->point[at] = *p;
	w->points++;
}

/* Throughput for each CPU that is used. */
static double density(const struct point *p, double x)
{
	return x / fmin(p->vcpus, p->cpus);
}

static json_t *efficiency_ci(const struct whole *w, const struct point *p)
{
	const struct point *base = w->base;

	if (p == base || isnan(p->x_low) || isnan(base->x_low) ||
	    isnan(p->level) || isnan(base->level))
		return json_null();
	/* Both intervals hold at once at least this often (Bonferroni). */
	return json_pack("{s:f, s:f, s:f}",
		"low", density(p, p->x_low) / density(base, base->x_high),
		"high", density(p, p->x_high) / density(base, base->x_low),
		"level", fmax(p->level + base->level - 1, 0.01));
}

static json_t *point_json(const struct whole *w, const struct point *p,
			  bool latency)
{
	double e = NAN, relative = NAN;
	json_t *stalls = json_object_get(p->result, "stalls");
	json_t *r;

	if (w->base && !isnan(p->x)) {
		relative = p->x / w->base->x;
		e = density(p, p->x) / density(w->base, w->base->x);
	}
	r = json_pack("{s:i, s:b, s:o, s:o, s:o, s:o, s:O}",
		"vcpus", (int)p->vcpus, "overcommitted", overcommitted(p),
		"throughput_per_s", number_json(p->x_per_s),
		"relative", number_json(relative),
		"efficiency", latency ? json_null() : number_json(e),
		"efficiency_ci", latency || isnan(e) ? json_null() :
		efficiency_ci(w, p),
		"verdict", json_object_get(p->result, "verdict"));
	if (r && json_is_object(stalls))
		json_object_set(r, "stalls", stalls);
	return r;
}

/* Throughputs of the instances of a point; 0 when one is none. */
static size_t instances_read(const struct point *p, double *to, size_t room)
{
	const json_t *all = json_object_get(p->result, "instances");
	const json_t *v;
	size_t i, n = 0;

	json_array_foreach(all, i, v) {
		if (!json_is_number(v) || !(json_number_value(v) > 0) ||
		    n == room)
			return 0;
		to[n++] = p->initiators / json_number_value(v);
	}
	return n;
}

static json_t *interval_json(const struct interval *ci)
{
	return json_pack("{s:f, s:f, s:f}", "low", ci->low, "high", ci->high,
			 "level", ci->level);
}

static json_t *fit_json(const struct whole *w, const struct usl *fit,
			const struct usl_interval *ci, size_t points)
{
	const struct point *base = w->base;

	return json_pack("{s:o, s:f, s:f, s:o, s:o, s:o, s:f, s:i}",
		"lambda_per_s", number_json(fit->lambda * base->x_per_s /
					    base->x),
		"sigma", fit->sigma, "kappa", fit->kappa,
		"sigma_ci", ci ? interval_json(&ci->sigma) : json_null(),
		"kappa_ci", ci ? interval_json(&ci->kappa) : json_null(),
		"peak_vcpus", number_json(usl_peak(fit)),
		"residual", fit->residual, "points", (int)points);
}

#define INSTANCES_ROOM	1000

/* The fit, or in *note why there is none. */
static json_t *usl_json(const struct whole *w, uint64_t seed, char *note,
			size_t bytes)
{
	struct usl_point point[USL_POINTS_MAX];
	double *room = calloc(USL_POINTS_MAX * INSTANCES_ROOM, sizeof(*room));
	struct usl_interval ci;
	struct usl fit;
	json_t *r = json_null();
	size_t n = 0;
	int rc;

	for (size_t i = 0; room && i < w->points; i++) {
		const struct point *p = &w->point[i];
		double *x = room + n * INSTANCES_ROOM;
		size_t count = overcommitted(p) || isnan(p->x) ? 0 :
			       instances_read(p, x, INSTANCES_ROOM);

		if (count)
			point[n++] = (struct usl_point){ p->vcpus, x, count };
	}
	rc = room ? usl_fit_ci(point, n, seed, &fit, &ci) : -ENOMEM;
	if (n < USL_POINTS_MIN)
		snprintf(note, bytes, "no fit: it takes at least %d counts that do "
			 "not exceed the host's CPUs, and there are %zu",
			 USL_POINTS_MIN, n);
	else if (rc == -ERANGE)
		snprintf(note, bytes, "no interval: too few instances");
	else if (rc)
		snprintf(note, bytes, "no fit: these are no throughputs");
	if (n >= USL_POINTS_MIN && (!rc || rc == -ERANGE))
		r = fit_json(w, &fit, rc ? NULL : &ci, n);
	free(room);
	return r;
}

static json_t *whole_json(struct whole *w, uint64_t seed)
{
	const json_t *first = w->point[0].result;
	const json_t *scale = json_object_get(first, "scale");
	const char *roles = json_string_value(json_object_get(scale, "roles"));
	bool latency = roles && !strcmp(roles, "first");
	json_t *points = json_array(), *usl;
	char note[160] = "";

	for (size_t i = 0; i < w->points && !w->base; i++)
		if (!isnan(w->point[i].x))
			w->base = &w->point[i];
	for (size_t i = 0; i < w->points; i++)
		json_array_append_new(points, point_json(w, &w->point[i],
							 latency));
	if (latency) {
		usl = json_null();
		strcpy(note, "one vCPU works while the others answer: what grows "
		       "with them is its time, not a throughput");
	} else {
		usl = usl_json(w, seed, note, sizeof(note));
	}
	return json_pack("{s:O, s:O?, s:o, s:i, s:s, s:s, s:o, s:o, s:s?}",
		"id", json_object_get(first, "id"), "target",
		json_object_get(first, "target"), "params", params_of(first),
		"cpus", (int)w->point[0].cpus, "roles",
		roles ? roles : "all", "of",
		json_string_value(json_object_get(scale, "of")) ?
		json_string_value(json_object_get(scale, "of")) : "vcpus",
		"points", points, "usl", usl, "note", note[0] ? note : NULL);
}

json_t *scale_json(const json_t *results, uint64_t seed)
{
	json_t *all = json_array(), *result, *other;
	size_t i, k;

	json_array_foreach(results, i, result) {
		struct whole w = { .points = 0 };
		bool again = false;
		struct point p;

		if (!point_read(result, &p))
			continue;
		for (k = 0; k < i && !again; k++) {
			struct point before;

			other = json_array_get(results, k);
			again = point_read(other, &before) &&
				same_row(other, result);
		}
		json_array_foreach(results, k, other)
			if (!again && point_read(other, &p) &&
			    same_row(other, result))
				point_insert(&w, &p);
		if (w.points)
			json_array_append_new(all, whole_json(&w, seed));
	}
	return all;
}

void scale_derive(json_t *document, uint64_t seed)
{
	json_t *all = scale_json(json_object_get(document, "results"), seed);

	if (json_array_size(all))
		json_object_set(document, "scaling", all);
	json_decref(all);
}
