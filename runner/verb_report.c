/*
 * vmgauge report RESULT... -o DIR: a site that a person can publish.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "detect/detect.h"
#include "history/trends.h"
#include "reports/report.h"
#include "result/doc.h"
#include "result/schema.h"
#include "verb.h"

enum { KEY_SCHEMA = 256, KEY_PAPER, KEY_NOTE, KEY_DETECT, KEY_HISTORY };

struct report_command {
	struct parsed parsed;
	const char **paths;
	size_t count;
	const char **notes;
	size_t note_count;
	const char **detects;
	size_t detect_count;
	const char *dir, *store;
	bool schema, paper;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct report_command *o = state->input;

	switch (key) {
	case 'o':
		o->dir = arg;
		return 0;
	case KEY_SCHEMA:
		o->schema = true;
		return 0;
	case KEY_PAPER:
		o->paper = true;
		return 0;
	case KEY_HISTORY:
		o->store = arg;
		return 0;
	case KEY_NOTE:
		o->notes[o->note_count++] = arg;
		return 0;
	case KEY_DETECT:
		o->detects[o->detect_count++] = arg;
		return 0;
	case ARGP_KEY_ARG:
		o->paths[o->count++] = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

typedef json_t *load_fn(const char *path, struct error *e);

/* -errno: what was loaded before is there, and the error is said. */
static int load_all(const char *const *paths, size_t count, load_fn *load,
		    json_t **to)
{
	struct error e;

	for (size_t i = 0; i < count; i++) {
		to[i] = load(paths[i], &e);
		if (!to[i])
			return verb_fail(&e);
	}
	return 0;
}

static int report_make(const struct report_command *o, json_t **docs,
		       json_t **detects)
{
	struct trends trends = { .series = NULL };
	const struct report_options how = {
		.dir = o->dir, .paper = o->paper, .notes = o->notes,
		.note_count = o->note_count, .detects = detects,
		.detect_count = o->detect_count,
		.trends = o->store ? &trends : NULL };
	struct error e;
	int rc = 0;

	if (load_all(o->paths, o->count, doc_load, docs) ||
	    load_all(o->detects, o->detect_count, detect_load, detects))
		return EXIT_USAGE;
	if (o->store)
		rc = history_trends(&trends, o->store, docs, o->count, &e);
	if (!rc)
		rc = report_publish(docs, o->paths, o->count, &how, &e);
	trends_free(&trends);
	if (rc)
		return verb_fail(&e);
	printf("report  %s/index.html\n", o->dir);
	return EXIT_OK;
}

static void docs_free(json_t **docs, size_t count)
{
	for (size_t i = 0; docs && i < count; i++)
		json_decref(docs[i]);
	free(docs);
}

int verb_report(int argc, char **argv)
{
	static const struct argp_option option[] = {
		{ "output", 'o', "DIR", 0, "where the report goes", 0 },
		{ "paper", KEY_PAPER, NULL, 0, "plots as PDF, too, of one "
		  "column's and of two columns' width", 0 },
		{ "history", KEY_HISTORY, "STORE", 0, "a page of what changed on these "
		  "hosts, from a store of vmgauge history", 0 },
		{ "note", KEY_NOTE, "TEXT", 0, "a line for the front page: what could "
		  "not be measured, and why; may be given again", 0 },
		{ "detect", KEY_DETECT, "FILE", 0, "what vmgauge detect -o wrote: a "
		  "page of its own; may be given again", 0 },
		{ "schema", KEY_SCHEMA, NULL, 0,
		  "print the JSON Schema of result documents instead", 0 },
		{ 0 },
	};
	static const struct argp argp = {
		.options = option, .parser = parse,
		.args_doc = "RESULT...",
		.doc = "A site of pages that load nothing from anywhere: every number with its "
		       "samples, every verdict with its clause, plots with what draws them, "
		       "and all of it as Markdown, too.",
	};
	struct report_command o = { 0 };
	json_t **docs = NULL, **detects = NULL;
	int code = EXIT_USAGE;

	o.paths = calloc((size_t)argc + 1, sizeof(*o.paths));
	docs = calloc((size_t)argc + 1, sizeof(*docs));
	o.notes = calloc((size_t)argc + 1, sizeof(*o.notes));
	o.detects = calloc((size_t)argc + 1, sizeof(*o.detects));
	detects = calloc((size_t)argc + 1, sizeof(*detects));
	if (!o.paths || !docs || !o.notes || !o.detects || !detects)
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
		code = report_make(&o, docs, detects);
	}
out:
	docs_free(docs, o.count);
	docs_free(detects, o.detect_count);
	free(o.paths);
	free(o.notes);
	free(o.detects);
	return code;
}
