/*
 * The two JSON formats of continuous benchmarking.
 *
 * Bencher Metric Format: {benchmark: {measure: {value, lower_value,
 * upper_value}}}; the measure is a slug, here the unit's name.
 *
 * github-action-benchmark, customSmallerIsBetter: [{name, unit, value, range,
 * extra}]. It knows one direction: what is better when higher is left out,
 * because it would alarm about improvements.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compare/set.h"
#include "export/escape.h"
#include "export/export.h"

static int dump(json_t *root, struct text *t)
{
	char *text = root ? json_dumps(root, JSON_INDENT(1) |
				       JSON_REAL_PRECISION(10)) : NULL;

	json_decref(root);
	text_add(t, text);
	text_add(t, "\n");
	if (!text)
		return -ENOMEM;
	free(text);
	return t->failed ? -ENOMEM : 0;
}

/* The words of a slug: small letters, digits and a dash. */
static void slug(char *to, size_t room, const char *unit)
{
	size_t n = 0;

	for (; *unit && n + 1 < room; unit++)
		to[n++] = (*unit >= 'a' && *unit <= 'z') ||
			  (*unit >= '0' && *unit <= '9') ? *unit :
			  *unit >= 'A' && *unit <= 'Z' ? *unit | 0x20 : '-';
	if (!n)
		to[n++] = '-';
	to[n] = '\0';
}

static json_t *metric(const struct measure *m)
{
	json_t *metric = json_pack("{s:f}", "value", m->median);

	if (isfinite(m->low))
		json_object_set_new(metric, "lower_value", json_real(m->low));
	if (isfinite(m->high))
		json_object_set_new(metric, "upper_value", json_real(m->high));
	return metric;
}

int export_bmf(const json_t *doc, struct text *t)
{
	const json_t *results = json_object_get(doc, "results"), *result;
	json_t *root = json_object();
	struct text name = { 0 };
	struct measure m;
	size_t i;

	json_array_foreach((json_t *)results, i, result) {
		char unit[64];

		if (!measure_of(result, &m))
			continue;
		text_clear(&name);
		text_item(&name, result);
		slug(unit, sizeof(unit), m.unit);
		json_object_set_new(root, text_string(&name),
				    json_pack("{s:o}", unit, metric(&m)));
		t->failed |= name.failed;
	}
	text_free(&name);
	return dump(root, t);
}

static void range(struct text *t, const struct measure *m)
{
	if (!isfinite(m->low) || !isfinite(m->high))
		return;
	text_add(t, "[");
	text_real(t, m->low);
	text_add(t, ", ");
	text_real(t, m->high);
	text_add(t, "]");
}

int export_gab(const json_t *doc, struct text *t)
{
	const json_t *results = json_object_get(doc, "results"), *result;
	struct text name = { 0 }, interval = { 0 }, unit = { 0 };
	json_t *root = json_array();
	struct measure m;
	size_t i;

	json_array_foreach((json_t *)results, i, result) {
		if (!measure_of(result, &m) || m.higher)
			continue;
		text_clear(&name);
		text_clear(&interval);
		text_clear(&unit);
		text_item(&name, result);
		text_visible(&unit, m.unit);
		range(&interval, &m);
		json_array_append_new(root, json_pack("{s:s, s:s, s:f, s:s}",
			"name", text_string(&name), "unit", text_string(&unit),
			"value", m.median, "range", text_string(&interval)));
		t->failed |= name.failed | interval.failed | unit.failed;
	}
	text_free(&name);
	text_free(&interval);
	text_free(&unit);
	return dump(root, t);
}
