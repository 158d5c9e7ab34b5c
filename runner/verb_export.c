/*
 * vmgauge export: a result document in the format of another tool.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "compare/set.h"
#include "export/export.h"
#include "export/save.h"
#include "verb.h"

enum { KEY_FORMAT = 256 };

struct options_export {
	struct parsed parsed;
	const struct exporter *exporter;
	const char *result, *output;
};

static error_t format_parse(struct options_export *o, const char *arg)
{
	struct text names = { 0 };
	const struct exporter *x;

	o->exporter = exporter_find(arg);
	if (o->exporter)
		return 0;
	for (size_t i = 0; (x = exporter_at(i)); i++)
		text_format(&names, "%s%s", i ? ", " : "", x->name);
	error_set(o->parsed.e, -EINVAL, "--format '%.40s': give one of %s", arg,
		  text_string(&names));
	text_free(&names);
	return EINVAL;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options_export *o = state->input;

	switch (key) {
	case KEY_FORMAT:
		return format_parse(o, arg);
	case 'o':
		o->output = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (o->result && o->result != arg)
			return -error_set(o->parsed.e, -EINVAL, "export takes one "
					  "RESULT: '%.200s' is one too many",
					  arg);
		o->result = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int result_export(const struct options_export *o, struct error *e)
{
	struct text t = { 0 };
	struct set one = { 0 };
	int rc = o->output ? output_check(o->output, e) : 0;

	if (!rc)
		rc = set_open(&one, "RESULT", &o->result, 1, e);
	if (!rc && o->exporter->write(one.doc[0], &t))
		rc = error_set(e, -ENOMEM, "out of memory");
	if (!rc && o->output)
		rc = text_save(&t, o->output, e);
	else if (!rc)
		fwrite(text_string(&t), 1, t.length, stdout);
	set_close(&one);
	text_free(&t);
	return rc;
}

static const struct argp_option option[] = {
	{ "format", KEY_FORMAT, "NAME", 0, "bencher (Bencher Metric Format), "
	  "github (github-action-benchmark, customSmallerIsBetter), go (for "
	  "benchstat), openmetrics, csv, ktap or junit", 0 },
	{ "output", 'o', "FILE", 0, "instead of standard output", 0 },
	{ 0 },
};

int verb_export(int argc, char **argv)
{
	static const struct argp argp = {
		.options = option, .parser = parse,
		.args_doc = "--format NAME RESULT",
		.doc = "A result document, or that of a directory of vmgauge run, "
		       "in the format of another tool.\v"
		       "Exit codes: 0 written; 2 usage or environment.",
	};
	struct options_export o = { 0 };
	struct error e = { "" };
	int code = EXIT_USAGE;

	if (!verb_parse(&argp, argc, argv, &o.parsed, &code))
		return code;
	if (!o.exporter)
		error_set(&e, -EINVAL, "export into what? Give --format NAME");
	else if (!o.result)
		error_set(&e, -EINVAL, "export what? Give a result document, or a "
			  "directory of vmgauge run");
	else if (!result_export(&o, &e))
		return EXIT_OK;
	return verb_fail(&e);
}
