/*
 * JUnit XML, in the shape that Jenkins' and GitLab's schema (junit-10.xsd)
 * accepts. A failure is the hypervisor's, an error is a hang, a crash or our
 * own: what did not come to an answer. A known failure is skipped, with its
 * cause, because a CI server knows no other word for it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compare/set.h"
#include "export/escape.h"
#include "export/export.h"
#include "result/doc.h"

enum { SKIP = 2, FAIL = 3 };

/* What a result counts as. */
enum kind { PASSED, SKIPPED, FAILED, BROKEN };

static enum kind kind_of(const json_t *result)
{
	int severity = doc_verdict_severity(document_text(result, "verdict"));

	if (severity < SKIP)
		return PASSED;
	if (severity == SKIP || json_is_string(json_object_get(result,
						       "expected_failure")))
		return SKIPPED;
	return severity == FAIL ? FAILED : BROKEN;
}

static void message_put(struct text *t, const json_t *result)
{
	const char *known = document_text(result, "expected_failure");

	text_xml(t, *known ? known : *document_text(result, "reason") ?
		 document_text(result, "reason") :
		 document_text(result, "verdict"));
}

static void outcome_put(struct text *t, const json_t *result, enum kind kind)
{
	static const char *const element[] = {
		[SKIPPED] = "skipped", [FAILED] = "failure", [BROKEN] = "error",
	};

	text_format(t, "\t\t<%s", element[kind]);
	if (kind != SKIPPED) {
		text_add(t, " type=\"");
		text_xml(t, document_text(result, "verdict"));
		text_add(t, "\"");
	}
	text_add(t, " message=\"");
	message_put(t, result);
	text_add(t, "\">");
	text_xml(t, document_text(result, "repeat"));
	text_format(t, "</%s>\n", element[kind]);
}

static void case_put(struct text *t, const json_t *result)
{
	const char *id = document_text(result, "id");
	const char *slash = strrchr(id, '/');
	struct text name = { 0 }, room = { 0 };
	struct measure m;

	text_item(&name, result);
	text_bytes(&room, id, slash ? (size_t)(slash - id) : strlen(id));
	text_add(t, "\t<testcase name=\"");
	text_xml(t, text_string(&name));
	text_add(t, "\" classname=\"");
	text_xml(t, text_string(&room));
	text_add(t, "\">\n");
	if (kind_of(result) != PASSED)
		outcome_put(t, result, kind_of(result));
	if (measure_of(result, &m)) {
		text_add(t, "\t\t<system-out>median ");
		text_real(t, m.median);
		text_add(t, " ");
		text_xml(t, m.unit);
		text_add(t, "</system-out>\n");
	}
	text_add(t, "\t</testcase>\n");
	t->failed |= name.failed | room.failed;
	text_free(&name);
	text_free(&room);
}

int export_junit(const json_t *doc, struct text *t)
{
	const json_t *results = json_object_get(doc, "results"), *result;
	size_t tally[BROKEN + 1] = { 0 }, i;
	const char *started = document_text(doc, "run.started");

	json_array_foreach((json_t *)results, i, result)
		tally[kind_of(result)]++;
	text_add(t, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		 "<testsuites>\n<testsuite name=\"vmgauge ");
	text_xml(t, document_text(doc, "run.id"));
	text_format(t, "\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" "
		    "skipped=\"%zu\" timestamp=\"", json_array_size(results),
		    tally[FAILED], tally[BROKEN], tally[SKIPPED]);
	text_xml(t, started);
	text_add(t, "\">\n");
	json_array_foreach((json_t *)results, i, result)
		case_put(t, result);
	text_add(t, "</testsuite>\n</testsuites>\n");
	return t->failed ? -ENOMEM : 0;
}
