/*
 * vmgauge conform: probe; TAP 14 on standard output as it happens.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "result/doc.h"
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
	if (rc)
		tap_bail_out(&tap, e.text);
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
