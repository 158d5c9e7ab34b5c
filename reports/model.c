/*
 * The whole report reads the documents through here, so that a missing field
 * is handled in one place and the page, its twin and the plots cannot disagree.
 */
#include "reports/model.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/comparison.h"
#include "reports/family.h"
#include "reports/number.h"

static const char *const verdict_names[VERDICT_COUNT] = {
	"pass", "tell", "skip", "fail", "hang", "crash", "error",
};

const char *model_verdict(enum verdict v)
{
	return verdict_names[v];
}

/* A word that nobody defined is our error, never a pass. */
static enum verdict verdict_parse(const char *s)
{
	for (int v = 0; s && v < VERDICT_COUNT; v++)
		if (!strcmp(s, verdict_names[v]))
			return (enum verdict)v;
	return VERDICT_ERROR;
}

static bool params_describe(const json_t *params, struct text *out)
{
	json_t *object = (json_t *)params, *value;
	const char *key;
	bool any = false;

	json_object_foreach(object, key, value) {
		char *dump;

		if (!strcmp(key, "ring"))
			continue;
		text_format(out, "%s%s=", any ? ", " : " (", key);
		any = true;
		if (json_is_string(value)) {
			text_add(out, json_string_value(value));
			continue;
		}
		dump = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
		text_add(out, dump);
		free(dump);
	}
	return any;
}

static int item_name(struct item *it, bool name_target)
{
	struct text key = { 0 }, operation = { 0 }, name = { 0 };
	const char *per = field_text(it->json, "per");
	const char *unit = field_text(it->json, "unit");

	text_add(&key, it->id ? it->id : "(no id)");
	if (params_describe(field_at(it->json, "params"), &key))
		text_add(&key, ")");
	text_add(&operation, key.data);
	if (per && strcmp(per, "operation"))
		text_format(&operation, " (per %s)", per);
	if (unit && strcmp(unit, "cycles"))
		text_format(&operation, " (in %s)", unit);
	text_add(&name, operation.data);
	if (name_target && it->target)
		text_format(&name, " on %s", it->target);
	it->anchor = key.failed ? NULL :
		     anchor_make(it->is_bench ? "bench" : "probe", key.data, it->ring);
	it->key = key.data;
	it->operation = operation.data;
	it->name = name.data;
	return !it->anchor || operation.failed || name.failed ? -ENOMEM : 0;
}

static void bench_read(struct item *it)
{
	const json_t *j = it->json;
	const char *unit = field_text(j, "unit");

	it->median = field_double(j, "median");
	it->low = field_double(j, "ci.low");
	it->high = field_double(j, "ci.high");
	it->level = field_double(j, "ci.level");
	it->ns = field_double(j, "ns");
	it->instances = field_double(json_array_get(field_at(j, "n"), 0), "");
	it->blocks = field_double(json_array_get(field_at(j, "n"), 1), "");
	it->timed = field_double(j, "contamination.blocks");
	it->contaminated = field_double(j, "contamination.contaminated");
	it->attested = field_known(j, "attest.attested");
	it->attest_reason = field_text(j, "attest.reason");
	it->measured = it->verdict == VERDICT_PASS && !isnan(it->median);
	it->in_cycles = !unit || !strcmp(unit, "cycles");
}

static int item_read(struct item *it, json_t *result, bool name_target)
{
	const char *kind = field_text(result, "kind");
	double ring = field_double(result, "params.ring");

	it->json = result;
	it->is_bench = !kind || strcmp(kind, "probe");
	it->id = field_text(result, "id");
	it->summary = field_text(result, "summary");
	it->target = field_text(result, "target");
	it->reason = field_text(result, "reason");
	it->repeat = field_text(result, "repeat");
	it->subject = field_text(result, "subject");
	it->rule = field_text(result, "rule");
	it->verdict = verdict_parse(field_text(result, "verdict"));
	it->ring = ring >= 0 && ring <= 3 ? (int)ring : -1;
	it->median = it->low = it->high = it->level = it->ns = NAN;
	it->attested = KNOWN_NOT;
	it->family = family_of(it->id);
	if (it->is_bench)
		bench_read(it);
	return item_name(it, name_target);
}

static bool many_targets(const json_t *results)
{
	const char *first = field_text(json_array_get(results, 0), "target");
	json_t *array = (json_t *)results, *result;
	size_t i;

	json_array_foreach(array, i, result) {
		const char *target = field_text(result, "target");

		if (first && target && strcmp(first, target))
			return true;
	}
	return false;
}

/* Benches before probes; among benches what was measured, cheapest first. */
static int item_compare(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int order;

	if (x->is_bench != y->is_bench)
		return x->is_bench ? -1 : 1;
	if (x->measured != y->measured)
		return x->measured ? -1 : 1;
	if (x->measured && x->median != y->median)
		return x->median < y->median ? -1 : 1;
	order = strcmp(x->name, y->name);
	return order ? order : x->ring - y->ring;
}

static void run_count(struct run *run, const struct item *it)
{
	if (!it->is_bench) {
		run->probes++;
		run->probe_verdicts[it->verdict]++;
		return;
	}
	run->benches++;
	run->bench_verdicts[it->verdict]++;
	run->measured += it->measured;
	run->measured_of[it->family] += it->measured;
	run->attested += it->measured && it->attested == KNOWN_YES;
	run->not_attested += it->measured && it->attested == KNOWN_NO;
}

static char *run_label(const struct run *run)
{
	const char *target = run->n ? run->items[0].target : NULL;
	struct text t = { 0 };

	text_format(&t, "%.64s", run->host ? run->host : "unknown host");
	if (target)
		text_format(&t, ", %s", target);
	text_format(&t, ", %s", number_date(field_text(run->run, "started")).s);
	if (t.failed)
		text_free(&t);
	return t.data;
}

static int run_anchors(struct run *run)
{
	char ***anchors = calloc(run->n + 1, sizeof(*anchors));
	int ret = anchors ? 0 : -ENOMEM;

	for (size_t i = 0; !ret && i < run->n; i++)
		anchors[i] = &run->items[i].anchor;
	if (!ret)
		ret = anchors_unique(anchors, run->n);
	free(anchors);
	return ret;
}

static int run_read(struct run *run, size_t index, json_t *doc)
{
	json_t *results = field_at(doc, "results"), *result;
	bool targets = many_targets(results);
	size_t i;

	run->env = field_at(doc, "env");
	run->vmgauge = field_at(doc, "vmgauge");
	run->run = field_at(doc, "run");
	run->host = field_text(run->env, "host.name");
	run->backend = field_text(run->env, "backend.title");
	run->backend_kind = field_text(run->env, "backend.kind");
	run->software_host = field_text(run->env, "backend.software_host");
	if (run->software_host && run->host && !strcmp(run->host, "(none)"))
		run->host = run->software_host;	/* it booted without a name */
	run->times_meaningful = field_known(run->env, "backend.times_meaningful");
	run->virtualised = field_known(run->env, "virtualised.is_guest");
	run->hypervisor = field_text(run->env, "virtualised.hypervisor");
	run->complete = field_known(run->run, "complete");
	run->items = calloc(json_array_size(results) + 1, sizeof(*run->items));
	if (!run->items)
		return -ENOMEM;
	json_array_foreach(results, i, result) {
		if (!json_is_object(result))
			continue;
		run->items[run->n].run = index;
		run->items[run->n].place = i + 1;
		if (item_read(&run->items[run->n++], result, targets))
			return -ENOMEM;
		run_count(run, &run->items[run->n - 1]);
	}
	qsort(run->items, run->n, sizeof(*run->items), item_compare);
	run->label = run_label(run);
	return run->label ? run_anchors(run) : -ENOMEM;
}

int model_read(struct model *m, json_t *const docs[],
	       const char *const paths[], size_t n)
{
	*m = (struct model){ .runs = calloc(n ? n : 1, sizeof(*m->runs)) };
	if (!m->runs)
		return -ENOMEM;
	m->n = n;
	for (size_t i = 0; i < n; i++) {
		m->runs[i].path = paths ? paths[i] : NULL;
		if (run_read(&m->runs[i], i, docs[i]))
			return -ENOMEM;
	}
	model_groups(m);
	return model_rows(m) ? -ENOMEM : comparison_read(m);
}

void model_free(struct model *m)
{
	for (size_t i = 0; i < m->n; i++) {
		for (size_t j = 0; j < m->runs[i].n; j++) {
			free(m->runs[i].items[j].key);
			free(m->runs[i].items[j].operation);
			free(m->runs[i].items[j].name);
			free(m->runs[i].items[j].anchor);
		}
		free(m->runs[i].items);
		free(m->runs[i].label);
	}
	for (size_t i = 0; i < m->row_count; i++)
		free(m->row[i].items);
	free(m->row);
	comparison_free(m->comparison);
	comparison_free(m->all);
	free(m->runs);
	*m = (struct model){ 0 };
}

static bool lost_in_empty(const struct item *it)
{
	return it->in_cycles && it->median <= 0;
}

struct number model_median(const struct item *it)
{
	static const struct number empty = { "< empty" };

	return lost_in_empty(it) ? empty : number(it->median);
}

struct number model_ns(const struct item *it)
{
	return number(lost_in_empty(it) ? (double)NAN : it->ns);
}
