/*
 * vmgauge import SERIAL.log: a captured serial log of the image, from any
 * machine, becomes a result document.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "imported.h"
#include "instance.h"
#include "result/doc.h"
#include "verb.h"

enum { KEY_NAME = 256, KEY_EXPECT };

struct import_options {
	struct parsed parsed;
	const char *log, *output, *name, *expect;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct import_options *o = state->input;

	switch (key) {
	case 'o':
		o->output = arg;
		return 0;
	case KEY_NAME:
		if (!*arg || strlen(arg) > 64)
			return -error_set(o->parsed.e, -EINVAL, "--name '%s': "
					  "give 1 to 64 characters", arg);
		o->name = arg;
		return 0;
	case KEY_EXPECT:
		o->expect = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (o->log)
			return -error_set(o->parsed.e, -EINVAL, "one log at a "
					  "time: '%s' is one too many", arg);
		o->log = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		return -error_set(o->parsed.e, -EINVAL, "which log? Give the "
				  "file that holds what came over the serial "
				  "port");
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* A session that has run already, elsewhere. */
static int session_fake(struct session *s, const struct registry *r,
			const struct target *t, const char *expect,
			struct error *e)
{
	int rc;

	session_options_default(&s->options);
	s->target = t;
	s->options.target = t->name;
	s->ctx.backend = &s->backend;
	s->ctx.counters_note = "imported: no counters";
	rc = expect ? expect_load(&s->expect, expect, e) : 0;
	return rc ? rc : session_plan(s, r, e);
}

/* Series without a record did not run and are left out. */
static int results_make(struct session *s, struct error *e)
{
	size_t instances = 0;

	for (unsigned int i = 0; i < s->series_count; i++)
		if (json_array_size(s->series[i].instances) > instances)
			instances = json_array_size(s->series[i].instances);
	s->options.instances = (unsigned int)instances;
	for (unsigned int i = 0; i < s->series_count; i++) {
		struct series *series = &s->series[i];

		if (!series->verdict && !json_array_size(series->instances))
			continue;
		series->result = series_result(s, series);
		if (!series->result)
			return error_set(e, -ENOMEM, "out of memory for a "
					 "result");
	}
	return 0;
}

/* A log may end between two items, where nothing else tells. */
static unsigned int boots_cut(const struct imported *in)
{
	return in->serial.boots > in->byes ? in->serial.boots - in->byes : 0;
}

static int document_save(struct session *s, const struct imported *in,
			 const struct import_options *o, int argc, char **argv,
			 struct error *e)
{
	json_t *doc;
	int rc;

	s->run = verb_run_json(s, argc, argv);
	s->env = imported_env(in, o->log);
	if (!s->run || !s->env)
		return error_set(e, -ENOMEM, "out of memory for the document");
	/* Nobody here set a time for anything. */
	json_object_set_new(s->run, "budget_s", json_null());
	json_object_set_new(s->run, "deadline_ms", json_null());
	verb_run_finish(s, !in->serial.broken && !in->serial.torn_lines &&
			   !in->serial.missing_lines && !boots_cut(in));
	doc = session_document(s);
	if (!doc)
		return error_set(e, -ENOMEM, "out of memory for the document");
	rc = doc_save(doc, o->output, e);
	json_decref(doc);
	return rc;
}

static void summary(const struct imported *in)
{
	const struct serial *s = &in->serial;

	if (in->machines_differ)
		fprintf(stderr, "vmgauge: note: the boots in this log are of "
			"different machines; the document names the first\n");
	if (s->foreign)
		fprintf(stderr, "vmgauge: %u answers are of another image "
			"(build %s; this program's is %s): import them with "
			"the vmgauge that it belongs to\n", s->foreign,
			s->build, s->own_build);
	if (s->torn_lines || s->missing_lines)
		fprintf(stderr, "vmgauge: %u lines are spoilt, %u are "
			"missing\n", s->torn_lines, s->missing_lines);
	if (boots_cut(in))
		fprintf(stderr, "vmgauge: %u of %u boots did not come to their "
			"end: items may follow that are not in this log\n",
			boots_cut(in), s->boots);
	printf("imported %u answers of %u boot%s; %u not whole, %u of another "
	       "image, %u to unknown items\n", s->answers - in->unknown,
	       s->boots, s->boots == 1 ? "" : "s", s->broken, s->foreign,
	       in->unknown);
}

static int import(const struct import_options *o, struct session *s,
		  int argc, char **argv)
{
	struct imported in = { .session = s, .complaints = stderr };
	struct error e;
	size_t bytes;
	char *log;
	int rc;

	if (doc_read_file(o->log, &log, &bytes, &e))
		return verb_fail(&e);
	imported_read(&in, log, bytes);
	free(log);
	summary(&in);
	if (in.serial.answers == in.unknown) {
		error_set(&e, -ENODATA, "%s: no whole answer of this "
			  "program's image in it: capture the serial port "
			  "from the boot on, at 115,200 baud 8n1", o->log);
		return verb_fail(&e);
	}
	rc = in.out_of_memory ? error_set(&e, -ENOMEM, "out of memory")
			      : results_make(s, &e);
	if (!rc && o->output)
		rc = document_save(s, &in, o, argc, argv, &e);
	if (rc)
		return verb_fail(&e);
	table_print(stdout, s);
	table_verdicts(stdout, s);
	return verb_exit_code(s);
}

int verb_import(int argc, char **argv)
{
	static const struct argp_option option[] = {
		{ "output", 'o', "FILE", 0, "result document", 0 },
		{ "name", KEY_NAME, "NAME", 0,
		  "what ran the image: the target of the results (import)", 0 },
		{ "expect", KEY_EXPECT, "FILE", 0,
		  "known failures: target, item, verdict, cause by tab", 0 },
		{ 0 },
	};
	static const struct argp argp = {
		.options = option, .parser = parse, .args_doc = "SERIAL.log",
		.doc = "Make a result document of what the image printed on a "
		       "serial port: boot it anywhere (make iso) and capture "
		       "the port.",
	};
	struct import_options o = { .name = "import" };
	struct target target = { .summary = "a serial log" };
	struct session s = { .quiet = true };
	struct registry r;
	struct error e;
	int code;

	if (!verb_parse(&argp, argc, argv, &o.parsed, &code))
		return code;
	target.name = o.name;
	if (registry_open(&r, &e))
		return verb_fail(&e);
	if (registry_select(&r, REGISTRY_BENCHES | REGISTRY_PROBES, NULL,
			    &e) ||
	    session_fake(&s, &r, &target, o.expect, &e))
		code = verb_fail(&e);
	else
		code = import(&o, &s, argc, argv);
	session_close(&s);
	registry_close(&r);
	return code;
}
