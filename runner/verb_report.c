/*
 * vmgauge report RESULT... -o DIR: a page that a person can publish.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/report.h"
#include "result/doc.h"
#include "result/schema.h"
#include "verb.h"

enum { KEY_SCHEMA = 256 };

struct report_options {
	struct parsed parsed;
	const char **paths;
	size_t count;
	const char *dir;
	bool schema;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct report_options *o = state->input;

	switch (key) {
	case 'o':
		o->dir = arg;
		return 0;
	case KEY_SCHEMA:
		o->schema = true;
		return 0;
	case ARGP_KEY_ARG:
		o->paths[o->count++] = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int report_make(const struct report_options *o, json_t **docs)
{
	struct error e;

	for (size_t i = 0; i < o->count; i++) {
		docs[i] = doc_load(o->paths[i], &e);
		if (!docs[i])
			return verb_fail(&e);
	}
	if (report_write(docs, o->paths, o->count, o->dir, &e))
		return verb_fail(&e);
	printf("report  %s/index.html\n", o->dir);
	return EXIT_OK;
}

int verb_report(int argc, char **argv)
{
	static const struct argp_option option[] = {
		{ "output", 'o', "DIR", 0, "where the report goes", 0 },
		{ "schema", KEY_SCHEMA, NULL, 0,
		  "print the JSON Schema of result documents instead", 0 },
		{ 0 },
	};
	static const struct argp argp = {
		.options = option, .parser = parse,
		.args_doc = "RESULT...",
		.doc = "A self-contained page, its Markdown twin and plots.",
	};
	struct report_options o = { 0 };
	json_t **docs = NULL;
	int code = EXIT_USAGE;

	o.paths = calloc((size_t)argc + 1, sizeof(*o.paths));
	docs = calloc((size_t)argc + 1, sizeof(*docs));
	if (!o.paths || !docs)
		goto out;
	if (!verb_parse(&argp, argc, argv, &o.parsed, &code))
		goto out;
	if (o.schema) {
		fwrite(result_schema_start, 1, (size_t)(result_schema_end -
			result_schema_start), stdout);
		code = EXIT_OK;
	} else if (!o.count || !o.dir) {
		fprintf(stderr, "vmgauge: report needs result files and "
			"-o DIR\n");
		code = EXIT_USAGE;
	} else {
		code = report_make(&o, docs);
	}
out:
	for (size_t i = 0; docs && i < o.count; i++)
		json_decref(docs[i]);
	free(docs);
	free(o.paths);
	return code;
}
