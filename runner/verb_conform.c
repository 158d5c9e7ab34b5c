/*
 * vmgauge conform: probe; TAP 14 on standard output as it happens.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "result/doc.h"
#include "score.h"
#include "tap.h"
#include "verb.h"

/* A series is a test point: its name tells the ring when both were asked. */
static void point(struct session *s, const struct series *series)
{
	char name[ABI_NAME_MAX + 16];

	snprintf(name, sizeof(name), "%s%s", series->item->name,
		 series->ring == 3 ? " at CPL3" : "");
	session_progress(s, NULL);
	tap_result(s->watch_opaque, name, series->result);
}

/* A defect that never acted proves nothing. */
static void defects_tell(struct tap *tap, const struct session *s)
{
	const struct defects *d = &s->options.defects;
	char text[160];

	for (unsigned int i = 0; i < d->count; i++) {
		snprintf(text, sizeof(text), "--inject %s: acted %llu times, "
			 "KVM refused %llu", d->planted[i]->name,
			 (unsigned long long)d->acted[i],
			 (unsigned long long)d->refused[i]);
		tap_comment(tap, text);
	}
}

/* Probes of a kind are neighbours: "fidelity/msr", or all of "fidelity". */
static bool same_kind(const char *a, const char *b, unsigned int slashes)
{
	for (; *a && *a == *b; a++, b++)
		if (*a == '/' && !--slashes)
			return true;
	return false;
}

static void score_tell(struct tap *tap, const char *item, unsigned int slashes,
		       const struct score *score)
{
	char text[SCORE_WORDS_MAX + ABI_NAME_MAX + 16], words[SCORE_WORDS_MAX];
	const char *end = strchr(item, '/');

	if (slashes > 1 && end)
		end = strchr(end + 1, '/');
	snprintf(text, sizeof(text), "score %.*s: %s",
		 (int)(end ? end - item : 0), item, score_words(score, words));
	tap_comment(tap, text);
}

/* By subject (of two slashes in a name) or by property (of one). */
static void scores_tell(struct tap *tap, const struct session *s,
			unsigned int slashes)
{
	struct score score = { { 0 } };

	for (unsigned int i = 0; i < s->series_count; i++) {
		const char *name = s->series[i].item->name;
		int verdict = doc_verdict_severity(json_string_value(
			json_object_get(s->series[i].result, "verdict")));

		if (verdict >= 0)
			score.count[verdict]++;
		if (i + 1 < s->series_count &&
		    same_kind(name, s->series[i + 1].item->name, slashes))
			continue;
		score_tell(tap, name, slashes, &score);
		memset(&score, 0, sizeof(score));
	}
}

int verb_conform(int argc, char **argv)
{
	struct argp argp = options_argp;
	struct options o;
	struct registry r;
	struct session s;
	struct error e;
	struct tap tap;
	int code, rc;

	argp.doc = "Run conformance probes: TAP 14 on standard output.";
	if (options_open(&o, argc))
		return EXIT_USAGE;
	if (!verb_parse(&argp, argc, argv, &o.parsed, &code))
		goto out;
	if (o.output && output_check(o.output, &e)) {
		code = verb_fail(&e);
		goto out;
	}
	code = verb_session_open(&s, &r, &o, REGISTRY_PROBES);
	if (code)
		goto out;
	s.run = verb_run_json(&s, argc, argv);
	s.watch = point;
	s.watch_opaque = &tap;
	/* prove sets this; the one of Perl 5.36 dies of "version 14". */
	tap_begin_version(&tap, stdout, getenv("HARNESS_ACTIVE") ? 13 : 14);
	tap.verbose = o.session.verbose;
	tap_plan(&tap, s.series_count, NULL);
	rc = session_run(&s, &e);
	defects_tell(&tap, &s);
	if (rc) {
		tap_bail_out(&tap, e.text);
	} else {
		scores_tell(&tap, &s, 2);
		scores_tell(&tap, &s, 1);
		if (tap.verbose)
			tap_comment(&tap, score_rule);
	}
	verb_run_finish(&s, !rc);
	code = rc == -EINTR ? EXIT_INTERRUPTED : rc ? EXIT_USAGE
						    : verb_exit_code(&s);
	if (tap_end(&tap))
		code = EXIT_USAGE;
	if (o.output) {
		json_t *doc = session_document(&s);

		if (!doc || doc_save(doc, o.output, &e))
			code = verb_fail(&e);
		json_decref(doc);
	}
	session_close(&s);
	registry_close(&r);
out:
	options_close(&o);
	return code;
}
