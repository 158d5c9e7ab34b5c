/*
 * A comparison for a harness, TAP 14: a row is a test point.
 *
 *	not ok		regressed, or newly failing, hanging, crashing
 *	# TODO		the same, but expected; or as wrong as it was
 *	# SKIP		what cannot be judged: unclear, newly skipped, one-sided
 *	ok		all else
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "compare/write.h"
#include "tap.h"

static json_t *number(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static json_t *diagnostics(const struct compare_row *r)
{
	const struct gate_row *g = r->gate;
	json_t *yaml = json_pack("{s:s, s:s}", "base", row_verdict(&r->base),
				 "new", row_verdict(&r->fresh));

	if (r->change)
		json_object_set_new(yaml, "change", json_string(row_change(r)));
	if (r->change == CHANGE_WORSE)
		json_object_set_new(yaml, "severity",
				    json_string(row_verdict(&r->fresh)));
	if (g && !g->excluded) {
		json_object_set_new(yaml, "gate", json_string(
			gate_verdict_name(g->verdict)));
		json_object_set_new(yaml, "ratio", number(g->shift.ratio));
		json_object_set_new(yaml, "interval", json_pack("[o, o]",
			number(g->shift.ci.low), number(g->shift.ci.high)));
		json_object_set_new(yaml, "floor_percent",
				    number(100 * expm1(g->floor)));
		json_object_set_new(yaml, "p_holm", number(g->p_holm));
	}
	if (row_worse(r) && json_object_get(r->fresh.result, "repeat"))
		json_object_set(yaml, "repeat", json_object_get(
			r->fresh.result, "repeat"));
	return yaml;
}

static void point(struct tap *t, const struct compare_row *r)
{
	const char *what = r->gate ? gate_verdict_name(r->gate->verdict)
				   : row_change(r);
	const char *reason = row_reason(r);
	enum tap_directive directive = TAP_NONE;
	json_t *yaml = diagnostics(r);
	bool ok = !row_worse(r);

	if (r->expected) {
		directive = TAP_TODO;
		reason = document_text(r->fresh.result, "expected_failure");
		ok = false;
	} else if (ok && r->fresh.severity > 2) {
		directive = TAP_TODO;
		reason = "as wrong as it was, or less";
		ok = false;
	} else if (r->fresh.severity == 2) {
		directive = TAP_SKIP;
		reason = document_text(r->fresh.result, "reason");
	} else if (r->gate && r->gate->verdict == GATE_UNCLEAR) {
		directive = TAP_SKIP;
	}
	tap_point(t, ok, r->name, what, directive, reason, yaml);
	json_decref(yaml);
}

static void one_sided(struct tap *t, const json_t *names, const char *where)
{
	json_t *name;
	size_t i;

	json_array_foreach((json_t *)names, i, name)
		tap_point(t, true, json_string_value(name), NULL, TAP_SKIP,
			  where, NULL);
}

static void comments(struct tap *t, const json_t *lines)
{
	json_t *line;
	size_t i;

	json_array_foreach((json_t *)lines, i, line)
		tap_comment(t, json_string_value(line));
}

int compare_tap(const struct compare *c, FILE *out, unsigned int version)
{
	struct text summary = { 0 };
	struct tap t;

	tap_begin_version(&t, out, version);
	tap_plan(&t, (unsigned int)(c->count + json_array_size(c->only_base) +
		 json_array_size(c->only_fresh)), NULL);
	for (size_t i = 0; i < c->count; i++)
		point(&t, &c->row[i]);
	one_sided(&t, c->only_base, "only in BASE");
	one_sided(&t, c->only_fresh, "only in NEW");
	comments(&t, c->claims);
	comments(&t, c->notes);
	text_summary(&summary, c);
	tap_comment(&t, text_string(&summary));
	text_free(&summary);
	return tap_end(&t);
}
