/*
 * KTAP version 1 (Documentation/dev-tools/ktap.rst): a flat list of tests.
 * Diagnostics stand before the line they belong to. A known failure is XFAIL,
 * a hang TIMEOUT, our own error ERROR.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compare/set.h"
#include "export/escape.h"
#include "export/export.h"
#include "result/doc.h"

enum { SKIP = 2, FAIL = 3, HANG = 4, ERROR = 6 };

static const char *directive(const json_t *result, int severity)
{
	if (severity >= FAIL && json_is_string(json_object_get(result,
						       "expected_failure")))
		return "XFAIL";
	switch (severity) {
	case SKIP:
		return "SKIP";
	case HANG:
		return "TIMEOUT";
	case ERROR:
		return "ERROR";
	default:
		return NULL;
	}
}

static void diagnostics_put(struct text *t, const json_t *result)
{
	struct measure m;

	if (measure_of(result, &m)) {
		text_add(t, "# median ");
		text_real(t, m.median);
		text_add(t, " ");
		text_ktap(t, m.unit);
		text_add(t, "\n");
	} else if (*document_text(result, "reason")) {
		text_add(t, "# ");
		text_ktap(t, document_text(result, "reason"));
		text_add(t, "\n");
	}
}

static void point_put(struct text *t, const json_t *result, size_t number)
{
	int severity = doc_verdict_severity(document_text(result, "verdict"));
	const char *word = directive(result, severity);
	struct text name = { 0 };

	text_item(&name, result);
	diagnostics_put(t, result);
	text_format(t, "%sok %zu - ", severity >= FAIL ? "not " : "", number);
	text_ktap(t, text_string(&name));
	if (word) {
		text_format(t, " # %s ", word);
		text_ktap(t, document_text(result, "reason"));
	}
	text_add(t, "\n");
	t->failed |= name.failed;
	text_free(&name);
}

int export_ktap(const json_t *doc, struct text *t)
{
	const json_t *results = json_object_get(doc, "results"), *result;
	size_t i;

	text_format(t, "KTAP version 1\n1..%zu\n", json_array_size(results));
	json_array_foreach((json_t *)results, i, result)
		point_put(t, result, i + 1);
	return t->failed ? -ENOMEM : 0;
}
