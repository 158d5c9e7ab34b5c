/*
 * A comparison for machines. What is not known is null; "worse" and the
 * verdicts are the same that the exit code rests on.
 */
#include <math.h>
#include <string.h>

#include "compare/write.h"

static json_t *number(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static json_t *documents(const struct set *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->count; i++)
		json_array_append_new(list, json_pack("{s:o, s:O}", "path",
			json_string(s->path[i]) ?: json_string("?"), "run",
			json_object_get(json_object_get(s->doc[i], "run"),
					"id")));
	return list;
}

static json_t *side(const struct row_side *s)
{
	return json_pack("{s:s, s:o, s:I, s:I}", "verdict", row_verdict(s),
			 "median", number(s->median), "instances",
			 (json_int_t)s->count, "runs", (json_int_t)s->runs);
}

static const char *floor_name(enum gate_floor from)
{
	static const char *const name[] = {
		[FLOOR_THRESHOLD] = "threshold", [FLOOR_DRIFT] = "drift",
		[FLOOR_ROWS] = "rows", [FLOOR_RUNS] = "runs",
	};

	return name[from];
}

static json_t *gate_json(const struct gate_row *g)
{
	const struct shift *s = &g->shift;

	if (g->excluded)
		return json_pack("{s:s}", "verdict",
				 gate_verdict_name(g->verdict));
	return json_pack("{s:s, s:o, s:{s:o, s:o, s:o}, s:f, s:f, s:f, s:o, "
			 "s:s, s:b}",
		"verdict", gate_verdict_name(g->verdict),
		"ratio", number(s->ratio), "interval", "low",
		number(s->ci.low), "high", number(s->ci.high), "level",
		number(s->ci.level), "p", s->p, "p_holm", g->p_holm,
		"cliffs_delta", s->delta, "floor_percent",
		number(100 * expm1(g->floor)), "floor_from",
		floor_name(g->floor_from), "higher_is_better",
		g->higher_better);
}

static json_t *text_or_null(const char *text)
{
	json_t *s = text && *text ? json_string(text) : NULL;

	return s ? s : json_null();
}

static json_t *row_json(const struct compare_row *r)
{
	const json_t *id = r->fresh.result;

	return json_pack("{s:O, s:O, s:O, s:O, s:o, s:o, s:o, s:o, s:o, s:o, "
			 "s:b, s:b}",
		"id", json_object_get(id, "id"),
		"kind", json_object_get(id, "kind"),
		"target", json_object_get(id, "target"),
		"params", json_object_get(id, "params"),
		"base", side(&r->base), "new", side(&r->fresh),
		"change", text_or_null(row_change(r)),
		"gate", r->gate ? gate_json(r->gate) : json_null(),
		"reason", text_or_null(row_reason(r)),
		"note", text_or_null(r->note),
		"worse", row_worse(r), "expected", r->expected);
}

static json_t *tally(const struct compare *c)
{
	json_t *t = json_object();

	for (int v = GATE_UNCLEAR; v <= GATE_REGRESSED; v++)
		json_object_set_new(t, gate_verdict_name(v),
				    json_integer(c->tally[v]));
	json_object_set_new(t, "newly_wrong",
			    json_integer(c->changes[CHANGE_WORSE] - c->known));
	json_object_set_new(t, "newly_wrong_expected", json_integer(c->known));
	json_object_set_new(t, "newly_passing",
			    json_integer(c->changes[CHANGE_NEWLY_PASSING]));
	json_object_set_new(t, "newly_skipped",
			    json_integer(c->changes[CHANGE_NEWLY_SKIPPED]));
	return t;
}

json_t *compare_json(const struct compare *c)
{
	json_t *rows = json_array(), *doc;
	int rc = rows ? 0 : -1;

	for (size_t i = 0; i < c->count && !rc; i++)
		rc = json_array_append_new(rows, row_json(&c->row[i]));
	if (rc) {
		json_decref(rows);
		return NULL;
	}
	doc = json_pack("{s:s, s:s, s:o, s:o, s:f, s:f, s:b, s:o, s:O, s:O, "
			"s:O, s:O, s:o}",
		"schema", "vmgauge-compare/1", "vmgauge", VERSION,
		"base", documents(&c->base), "new", documents(&c->fresh),
		"alpha", c->options.alpha, "threshold_percent",
		100 * c->options.threshold, "worse", compare_worse(c),
		"summary", tally(c), "claims", c->claims, "notes", c->notes,
		"only_in_base", c->only_base, "only_in_new", c->only_fresh,
		"results", rows);
	if (doc && c->live)
		json_object_set(doc, "live", c->live);
	return doc;
}
