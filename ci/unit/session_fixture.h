/*
 * A session over chosen items on the null target (or one made from it), and
 * short ways to what came of it.
 */
#ifndef VMGAUGE_UNIT_SESSION_FIXTURE_H
#define VMGAUGE_UNIT_SESSION_FIXTURE_H

#include <jansson.h>
#include <string.h>

#include "instance.h"
#include "registry.h"
#include "session.h"
#include "verb.h"

struct bed {
	struct registry registry;
	struct session s;
};

/* What most tests ask for: ring 0, a fixed seed, this thread left alone. */
static inline struct session_options bed_options(const char *target)
{
	struct session_options o;

	session_options_default(&o);
	o.target = target;
	o.seed = 1;
	o.rings = RING0;
	o.deadline_ms = 20;
	o.no_pin = true;
	return o;
}

static inline void bed_open(struct bed *b, const struct session_options *o,
			    const char *const *globs)
{
	static char *argv[] = { "run", NULL };
	struct error e = { "" };

	memset(b, 0, sizeof(*b));
	if (registry_open(&b->registry, &e) ||
	    registry_select(&b->registry, REGISTRY_BENCHES | REGISTRY_PROBES,
			    globs, &e) ||
	    session_open(&b->s, o, &e) ||
	    session_plan(&b->s, &b->registry, &e))
		fail_msg("%s", e.text);
	b->s.quiet = true;
	b->s.run = verb_run_json(&b->s, 1, argv);
	assert_non_null(b->s.run);
}

static inline void bed_close(struct bed *b)
{
	session_close(&b->s);
	registry_close(&b->registry);
}

static inline void bed_run(struct bed *b)
{
	struct error e = { "" };

	if (session_run(&b->s, &e))
		fail_msg("%s", e.text);
	verb_run_finish(&b->s, true);
}

/* Opened and run to the end with one glob. */
static inline void bed_of(struct bed *b, const char *target, const char *glob)
{
	const char *const globs[] = { glob, NULL };
	const struct session_options o = bed_options(target);

	bed_open(b, &o, globs);
	bed_run(b);
}

static inline const json_t *bed_result(const struct bed *b, const char *id,
				       unsigned int ring)
{
	for (unsigned int i = 0; i < b->s.series_count; i++)
		if (!strcmp(b->s.series[i].item->name, id) &&
		    b->s.series[i].ring == ring)
			return b->s.series[i].result;
	return NULL;
}

/* A value down a path of keys; NULL-terminated by the macro. */
static inline json_t *dig_keys(const json_t *o, const char *const *key)
{
	json_t *v = (json_t *)o;

	for (; *key && v; key++)
		v = json_object_get(v, *key);
	return v;
}
#define DIG(o, ...)	dig_keys(o, (const char *const[]){ __VA_ARGS__, NULL })
#define DIG_NUMBER(o, ...)	json_number_value(DIG(o, __VA_ARGS__))
#define DIG_TEXT(o, ...)	json_string_value(DIG(o, __VA_ARGS__))

#endif
