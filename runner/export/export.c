/*
 * The formats there are, and what their writers share.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compare/set.h"
#include "export/export.h"
#include "history/history.h"

static const struct exporter exporters[] = {
	{ "bencher", "Bencher Metric Format (JSON)", export_bmf },
	{ "github", "github-action-benchmark, customSmallerIsBetter (JSON)",
	  export_gab },
	{ "go", "Go benchmark text, for benchstat", export_go },
	{ "openmetrics", "OpenMetrics text, for Prometheus",
	  export_openmetrics },
	{ "csv", "a line a result (RFC 4180)", export_csv },
	{ "ktap", "KTAP version 1, as the kernel's tests", export_ktap },
	{ "junit", "JUnit XML, for CI servers", export_junit },
};

const struct exporter *exporter_at(size_t i)
{
	return i < sizeof(exporters) / sizeof(exporters[0]) ? &exporters[i]
							    : NULL;
}

const struct exporter *exporter_find(const char *name)
{
	const struct exporter *x;

	for (size_t i = 0; (x = exporter_at(i)); i++)
		if (!strcmp(x->name, name))
			return x;
	return NULL;
}

bool measure_of(const json_t *result, struct measure *m)
{
	const json_t *ci = json_object_get(result, "ci");

	if (strcmp(document_text(result, "verdict"), "pass") ||
	    !json_is_number(json_object_get(result, "median")))
		return false;
	*m = (struct measure){
		.result = result,
		.id = document_text(result, "id"),
		.unit = document_text(result, "unit"),
		.higher = !strcmp(document_text(result, "better"), "higher"),
		.median = json_number_value(json_object_get(result, "median")),
		.low = NAN, .high = NAN,
	};
	if (json_is_object(ci)) {
		m->low = json_number_value(json_object_get(ci, "low"));
		m->high = json_number_value(json_object_get(ci, "high"));
	}
	return true;
}

void text_item(struct text *t, const json_t *result)
{
	char *params = json_dumps(json_object_get(result, "params"),
				  JSON_COMPACT | JSON_SORT_KEYS);

	text_series(t, document_text(result, "id"), params ? params : "{}",
		    document_text(result, "target"));
	t->failed |= !params;
	free(params);
}
