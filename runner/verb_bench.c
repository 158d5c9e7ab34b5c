/*
 * vmgauge bench: measure, print a table, and with -o leave a document.
 */
#include <errno.h>
#include <stdio.h>

#include "result/doc.h"
#include "verb.h"

static int document_save(struct session *s, const char *path)
{
	struct error e;
	json_t *doc = session_document(s);
	int rc = doc ? doc_save(doc, path, &e)
		     : error_set(&e, -ENOMEM, "out of memory for %s", path);

	json_decref(doc);
	return rc ? verb_fail(&e) : EXIT_OK;
}

int verb_bench(int argc, char **argv)
{
	struct argp argp = options_argp;
	struct options o;
	struct registry r;
	struct session s;
	struct error e;
	int code, rc;

	argp.doc = "Measure benches: a table for people, -o FILE for machines.";
	if (options_open(&o, argc))
		return EXIT_USAGE;
	if (!verb_parse(&argp, argc, argv, &o.parsed, &code))
		goto out;
	if (o.output && output_check(o.output, &e)) {
		code = verb_fail(&e);
		goto out;
	}
	code = verb_session_open(&s, &r, &o, REGISTRY_BENCHES);
	if (code)
		goto out;
	s.run = verb_run_json(&s, argc, argv);
	rc = session_run(&s, &e);
	verb_run_finish(&s, !rc);
	table_print(stdout, &s);
	code = rc == -EINTR ? EXIT_INTERRUPTED : rc ? verb_fail(&e)
						    : verb_exit_code(&s);
	if (o.output && document_save(&s, o.output))
		code = EXIT_USAGE;
	session_close(&s);
	registry_close(&r);
out:
	options_close(&o);
	return code;
}
