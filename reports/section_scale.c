/*
 * Many vCPUs: the curves, the two numbers that each is summed up in, and
 * every point of them.
 */
#include <math.h>
#include <string.h>

#include "reports/link.h"
#include "reports/number.h"
#include "reports/plot.h"
#include "reports/scaling.h"

static void cell_number(struct page *p, double v)
{
	p->ops->cell(p, CELL_TEXT, isnan(v) ? NULL : number(v).s);
}

static void add_interval(const json_t *ci, struct text *out)
{
	double low = field_double(ci, "low"), high = field_double(ci, "high");

	if (!isnan(low) && !isnan(high))
		text_format(out, " (%s)", number_range(low, high).s);
}

static void cell_with_interval(struct page *p, double v, const json_t *ci)
{
	struct text t = { 0 };

	if (!isnan(v)) {
		text_add(&t, number(v).s);
		add_interval(ci, &t);
	}
	p->ops->cell(p, CELL_TEXT, t.length ? text_string(&t) : NULL);
	text_free(&t);
}

/* Coefficients are small and alike in nothing but that: two digits each. */
static void cell_coefficient(struct page *p, double v, const json_t *ci)
{
	double low = field_double(ci, "low"), high = field_double(ci, "high");
	struct text t = { 0 };

	if (!isnan(v))
		text_format(&t, "%.2g", v);
	if (!isnan(v) && !isnan(low) && !isnan(high))
		text_format(&t, " (%.2g \u2013 %.2g)", low, high);
	p->ops->cell(p, CELL_TEXT, t.length ? text_string(&t) : NULL);
	text_free(&t);
}

/* A target that cannot have it would fill a table with nothing. */
static bool series_measured(const json_t *series)
{
	const json_t *point;
	size_t i;

	json_array_foreach(json_object_get(series, "points"), i, point)
		if (!isnan(field_double(point, "throughput_per_s")))
			return true;
	return false;
}

static bool any_measured(const json_t *all)
{
	const json_t *series;
	size_t i;

	json_array_foreach((json_t *)all, i, series)
		if (series_measured(series))
			return true;
	return false;
}

static bool any_law(const json_t *all)
{
	const json_t *series;
	size_t i;

	json_array_foreach((json_t *)all, i, series)
		if (json_is_object(json_object_get(series, "usl")))
			return true;
	return false;
}

static void write_law(struct page *p, const json_t *all)
{
	static const struct column columns[] = {
		{ "Operation", false }, { "Contention \u03c3 (95 %)", true },
		{ "Coherence \u03ba (95 %)", true },
		{ "Most throughput at", true }, { "Fit", false },
	};
	struct text t = { 0 };
	const json_t *series;
	size_t i;

	if (!any_law(all)) {
		p->ops->paragraph(p, "The Universal Scalability Law is fitted to none "
				  "of them: it takes four counts of vCPUs that do not "
				  "exceed the CPUs.");
		return;
	}
	p->ops->table_begin(p, "The Universal Scalability Law, X(N) = \u03bbN / (1 + "
			    "\u03c3(N \u2212 1) + \u03baN(N \u2212 1)), up to the "
			    "host\u2019s CPUs", columns,
			    sizeof(columns) / sizeof(columns[0]));
	json_array_foreach((json_t *)all, i, series) {
		const json_t *usl = json_object_get(series, "usl");
		const char *note = field_text(series, "note");
		double peak = field_double(usl, "peak_vcpus");

		if (!series_measured(series))
			continue;
		text_clear(&t);
		scaling_name(all, series, &t);
		p->ops->row(p, !json_is_object(usl));
		p->ops->cell(p, CELL_CODE, text_string(&t));
		cell_coefficient(p, field_double(usl, "sigma"),
				 field_at(usl, "sigma_ci"));
		cell_coefficient(p, field_double(usl, "kappa"),
				 field_at(usl, "kappa_ci"));
		text_clear(&t);
		if (!isnan(peak))
			text_format(&t, "%s vCPUs", number(peak).s);
		else if (json_is_object(usl))
			text_add(&t, "no end");
		p->ops->cell(p, CELL_TEXT, t.length ? text_string(&t) : NULL);
		text_clear(&t);
		if (json_is_object(usl))
			text_format(&t, "%s counts, off by %s",
				    number_tidy(field_double(usl, "points")).s,
				    number_percent(field_double(usl,
							"residual")).s);
		if (note)
			text_format(&t, "%s%s", t.length ? "; " : "", note);
		p->ops->cell(p, CELL_WRAP, text_string(&t));
	}
	p->ops->table_end(p);
	text_free(&t);
}

static void cell_stalls(struct page *p, const json_t *point)
{
	const json_t *s = field_at(point, "stalls");
	double waits = field_double(s, "waits"), n = field_double(s, "stalls");
	struct text t = { 0 };

	if (!isnan(waits) && !isnan(n))
		text_format(&t, "%s of %s", number_count((size_t)n).s,
			    number_count((size_t)waits).s);
	p->ops->cell(p, CELL_TEXT, t.length ? text_string(&t) : NULL);
	text_free(&t);
}

static void cell_samples(struct page *p, double v, const struct item *it)
{
	struct text href = { 0 };

	if (!it || isnan(v)) {
		cell_number(p, v);
		return;
	}
	link_samples(it, &href);
	p->ops->cell_link(p, CELL_TEXT, number(v).s, text_string(&href));
	text_free(&href);
}

static void write_point(struct page *p, const struct run *run,
			const json_t *series, const json_t *point)
{
	bool over = json_is_true(json_object_get(point, "overcommitted"));
	const char *verdict = field_text(point, "verdict");
	double per_s = field_double(point, "throughput_per_s");

	if (isnan(per_s) && verdict && !strcmp(verdict, "skip"))
		return;		/* more than the target can have */
	p->ops->row(p, over);
	p->ops->cell(p, CELL_TEXT,
		     number_tidy(field_double(point, "vcpus")).s);
	p->ops->cell(p, CELL_TEXT, over ? "in turns" : "own CPU");
	if (isnan(per_s))
		p->ops->cell(p, CELL_TEXT, !verdict ? NULL :
			     verdict[0] == 'p' ? "below the noise" : verdict);
	else
		cell_samples(p, per_s, scaling_item(run, series, point));
	cell_number(p, field_double(point, "relative"));
	cell_with_interval(p, field_double(point, "efficiency"),
			   field_at(point, "efficiency_ci"));
	cell_stalls(p, point);
}

static void write_points(struct page *p, const struct run *run,
			 const json_t *all)
{
	static const struct column columns[] = {
		{ "vCPUs or VMs", true }, { "Each has", false },
		{ "Operations a second", true }, { "X(N) / X(1)", true },
		{ "Efficiency E(N)", true }, { "Stalls", true },
	};
	struct text t = { 0 };
	const json_t *series, *point;
	size_t i, k;

	p->ops->table_begin(p, "Every point: throughput of all together, and its "
			    "efficiency against the CPUs that there are", columns,
			    sizeof(columns) / sizeof(columns[0]));
	json_array_foreach((json_t *)all, i, series) {
		if (!series_measured(series))
			continue;
		text_clear(&t);
		scaling_name(all, series, &t);
		p->ops->group(p, text_string(&t));
		json_array_foreach(json_object_get(series, "points"), k, point)
			write_point(p, run, series, point);
	}
	p->ops->table_end(p);
	text_free(&t);
}

bool section_scale(struct page *p, const struct model *m,
		   const struct plots *plots)
{
	const struct run *drawn = scaling_run(m);

	if (!drawn)
		return false;
	p->ops->heading(p, "Throughput with many vCPUs");
	p->ops->paragraph(p, "Every vCPU does the same at once. Throughput X(N) is what "
			  "all do together; efficiency E(N) = X(N) / min(N, CPUs), "
			  "relative to one vCPU, is 1 where nothing is lost. Up to the "
			  "host\u2019s CPUs each vCPU has one of its own and what is lost "
			  "is contention; beyond (shaded) they take turns, and what is "
			  "lost there is scheduling: the two are not to be compared. "
			  "A stall is a wait for another vCPU of more than 100 times what "
			  "the operation takes alone: whoever was waited for had no "
			  "CPU.");
	for (int i = 0; i < SCALE_KINDS; i++) {
		if (!plots->scale[i].alt.length)
			continue;	/* none of it was measured */
		p->ops->heading(p, scale_kinds[i].title);
		p->ops->paragraph(p, scale_kinds[i].what);
		p->ops->figure(p, &plots->scale[i]);
		p->ops->figure(p, &plots->efficiency[i]);
	}
	p->ops->heading(p, "Every curve in numbers");
	for (size_t r = 0; r < m->n; r++) {
		json_t *all = scaling_of(&m->runs[r]);

		if (any_measured(all)) {
			if (m->n > 1)
				p->ops->details_begin(p, m->runs[r].label);
			write_law(p, all);
			write_points(p, &m->runs[r], all);
			if (m->n > 1)
				p->ops->details_end(p);
		}
		json_decref(all);
	}
	return true;
}
