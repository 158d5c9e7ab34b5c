/*
 * What may be compared at all. A ratio of two numbers says something only if
 * one thing differs between them: so everything else has to be the same, or
 * the caller says which difference is the question.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "compare/compare.h"

void line_add(json_t *lines, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	for (char *s = line; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			*s = '?';
	/* a character may have been cut in half: then it is no UTF-8 */
	for (size_t n = strlen(line); n && json_array_append_new(lines,
	     json_string(line)); line[--n] = '\0')
		;
}

/* For messages: foreign text as one printable word or "unknown". */
static const char *shown(const json_t *doc, const char *keys, char to[80])
{
	const char *text = document_text(doc, keys);

	snprintf(to, 80, "%s", *text ? text : "unknown");
	for (char *c = to; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return to;
}

/* What makes two fingerprints differ, in words. */
static const char *host_part(const json_t *a, const json_t *b)
{
	static const char *const keys[] = {
		"env.cpu.model", "env.cpu.microcode", "env.kernel.release",
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(document_text(a, keys[i]), document_text(b, keys[i])))
			return keys[i];
	return "env.fingerprint";
}

static bool host_same(const json_t *a, const json_t *b)
{
	const char *fa = document_text(a, "env.fingerprint");

	return *fa && !strcmp(fa, document_text(b, "env.fingerprint"));
}

static bool machine_same(const json_t *a, const json_t *b)
{
	return *document_text(a, "env.cpu.model") &&
	       !strcmp(document_text(a, "env.cpu.model"),
		       document_text(b, "env.cpu.model")) &&
	       !strcmp(document_text(a, "env.cpu.microcode"),
		       document_text(b, "env.cpu.microcode"));
}

static bool image_same(const json_t *a, const json_t *b)
{
	return !strcmp(document_text(a, "vmgauge.image_sha256"),
		       document_text(b, "vmgauge.image_sha256"));
}

static int host_refuse(const char *path_a, const json_t *a,
		       const char *path_b, const json_t *b, const char *mend,
		       struct error *e)
{
	const char *part = host_part(a, b);
	char va[80], vb[80];

	return error_set(e, -EINVAL, "%.100s and %.100s come from different "
			 "hosts: %s is %s there and %s here: %s", path_a,
			 path_b, part, shown(a, part, va), shown(b, part, vb),
			 mend);
}

static int image_refuse(const char *path_a, const json_t *a,
			const char *path_b, const json_t *b, const char *mend,
			struct error *e)
{
	char va[80], vb[80];

	return error_set(e, -EINVAL, "%.100s and %.100s were measured by other "
			 "guest images: %.12s and %.12s: %s", path_a, path_b,
			 shown(a, "vmgauge.image_sha256", va),
			 shown(b, "vmgauge.image_sha256", vb), mend);
}

int set_uniform(const struct set *s, struct error *e)
{
	for (size_t i = 1; i < s->count; i++) {
		if (!host_same(s->doc[0], s->doc[i]))
			return host_refuse(s->path[0], s->doc[0], s->path[i],
				s->doc[i], "one side is one host's", e);
		if (!image_same(s->doc[0], s->doc[i]))
			return image_refuse(s->path[0], s->doc[0], s->path[i],
				s->doc[i], "one side is one build's", e);
	}
	return 0;
}

static int times_check(const struct compare *c, const struct set *s,
		       struct error *e)
{
	if (c->options.verdicts_only || c->options.across & ACROSS_SOFTWARE)
		return 0;
	for (size_t i = 0; i < s->count; i++) {
		const json_t *backend = document_value(s->doc[i],
						       "env.backend");
		char title[80];

		if (!json_is_false(json_object_get(backend,
						   "times_meaningful")) &&
		    !*document_text(backend, "software_host"))
			continue;
		return error_set(e, -EINVAL, "%s: times mean nothing there "
				 "(%s): compare what passed and failed with "
				 "--verdicts, or allow --across software",
				 s->path[i], shown(backend, *document_text(
				 backend, "software_host") ? "software_host" :
				 "title", title));
	}
	return 0;
}

/* A number that was made worse on purpose is nobody's but a test's. */
static int mutants_check(const struct compare *c, const struct set *s,
			 struct error *e)
{
	for (size_t i = 0; i < s->count; i++) {
		const json_t *spin = document_value(s->doc[i],
						    "env.injected.spin_ns");

		if (spin && !(c->options.across & ACROSS_MUTANTS))
			return error_set(e, -EINVAL, "%s was measured with "
					 "--inject spin_ns=%g: a slowdown made "
					 "for tests: measure without, or "
					 "allow --across mutants", s->path[i],
					 json_number_value(spin));
		if (document_value(s->doc[i], "env.injected.defects"))
			return error_set(e, -EINVAL, "%s is of a VMM with planted "
					 "defects (--inject): it tells nothing of "
					 "a host", s->path[i]);
	}
	return 0;
}

static int sides_check(const struct compare *c, struct error *e)
{
	const json_t *a = c->base.doc[0], *b = c->fresh.doc[0];
	unsigned int across = c->options.across;
	bool allowed = host_same(a, b) || across & ACROSS_HOSTS ||
		       (across & ACROSS_KERNELS && machine_same(a, b));

	if (!allowed)
		return host_refuse(c->base.path[0], a, c->fresh.path[0], b,
				   machine_same(a, b) ? "measure both on one "
				   "kernel, or allow --across kernels" :
				   "measure both on one host, or allow "
				   "--across hosts", e);
	if (!image_same(a, b) && !(across & ACROSS_BUILDS))
		return image_refuse(c->base.path[0], a, c->fresh.path[0], b,
				    "measure both with one vmgauge, or allow "
				    "--across builds", e);
	return 0;
}

static void claims_make(struct compare *c)
{
	const json_t *a = c->base.doc[0], *b = c->fresh.doc[0];
	unsigned int across = c->options.across;
	char va[80], vb[80];

	if (across & (ACROSS_HOSTS | ACROSS_KERNELS) && !host_same(a, b)) {
		const char *part = host_part(a, b);

		line_add(c->claims, "%s: %s against %s; all that differs "
			 "between the two %s is in the ratio, whatever its "
			 "cause", part, shown(a, part, va), shown(b, part, vb),
			 machine_same(a, b) ? "kernels" : "hosts");
		if (json_is_true(document_value(a, "env.virtualised.is_guest")) ||
		    json_is_true(document_value(b, "env.virtualised.is_guest")))
			line_add(c->claims, "a host is itself a virtual "
				 "machine: nothing here is a claim about "
				 "hardware");
	}
	if (across & ACROSS_TARGETS)
		line_add(c->claims, "across targets: the ratio is the price of "
			 "the same operation on another target, no regression "
			 "of either");
	if (across & ACROSS_BUILDS && !image_same(a, b))
		line_add(c->claims, "across builds: the guest images differ, "
			 "and so may what they execute");
	if (across & ACROSS_MUTANTS)
		line_add(c->claims, "across mutants: a slowdown was injected "
			 "on purpose (--inject): this tests the gate");
	if (across & ACROSS_SOFTWARE)
		line_add(c->claims, "across software: these times are those of "
			 "a program, and say nothing of a processor");
}

/* One line for each setting that differs between the same host's documents. */
static void setting_note(struct compare *c, const char *keys)
{
	const json_t *a = document_value(c->base.doc[0], keys);
	const json_t *b = document_value(c->fresh.doc[0], keys);
	char *va, *vb;

	if (!a || !b || json_equal(a, b))
		return;
	va = json_dumps(a, JSON_ENCODE_ANY | JSON_COMPACT);
	vb = json_dumps(b, JSON_ENCODE_ANY | JSON_COMPACT);
	line_add(c->notes, "%s differs: %.120s in BASE, %.120s in NEW", keys,
		 va ? va : "?", vb ? vb : "?");
	free(va);
	free(vb);
}

static void settings_note(struct compare *c, const char *keys)
{
	const json_t *map = document_value(c->base.doc[0], keys), *v;
	const char *key;

	json_object_foreach((json_t *)map, key, v) {
		const json_t *other = json_object_get(
			document_value(c->fresh.doc[0], keys), key);

		if (other && !json_equal(v, other) && json_is_string(v) &&
		    json_is_string(other))
			line_add(c->notes, "%s %.60s differs: %.80s in BASE, "
				 "%.80s in NEW", keys, key,
				 json_string_value(v),
				 json_string_value(other));
	}
}

static void set_note(struct compare *c, const struct set *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (json_is_false(document_value(s->doc[i], "run.complete")))
			line_add(c->notes, "%s is of a run that was not "
				 "finished", s->path[i]);
}

static void notes_make(struct compare *c)
{
	static const char *const keys[] = {
		"run.quick", "env.power.governor", "env.power.turbo",
		"env.memory.thp", "env.kernel.cmdline", "env.topology.smt",
		"env.topology.pinned_to", "env.clocksource",
	};

	for (size_t i = 0; i < c->base.count; i++)
		for (size_t k = 0; k < c->fresh.count; k++)
			if (document_same(c->base.path[i], c->base.doc[i],
					  c->fresh.path[k], c->fresh.doc[k]))
				line_add(c->notes, "BASE and NEW are the same "
					 "run (%s): nothing can differ",
					 c->fresh.path[k]);
	set_note(c, &c->base);
	set_note(c, &c->fresh);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		setting_note(c, keys[i]);
	settings_note(c, "env.mitigations");
	settings_note(c, "env.kvm.parameters");
}

int hosts_compare(struct compare *c, struct error *e)
{
	int rc = set_uniform(&c->base, e);

	if (!rc)
		rc = set_uniform(&c->fresh, e);
	if (!rc)
		rc = sides_check(c, e);
	if (!rc)
		rc = times_check(c, &c->base, e);
	if (!rc)
		rc = times_check(c, &c->fresh, e);
	if (!rc)
		rc = mutants_check(c, &c->base, e);
	if (!rc)
		rc = mutants_check(c, &c->fresh, e);
	if (rc)
		return rc;
	claims_make(c);
	notes_make(c);
	return 0;
}
