/*
 * The document of a run of detect; its schema is detect.schema.json.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "detect/detect.h"
#include "image.h"
#include "kvm/hide.h"

static const char *const state_name[] = {
	"nothing", "samples", "skipped", "hung", "crashed", "failed",
};
static const char *const told_name[] = { "no", "yes", "unclear" };
static const char *const kind_name[] = { "time", "ratio", "value" };

static json_t *text_or_null(const char *s)
{
	return s && s[0] ? json_string(s) : json_null();
}

/* Values are whole numbers, and so are cycles. */
static json_t *number_json(double v)
{
	return fabs(v) < 9e15 && v == floor(v) ? json_integer((json_int_t)v)
					       : json_real(v);
}

static json_t *taken_json(const struct taken *t, const char *note)
{
	json_t *runs = json_array();
	const double *v = t->value;

	for (unsigned int i = 0; i < t->runs; i++) {
		json_t *run = json_array();

		for (unsigned int k = 0; k < t->count[i]; k++)
			json_array_append_new(run, number_json(*v++));
		json_array_append_new(runs, run);
	}
	return json_pack("{s:s, s:o, s:o, s:o}", "state", state_name[t->state],
			 "reason", text_or_null(t->reason[0] ? t->reason : note),
			 "seen", text_or_null(t->seen), "runs", runs);
}

static json_t *attack_json(const struct attack *a)
{
	if (!a->true_rate)
		return json_null();
	return json_pack("{s:[f,f], s:f, s:f, s:o, s:i, s:i}", "thresholds",
			 a->threshold[0], a->threshold[1], "true_rate",
			 a->true_rate, "false_rate", a->false_rate, "from",
			 a->from ? json_integer((json_int_t)a->from) :
			 json_null(), "decisions", (int)a->decisions, "right",
			 (int)a->right);
}

static json_t *comparison_json(const struct comparison_of *c)
{
	json_t *curve = json_array();

	if (!c->made) {
		json_decref(curve);
		return json_pack("{s:b, s:o}", "made", 0, "reason",
				 text_or_null(c->why));
	}
	for (unsigned int i = 0; i < c->points; i++)
		json_array_append_new(curve, json_pack("[f,f]",
				      c->curve[i].false_rate,
				      c->curve[i].true_rate));
	return json_pack("{s:b, s:o, s:b, s:f, s:b, s:{s:f, s:f, s:f}, s:s, "
			 "s:o, s:o, s:o}", "made", 1, "reason",
			 text_or_null(c->why), "exact", c->exact, "auc", c->auc,
			 "less", c->less, "ci", "low", c->ci.low, "high",
			 c->ci.high, "level", c->ci.level, "told",
			 told_name[c->told], "samples", c->samples ?
			 json_integer((json_int_t)c->samples) : json_null(),
			 "attack", attack_json(&c->attack), "curve", curve);
}

static json_t *outcome_json(const struct taken *t, const struct outcome *o)
{
	if (!t)
		return json_null();
	return json_pack("{s:o, s:o, s:o}", "taken", taken_json(t, NULL),
			 "native", comparison_json(&o->native), "manual",
			 comparison_json(&o->manual));
}

static json_t *hide_json(const struct detect *d, const struct place *p)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < 2; i++)
		if (d->options.hide & 1u << i)
			json_array_append_new(list, json_pack(
				"{s:s, s:b, s:s}", "what", hide_name(1u << i),
				"done", !!(p->hide & 1u << i), "note",
				p->hide_note[i]));
	return list;
}

static json_t *place_json(const struct detect *d, const struct place *p)
{
	const struct session *s = &p->session;
	json_t *ways = json_array();

	for (unsigned int i = 0; i < d->ways; i++)
		json_array_append_new(ways, json_pack(
			"{s:s, s:i, s:o, s:o}", "id", d->name[i], "ring",
			(int)d->ring[i], "plain", outcome_json(
				&p->plain[i], &p->outcome[0][i]), "hidden",
			outcome_json(p->hidden ? &p->hidden[i] : NULL,
				     &p->outcome[1][i])));
	return json_pack("{s:s, s:s, s:b, s:o, s:o, s:o}", "target", p->label,
			 "backend", s->backend.title, "times_meaningful",
			 s->backend.times_meaningful, "unavailable",
			 text_or_null(s->unavailable), "hide", hide_json(d, p),
			 "ways", ways);
}

static json_t *ways_json(const struct detect *d)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < d->ways; i++) {
		const struct way *w = d->way[i];

		json_array_append_new(list, json_pack(
			"{s:s, s:i, s:s, s:s, s:s, s:o, s:o, s:[o,o]}", "id",
			d->name[i], "ring", (int)d->ring[i], "kind", kind_name[w->kind], "measures",
			w->probe.rule, "cite", w->probe.cite, "no_native",
			text_or_null(w->no_native), "control",
			comparison_json(&d->control[i]), "native",
			taken_json(&d->native.plain[i], NULL),
			taken_json(&d->native.hidden[i], NULL)));
	}
	return list;
}

json_t *detect_json(const struct detect *d, const json_t *run)
{
	const struct session *first = d->places ? &d->place[0].session
						: &d->native.session;
	json_t *list = json_array();

	for (unsigned int i = 0; i < d->places; i++)
		json_array_append_new(list, place_json(d, &d->place[i]));
	return json_pack("{s:s, s:{s:s, s:s%}, s:O, s:O, s:{s:b, s:o, s:b}, "
			 "s:i, s:f, s:f, s:f, s:o, s:o}", "schema", DETECT_FORMAT,
			 "vmgauge", "version", VERSION, "image_sha256",
			 image_sha256, (size_t)IMAGE_SHA256_CHARS, "run", run,
			 "env", first->env, "native", "is_guest",
			 d->native_is_guest, "hypervisor",
			 text_or_null(d->native_hypervisor), "times_meaningful",
			 d->native.session.backend.times_meaningful, "rounds",
			 (int)d->options.rounds, "confidence", 1 - DETECT_ERROR,
			 "level", DETECT_LEVEL, "false_alarms",
			 DETECT_FALSE_ALARMS, "ways", ways_json(d), "targets",
			 list);
}
