/*
 * CSV (RFC 4180): a header, then a line a result; every text is quoted.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "compare/set.h"
#include "export/escape.h"
#include "export/export.h"

static void cell(struct text *t, const char *text)
{
	text_csv(t, text);
	text_add(t, ",");
}

static void line_put(struct text *t, const json_t *doc, const json_t *result)
{
	char *params = json_dumps(json_object_get(result, "params"),
				  JSON_COMPACT | JSON_SORT_KEYS |
				  JSON_ENSURE_ASCII);
	struct measure m = { .median = NAN, .low = NAN, .high = NAN };

	measure_of(result, &m);
	cell(t, document_text(doc, "run.id"));
	cell(t, document_text(doc, "run.started"));
	cell(t, document_text(doc, "env.fingerprint"));
	cell(t, document_text(result, "id"));
	cell(t, params);
	cell(t, document_text(result, "target"));
	cell(t, document_text(result, "verdict"));
	cell(t, document_text(result, "reason"));
	cell(t, document_text(result, "unit"));
	text_real(t, m.median);
	text_add(t, ",");
	text_real(t, m.low);
	text_add(t, ",");
	text_real(t, m.high);
	text_add(t, "\r\n");
	t->failed |= !params;
	free(params);
}

int export_csv(const json_t *doc, struct text *t)
{
	const json_t *results = json_object_get(doc, "results"), *result;
	size_t i;

	text_add(t, "run,started,fingerprint,item,params,target,verdict,reason,"
		 "unit,median,low,high\r\n");
	json_array_foreach((json_t *)results, i, result)
		line_put(t, doc, result);
	return t->failed ? -ENOMEM : 0;
}
