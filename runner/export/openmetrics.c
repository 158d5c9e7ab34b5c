/*
 * OpenMetrics text 1.0: gauges with item, parameters and target as labels.
 *
 * A family's samples must stand together and end with "# EOF"; label names are
 * fixed here, what a document says is in values only. Parameters are one
 * label, because two documents may give one item different ones.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compare/set.h"
#include "export/escape.h"
#include "export/export.h"
#include "result/doc.h"

static void labels_put(struct text *t, const json_t *doc, const json_t *result)
{
	char *params = json_dumps(json_object_get(result, "params"),
				  JSON_COMPACT | JSON_SORT_KEYS |
				  JSON_ENSURE_ASCII);

	text_add(t, "{item=\"");
	text_label(t, document_text(result, "id"));
	text_add(t, "\",params=\"");
	text_label(t, params);
	text_add(t, "\",target=\"");
	text_label(t, document_text(result, "target"));
	text_add(t, "\",fingerprint=\"");
	text_label(t, document_text(doc, "env.fingerprint"));
	t->failed |= !params;
	free(params);
}

static double pick(const struct measure *m, int which)
{
	return which == 0 ? m->median : which == 1 ? m->low : m->high;
}

static void numbers_put(struct text *t, const json_t *doc, const char *family,
			int which)
{
	const json_t *results = json_object_get(doc, "results"), *result;
	struct measure m;
	size_t i;

	json_array_foreach((json_t *)results, i, result) {
		if (!measure_of(result, &m) || !isfinite(pick(&m, which)))
			continue;
		text_add(t, family);
		labels_put(t, doc, result);
		text_add(t, "\",unit=\"");
		text_label(t, m.unit);
		text_add(t, "\"} ");
		text_real(t, pick(&m, which));
		text_add(t, "\n");
	}
}

/* A state set would need a sample for each of the seven: one number tells. */
static void verdicts_put(struct text *t, const json_t *doc)
{
	const json_t *results = json_object_get(doc, "results"), *result;
	size_t i;

	text_add(t, "# TYPE vmgauge_severity gauge\n# HELP vmgauge_severity "
		 "Verdict: 0 pass, 1 tell, 2 skip, 3 fail, 4 hang, 5 crash, "
		 "6 error.\n");
	json_array_foreach((json_t *)results, i, result) {
		text_add(t, "vmgauge_severity");
		labels_put(t, doc, result);
		text_format(t, "\"} %d\n", doc_verdict_severity(
			    document_text(result, "verdict")));
	}
}

int export_openmetrics(const json_t *doc, struct text *t)
{
	static const struct {
		const char *name, *help;
	} family[] = {
		{ "vmgauge_median", "Cost of one operation, median over VM "
		  "instances." },
		{ "vmgauge_interval_low", "Lower end of the median's "
		  "interval." },
		{ "vmgauge_interval_high", "Upper end of the median's "
		  "interval." },
	};

	for (int i = 0; i < 3; i++) {
		text_format(t, "# TYPE %s gauge\n# HELP %s %s\n",
			    family[i].name, family[i].name, family[i].help);
		numbers_put(t, doc, family[i].name, i);
	}
	verdicts_put(t, doc);
	text_add(t, "# EOF\n");
	return t->failed ? -ENOMEM : 0;
}
