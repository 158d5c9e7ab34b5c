/*
 * vmgauge run: benches and probes into results/<time>-<host>/, journalled, so
 * that a killed run keeps what was finished and --resume goes on from there.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "image.h"
#include "reports/report.h"
#include "result/doc.h"
#include "verb.h"

struct run {
	struct options options;
	struct registry registry;
	struct session session;
	struct journal journal;
	char dir[3072];
	char result[4096];
};

static int directory_make(struct run *run, struct error *e)
{
	const char *id = json_string_value(json_object_get(run->session.run,
							   "id"));

	if (run->options.output) {
		snprintf(run->dir, sizeof(run->dir), "%s",
			 run->options.output);
	} else {
		if (mkdir("results", 0777) && errno != EEXIST)
			return error_set(e, -errno, "results: %s: use -o DIR",
					 strerror(errno));
		snprintf(run->dir, sizeof(run->dir), "results/%s", id);
	}
	if (mkdir(run->dir, 0777) && errno != EEXIST)
		return error_set(e, -errno, "%s: %s: use -o with a directory "
				 "that can be made", run->dir,
				 strerror(errno));
	return 0;
}

static json_t *version_json(void)
{
	return json_pack("{s:s, s:s%}", "version", VERSION, "image_sha256",
			 image_sha256, (size_t)IMAGE_SHA256_CHARS);
}

static int journal_begin(struct run *run, struct error *e)
{
	struct session *s = &run->session;
	json_t *header;
	int rc;

	rc = directory_make(run, e);
	if (rc)
		return rc;
	header = json_pack("{s:O, s:O, s:o}", "run", s->run, "env", s->env,
			   "vmgauge", version_json());
	if (!header)
		return error_set(e, -ENOMEM, "out of memory for the journal");
	rc = journal_create(&run->journal, run->dir, header, e);
	if (rc == -EEXIST)
		error_set(e, rc, "%s holds a run already: resume it with "
			  "--resume %s, or use another -o", run->dir,
			  run->dir);
	json_decref(header);
	return rc;
}

/* A journal may only be continued by the program and image that began it. */
static int header_check(const json_t *header, const char *dir,
			struct error *e)
{
	json_t *ours = version_json();
	bool same = json_equal(json_object_get(header, "vmgauge"), ours);

	json_decref(ours);
	if (same)
		return 0;
	return error_set(e, -EPROTO, "%s was begun by vmgauge %s with another "
			 "guest image: resume it with that build, or start a "
			 "new run", dir, json_string_value(json_object_get(
			 json_object_get(header, "vmgauge"), "version")));
}

static int journal_resume(struct run *run, json_t **header, json_t **records,
			  struct error *e)
{
	const char *dir = run->options.resume;
	struct session_options *o = &run->options.session;
	json_t *old;
	int rc;

	snprintf(run->dir, sizeof(run->dir), "%s", dir);
	rc = journal_open_resume(&run->journal, dir, header, records, e);
	if (rc)
		return rc;
	rc = header_check(*header, dir, e);
	if (rc)
		return rc;
	/* It goes on as it was begun, whatever is asked now. */
	old = json_object_get(*header, "run");
	o->seed = (uint64_t)json_integer_value(json_object_get(old, "seed"));
	o->quick = json_is_true(json_object_get(old, "quick"));
	o->budget_s = json_number_value(json_object_get(old, "budget_s"));
	o->deadline_ms = (unsigned int)json_integer_value(
		json_object_get(old, "deadline_ms"));
	o->instances = (unsigned int)json_integer_value(
		json_object_get(old, "instances"));
	o->precision = json_number_value(json_object_get(old, "precision"));
	return 0;
}

static int results_write(struct run *run, struct error *e)
{
	json_t *doc = session_document(&run->session), *saved;
	const char *path = run->result;
	char dir[4096];
	int rc;

	if (!doc)
		return error_set(e, -ENOMEM, "out of memory for the document");
	snprintf(run->result, sizeof(run->result), "%s/result.json", run->dir);
	rc = doc_save(doc, path, e);
	if (!rc) {
		snprintf(dir, sizeof(dir), "%s/report", run->dir);
		/* As it was written, digit by digit: made again it is the same. */
		saved = doc_load(path, e);
		rc = saved ? report_write(&saved, &path, 1, dir, e) : -EIO;
		json_decref(saved);
	}
	json_decref(doc);
	return rc;
}

/* One line: what happened, and how to go on from what is kept. */
static int resume_fail(const struct run *run, const struct error *e)
{
	fflush(stdout);
	fprintf(stderr, "vmgauge: %s; what was finished is kept: go on with "
		"vmgauge run --resume %s\n", e->text, run->dir);
	return EXIT_USAGE;
}

static int measure(struct run *run)
{
	struct session *s = &run->session;
	struct error e;
	int rc = session_run(s, &e);

	verb_run_finish(s, !rc);
	if (rc) {
		resume_fail(run, &e);
		return rc == -EINTR ? EXIT_INTERRUPTED : EXIT_USAGE;
	}
	table_print(stdout, s);
	table_verdicts(stdout, s);
	if (results_write(run, &e))
		return resume_fail(run, &e);
	printf("result  %s\nreport  %s/report/index.html\n", run->result,
	       run->dir);
	return verb_exit_code(s);
}

static int run_new(struct run *run, int argc, char **argv)
{
	struct error e;
	int code = verb_session_open(&run->session, &run->registry,
				     &run->options,
				     REGISTRY_BENCHES | REGISTRY_PROBES);

	if (code)
		return code;
	run->session.run = verb_run_json(&run->session, argc, argv);
	code = journal_begin(run, &e) ? verb_fail(&e) : EXIT_OK;
	if (!code) {
		run->session.journal = &run->journal;
		code = measure(run);
	}
	session_close(&run->session);
	registry_close(&run->registry);
	return code;
}

/* Items, rings and target as they were asked for at the start. */
static void command_restore(struct options *o, const json_t *header)
{
	const json_t *command = json_object_get(json_object_get(header, "run"),
						"command");
	struct argp argp = options_argp;
	char *argv[256];
	int argc = 0, code;
	json_t *arg;
	size_t i;

	json_array_foreach(command, i, arg)
		if (i && argc < 255)
			argv[argc++] = (char *)json_string_value(arg);
	argv[argc] = NULL;
	if (argc < 2)
		return;
	free(o->globs);
	o->globs = calloc((size_t)argc + 1, sizeof(*o->globs));
	o->glob_count = 0;
	/* It was taken once; nothing in it can be refused now. */
	verb_parse(&argp, argc, argv, &o->parsed, &code);
}

/* Takes the notes of earlier resumes out of the records; how many. */
static json_int_t resumes_take(json_t *records)
{
	json_int_t n = 0;

	for (size_t i = json_array_size(records); i-- > 0;)
		if (json_object_get(json_array_get(records, i), "resumed") &&
		    !json_array_remove(records, i))
			n++;
	return n;
}

/* Each resume is a line of the journal, so that killed ones count too. */
static int resume_note(struct run *run, json_int_t n, struct error *e)
{
	json_t *line = json_pack("{s:I}", "resumed", n);
	int rc;

	if (!line)
		return error_set(e, -ENOMEM, "out of memory for the journal");
	rc = journal_append(&run->journal, line, e);
	json_decref(line);
	return rc;
}

static int run_resume(struct run *run)
{
	json_t *header = NULL, *records = NULL, *saved;
	const char *dir = run->options.resume;
	json_int_t resumed;
	struct error e;
	int code;

	if (journal_resume(run, &header, &records, &e)) {
		code = verb_fail(&e);
		goto out;
	}
	command_restore(&run->options, header);
	run->options.resume = dir;
	code = verb_session_open(&run->session, &run->registry, &run->options,
				 REGISTRY_BENCHES | REGISTRY_PROBES);
	if (code)
		goto out;
	saved = json_deep_copy(json_object_get(header, "run"));
	resumed = resumes_take(records) + 1;
	json_object_set_new(saved, "resumed", json_integer(resumed));
	run->session.run = saved;
	if (session_resume(&run->session, records, &e) ||
	    resume_note(run, resumed, &e)) {
		code = verb_fail(&e);
	} else {
		fprintf(stderr, "vmgauge: %zu runs were finished before\n",
			json_array_size(records));
		run->session.journal = &run->journal;
		code = measure(run);
	}
	session_close(&run->session);
	registry_close(&run->registry);
out:
	json_decref(header);
	json_decref(records);
	return code;
}

int verb_run(int argc, char **argv)
{
	struct argp argp = options_argp;
	struct run run = { .journal = { .fd = -1 } };
	int code;

	argp.doc = "Measure and probe, into results/<time>-<host>/ with its "
		   "report.";
	if (options_open(&run.options, argc))
		return EXIT_USAGE;
	run.options.resumable = true;
	if (verb_parse(&argp, argc, argv, &run.options.parsed, &code))
		code = run.options.resume ? run_resume(&run)
					  : run_new(&run, argc, argv);
	journal_close(&run.journal);
	options_close(&run.options);
	return code;
}
