/*
 * Series of a run, from its results; see scaling.h.
 */
#include "reports/scaling.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "scale.h"

/* Without "scale/"; what many VMs do stands behind what many vCPUs do. */
static const char *series_name(const json_t *series, bool *vms)
{
	const char *name = field_text(series, "id");

	name = name && !strncmp(name, "scale/", 6) ? name + 6 : name ? name : "";
	*vms = !strncmp(name, "vms_", 4);
	return *vms ? name + 4 : name;
}

static int series_order(const void *a, const void *b)
{
	const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
	enum scale_kind kx = scaling_kind(x), ky = scaling_kind(y);
	bool vms[2];
	int order;

	if (kx != ky)
		return kx < ky ? -1 : 1;
	order = strcmp(series_name(x, &vms[0]), series_name(y, &vms[1]));
	if (!order)
		order = vms[0] - vms[1];
	if (!order)
		order = (field_double(x, "params.ring") >
			 field_double(y, "params.ring")) -
			(field_double(x, "params.ring") <
			 field_double(y, "params.ring"));
	return order;
}

/* Runs measure in an order of chance; people read in one that stays. */
static json_t *sorted(json_t *all)
{
	size_t n = json_array_size(all);
	json_t **list = calloc(n + 1, sizeof(*list));
	json_t *out = json_array();

	if (!list || !out) {
		free(list);
		json_decref(out);
		return all;
	}
	for (size_t i = 0; i < n; i++)
		list[i] = json_array_get(all, i);
	qsort(list, n, sizeof(*list), series_order);
	for (size_t i = 0; i < n; i++)
		json_array_append(out, list[i]);
	free(list);
	json_decref(all);
	return out;
}

json_t *scaling_of(const struct run *run)
{
	double seed = field_double(run->run, "seed");
	json_t *results = json_array(), *all;

	for (size_t i = 0; i < run->n; i++)
		if (run->items[i].is_bench)
			json_array_append(results, run->items[i].json);
	all = scale_json(results, seed >= 0 && seed < 0x1p63 ? (uint64_t)seed
							     : 0);
	json_decref(results);
	return sorted(all);
}

/* Points beyond the first of their series: those that a line leads to. */
static size_t points_measured(const struct run *run)
{
	json_t *all = scaling_of(run), *series, *point;
	size_t i, k, n = 0;

	json_array_foreach(all, i, series) {
		size_t points = 0;

		json_array_foreach(json_object_get(series, "points"), k, point)
			points += !isnan(field_double(point, "efficiency"));
		n += points > 1 ? points - 1 : 0;
	}
	json_decref(all);
	return n;
}

const struct run *scaling_run(const struct model *m)
{
	const struct run *best = NULL, *any = NULL;
	size_t most = 0;

	for (size_t r = 0; r < m->n; r++) {
		const struct run *run = &m->runs[r];
		size_t n = points_measured(run);

		if (!n)
			continue;
		any = any ? any : run;
		if (run_is_software(run) || n <= most)
			continue;
		most = n;
		best = run;
	}
	return best ? best : any;	/* no time of software, if there is another */
}

void scaling_name(const json_t *all, const json_t *series, struct text *out)
{
	const json_t *id = json_object_get(series, "id"), *other;
	const char *name = json_string_value(id);
	size_t i, same = 0;

	json_array_foreach((json_t *)all, i, other)
		same += json_equal(json_object_get(other, "id"), (json_t *)id);
	text_add(out, name && !strncmp(name, "scale/", 6) ? name + 6 : name);
	if (same > 1)
		text_format(out, ", ring %g",
			    field_double(series, "params.ring"));
}
