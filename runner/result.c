/*
 * Records to result: the estimate, its interval, and what qualifies it.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "extend.h"
#include "instance.h"
#include "measure/stats.h"
#include "scale.h"

#define ALPHA		0.05
#define OVERHEAD_RATIO	10	/* below it a result is flagged */

static double *values_of(const json_t *array, size_t *n)
{
	double *v;
	json_t *x;
	size_t i;

	*n = json_array_size(array);
	v = calloc(*n ? *n : 1, sizeof(*v));
	if (!v)
		return NULL;
	json_array_foreach(array, i, x)
		v[i] = json_number_value(x);
	return v;
}

static double median_of(const json_t *array)
{
	double median = NAN, *v;
	size_t n;

	v = values_of(array, &n);
	if (!v || stats_median(v, n, &median))
		median = NAN;
	free(v);
	return median;
}

/* [[...], ...]: the same member of every record. */
static json_t *gather(const struct series *s, const char *key)
{
	json_t *all = json_array(), *record;
	size_t i;

	json_array_foreach(s->instances, i, record)
		json_array_append(all, json_object_get(record, key));
	return all;
}

static double sum_of(const struct series *s, const char *key)
{
	json_t *record, *v;
	double sum = 0;
	size_t i, k;

	json_array_foreach(s->instances, i, record)
		json_array_foreach(json_object_get(record, key), k, v)
			sum += json_number_value(v);
	return sum;
}

static json_t *contamination(const struct session *session,
			     const struct series *s)
{
	static const char *const sign[] = {
		"irq_exits", "context_switches", "migrations", "faults",
	};
	const struct bench *b = s->item->bench;
	/* Where the operation is a fault, or a sleep, those are no signs. */
	const bool own[] = {
		false, b->sleeps || takes_turns(session, s), false,
		b->host_rewind && b->arena.bytes,
	};
	unsigned int blocks = 0, bad = 0;
	json_t *record, *c;
	size_t i;

	json_array_foreach(s->instances, i, record) {
		size_t n = json_array_size(json_object_get(record, "samples"));

		for (size_t j = 0; j < n; j++) {
			bool hit = false;

			for (size_t k = 0; k < 4; k++)
				hit |= !own[k] &&
				       json_number_value(json_array_get(
					json_object_get(record, sign[k]),
					j)) > 0;
			blocks++;
			bad += hit;
		}
	}
	c = json_pack("{s:i, s:i}", "blocks", (int)blocks, "contaminated",
		      (int)bad);
	for (size_t k = 0; k < 4; k++)
		json_object_set_new(c, sign[k], json_integer(
			(json_int_t)sum_of(s, sign[k])));
	return c;
}

/* Mean over instances of each event, host and guest part. */
static json_t *counters(const struct session *session,
			const struct series *s)
{
	const struct target_context *ctx = &session->ctx;
	json_t *events = json_object(), *record;
	size_t i, n = json_array_size(s->instances);

	for (int ev = 0; ev < COUNTER_EVENTS; ev++) {
		const char *name = counter_event_name(ev);
		double part[2] = { 0, 0 };

		json_array_foreach(s->instances, i, record)
			for (size_t k = 0; k < 2; k++) {
				json_t *v = json_array_get(json_object_get(
					json_object_get(record, "counters"),
					name), k);

				part[k] += json_is_number(v) ?
					   json_number_value(v) : NAN;
			}
		if (isnan(part[0]) && isnan(part[1]))
			continue;
		json_object_set_new(events, name, json_pack("{s:o, s:o}",
			"host", isnan(part[0]) ? json_null() :
			json_real(part[0] / (double)n), "guest",
			isnan(part[1]) ? json_null() :
			json_real(part[1] / (double)n)));
	}
	return json_pack("{s:s, s:s?, s:o}", "source", ctx->counters_source ?
			 ctx->counters_source : "software", "note",
			 ctx->counters_note && ctx->counters_note[0] ?
			 ctx->counters_note : NULL, "events", events);
}

struct estimate {
	double *instance;	/* per-instance, empty subtracted; owned */
	size_t n;
	double median, overhead;
	struct interval ci;
	bool have_ci;
};

static int estimate_make(const struct series *s, struct estimate *est)
{
	const struct bench *b = s->item->bench;
	double per_op = b->per_op ? b->per_op : 1;
	json_t *record;
	double *empty;
	size_t i;
	int rc = -1;

	est->n = json_array_size(s->instances);
	est->instance = calloc(est->n ? est->n : 1, sizeof(double));
	empty = calloc(est->n ? est->n : 1, sizeof(double));
	if (!est->instance || !empty || !est->n)
		goto out;
	json_array_foreach(s->instances, i, record) {
		double raw = median_of(json_object_get(record, "samples"));

		empty[i] = median_of(json_object_get(record, "empty"));
		est->instance[i] = (b->control ? raw : raw - empty[i]) /
				   per_op;
	}
	rc = stats_median(empty, est->n, &est->overhead);
out:
	free(empty);
	return rc;
}

bool series_interval(const struct series *s, struct interval *ci,
		     double *timed)
{
	const struct bench *b = s->item->bench;
	struct estimate est = { 0 };
	bool known = !estimate_make(s, &est) &&
		     !stats_median(est.instance, est.n, &est.median) &&
		     !stats_median_ci(est.instance, est.n, ALPHA, ci);

	*timed = est.median + est.overhead / (b->per_op ? b->per_op : 1);
	free(est.instance);
	return known;
}

static json_t *instances_json(const struct estimate *est)
{
	json_t *a = json_array();

	for (size_t i = 0; i < est->n; i++)
		json_array_append_new(a, json_real(est->instance[i]));
	return a;
}

static json_t *flags(const struct series *s, const struct session *session,
		     const struct estimate *est)
{
	const struct bench *b = s->item->bench;
	double per_op = b->per_op ? b->per_op : 1;
	json_t *f = json_array();

	if (!b->control &&
	    est->median * per_op < OVERHEAD_RATIO * est->overhead)
		json_array_append_new(f, json_string("under_10x_overhead"));
	if (est->n < session->options.instances &&
	    (!b->max_instances || est->n < b->max_instances))
		json_array_append_new(f, json_string("budget_ended"));
	if (!est->have_ci)
		json_array_append_new(f, json_string("no_interval"));
	if (session->options.spin_ns)
		json_array_append_new(f, json_string("injected_slowdown"));
	return f;
}

/* What a bench that passed adds to its result; false on a failure. */
static bool measured_put(const struct session *session,
			 const struct series *s, json_t *r)
{
	const struct bench *b = s->item->bench;
	double khz = json_number_value(json_object_get(
		json_array_get(s->instances, 0), "tsc_khz"));
	struct estimate est = { 0 };
	json_t *a, *decomposition;
	size_t blocks;

	if (estimate_make(s, &est)) {
		free(est.instance);
		return false;
	}
	a = instances_json(&est);	/* before sorting: in round order */
	stats_median(est.instance, est.n, &est.median);
	est.have_ci = !stats_median_ci(est.instance, est.n, ALPHA, &est.ci);
	blocks = json_array_size(json_object_get(
		json_array_get(s->instances, 0), "samples"));
	json_object_update_new(r, json_pack(
		"{s:s, s:s, s:s, s:o, s:o, s:[i,i], s:o, s:f, s:o, s:o, s:{}, "
		"s:{s:f, s:o}, s:o, s:o, s:o, s:o}",
		"unit", b->unit ? b->unit : "cycles", "better", "lower", "per",
		b->per ? b->per : "operation", "samples",
		gather(s, "samples"), "ops", gather(s, "ops"), "n",
		(int)est.n, (int)blocks, "instances", a, "median", est.median,
		"ci", est.have_ci ? json_pack("{s:f, s:f, s:f}", "low",
			est.ci.low, "high", est.ci.high, "level",
			est.ci.level) : json_null(),
		"ns", khz > 0 && !b->unit ? json_real(est.median * 1e6 / khz)
					  : json_null(), "tails",
		"overhead", "median", est.overhead, "samples",
		gather(s, "empty"), "flags", flags(s, session, &est),
		"attest", attest_json(session, s), "contamination",
		contamination(session, s), "counters", counters(session, s)));
	json_object_set_new(r, "precision", precision_json(session, s,
		est.have_ci ? &est.ci : NULL, est.median + est.overhead /
		(b->per_op ? b->per_op : 1)));
	distribution_put(r, s, est.median);
	decomposition = json_object_get(s->decomposition, "decomposition");
	json_object_set(r, "decomposition",
			decomposition ? decomposition : json_null());
	free(est.instance);
	return true;
}

static void probe_put(const struct series *s, json_t *r)
{
	static const char *const taken[] = { "checks", "checks_total" };
	const struct probe *p = s->item->probe;
	const char *slash = strrchr(s->item->name, '/');
	json_t *elapsed = json_object_get(s->verdict, "elapsed_ms");

	json_object_set_new(r, "rule", json_string(p->rule));
	json_object_set_new(r, "subject", json_stringn(s->item->name,
		(size_t)(slash - s->item->name)));
	json_object_set_new(r, "control", p->control ? json_string(p->control)
						     : json_null());
	for (size_t i = 0; i < 2; i++) {
		json_t *v = json_object_get(s->verdict, taken[i]);

		json_object_set(r, taken[i], v);
	}
	if (!json_object_get(r, "checks")) {
		json_object_set_new(r, "checks", json_array());
		json_object_set_new(r, "checks_total", json_integer(0));
	}
	json_object_set(r, "duration_ms", elapsed ? elapsed : json_null());
	if (json_object_get(s->verdict, "evidence"))
		json_object_set(r, "evidence",
				json_object_get(s->verdict, "evidence"));
}

/* The cause of a failure that was foreseen, or null. */
static json_t *expected_json(const struct session *session,
			     const struct series *s, const char *verdict)
{
	char at_ring[ABI_NAME_MAX + 8], target[TARGET_LABEL_MAX];
	const struct expectation *x;

	target_label(session->target, session->ctx.options, target);
	snprintf(at_ring, sizeof(at_ring), "%s@%u", s->item->name, s->ring);
	x = expect_lookup(&session->expect, target, at_ring);
	if (!x)
		x = expect_lookup(&session->expect, target, s->item->name);
	return x && verdict && expect_allows(x, verdict) ?
	       json_string(x->cause) : json_null();
}

static json_t *cite_json(const char *cite)
{
	json_t *a = json_array();

	while (cite && *cite) {
		size_t n = strcspn(cite, ";");

		json_array_append_new(a, json_stringn(cite, n));
		cite += n;
		cite += strspn(cite, "; ");
	}
	return a;
}

json_t *series_result(const struct session *session, const struct series *s)
{
	const struct item *item = s->item;
	const char *target = session->options.target;
	bool bench = item->bench;
	json_t *ended = s->verdict, *r, *postmortem;
	char repeat[ABI_NAME_MAX + 160], label[TARGET_LABEL_MAX];
	char vcpus[24] = "";

	/* With a VM of one, which the row's efficiency is relative to. */
	if (bench && item->bench->scales)
		snprintf(vcpus, sizeof(vcpus), s->vcpus > 1 ?
			 " --vcpus 1,%u" : " --vcpus %u", s->vcpus);
	snprintf(repeat, sizeof(repeat), "vmgauge %s %s --target %.64s "
		 "--ring %u%s%s", bench ? "bench" : "conform", item->name,
		 target, s->ring, vcpus, bench ? "" : " -v");
	r = json_pack("{s:s, s:s, s:s, s:{s:i}, s:s, s:s, s:O?, s:o, s:s}",
		"id", item->name, "kind", bench ? "bench" : "probe", "target",
		target_label(session->target, session->ctx.options, label),
		"params", "ring", s->ring, "summary",
		bench ? item->bench->summary : item->probe->rule, "verdict",
		ended ? json_string_value(json_object_get(ended, "verdict"))
		      : "pass", "reason", json_object_get(ended, "reason"),
		"cite", cite_json(bench ? item->bench->cite
					: item->probe->cite), "repeat", repeat);
	if (!r)
		return NULL;
	if (s->vcpus > 1 || (bench && item->bench->scales))
		json_object_set_new(json_object_get(r, "params"), "vcpus",
				    json_integer(s->vcpus));
	walk_put(r, session, s);
	json_object_set_new(r, "expected_failure", expected_json(session, s,
		json_string_value(json_object_get(r, "verdict"))));
	postmortem = json_object_get(ended, "postmortem");
	if (postmortem)
		json_object_set(r, "postmortem", postmortem);
	if (!bench)
		probe_put(s, r);
	else if (!ended && !measured_put(session, s, r)) {
		json_object_set_new(r, "verdict", json_string("error"));
		json_object_set_new(r, "reason", json_string(
			"its samples give no estimate"));
	}
	scale_put(r, session, s);
	price_put(r, session, s);
	return r;
}
