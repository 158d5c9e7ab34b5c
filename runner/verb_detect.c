/*
 * vmgauge detect: how well each known way tells a VM from this machine, and
 * with how many samples.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "detect/detect.h"
#include "export/save.h"
#include "kvm/hide.h"
#include "result/doc.h"
#include "result/schema.h"
#include "terminal.h"
#include "value.h"
#include "verb.h"

enum { KEY_TARGET = 256, KEY_HIDE, KEY_ROUNDS, KEY_SEED, KEY_DEADLINE,
       KEY_LIST, KEY_SCHEMA };

struct options_detect {
	struct parsed parsed;
	struct detect_options detect;
	const char **globs;		/* owned */
	size_t glob_count;
	const char *output;
	bool verbose, list, schema;
};

static error_t whole(const char *name, const char *value, unsigned long min,
		     unsigned long max, unsigned int *to, struct error *e)
{
	unsigned long v = *to;
	int rc = value_whole(name, value, min, max, &v, e);

	*to = (unsigned int)v;
	return -rc;
}

static error_t target_add(struct options_detect *o, const char *target)
{
	struct detect_options *d = &o->detect;

	for (unsigned int i = 0; i < d->targets; i++)
		if (!strcmp(d->target[i], target))
			return -error_set(o->parsed.e, -EINVAL, "--target '%.60s': "
					  "give each target once", target);
	if (d->targets == DETECT_TARGETS_MAX)
		return -error_set(o->parsed.e, -EINVAL, "--target '%.60s': give "
				  "at most %d", target, DETECT_TARGETS_MAX);
	d->target[d->targets++] = target;
	return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options_detect *o = state->input;
	struct detect_options *d = &o->detect;
	struct error *e = o->parsed.e;

	switch (key) {
	case KEY_TARGET:
		return target_add(o, arg);
	case KEY_HIDE:
		return -hide_parse(arg, &d->hide, e);
	case KEY_ROUNDS:
		return whole("--rounds", arg, DETECT_ROUNDS_MIN,
			     DETECT_ROUNDS_MAX, &d->rounds, e);
	case KEY_SEED:
		return -value_whole("--seed", arg, 1, 1ul << 48, &d->seed, e);
	case KEY_DEADLINE:
		return whole("--deadline", arg, 10, 600000, &d->deadline_ms, e);
	case KEY_LIST:
		o->list = true;
		return 0;
	case KEY_SCHEMA:
		o->schema = true;
		return 0;
	case 'o':
		o->output = arg;
		return 0;
	case 'v':
		o->verbose = true;
		return 0;
	case ARGP_KEY_ARG:
		o->globs[o->glob_count++] = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option option[] = {
	{ "target", KEY_TARGET, "NAME[:OPTIONS]", 0,
	  "what runs the guest image (kvm); may be given again", 0 },
	{ "hide", KEY_HIDE, "LIST", 0, "what the built-in VMM hides in a second "
	  "measurement beside the first: hypervisor (the CPUID bit, its leaves "
	  "and their MSRs), tsc (scaled), by comma", 0 },
	{ "rounds", KEY_ROUNDS, "N", 0, "fresh VMs for each way (10)", 0 },
	{ "seed", KEY_SEED, "N", 0, "order of runs (from the clock)", 0 },
	{ "deadline", KEY_DEADLINE, "MS", 0,
	  "for one run of the guest (2000)", 0 },
	{ "list", KEY_LIST, NULL, 0, "the ways there are, and no more", 0 },
	{ "schema", KEY_SCHEMA, NULL, 0,
	  "print the JSON Schema of its documents, and no more", 0 },
	{ "output", 'o', "FILE", 0, "document, with all samples and curves", 0 },
	{ "verbose", 'v', NULL, 0, "thresholds, their rates, and the attack as it "
	  "was carried out", 0 },
	{ 0 },
};

static void progress(const struct detect *d)
{
	static unsigned int shown;
	struct terminal t;

	terminal_look(&t, STDERR_FILENO);
	if (!t.rich || (d->done < shown + 10 && d->done != d->total))
		return;
	shown = d->done;
	if (d->done == d->total)
		fprintf(stderr, "\r\033[K");
	else
		fprintf(stderr, "\r%u of %u runs\033[K", d->done, d->total);
	fflush(stderr);
}

static void ways_list(const struct detect *d)
{
	for (unsigned int i = 0; i < d->ways; i++)
		printf("%-40s CPL%u  %s\n", d->name[i], d->ring[i],
		       d->way[i]->probe.rule);
}

static int measure(struct options_detect *o, struct detect *d, int argc,
		   char **argv, struct error *e)
{
	struct session *s = &d->native.session;
	int rc;

	d->interrupted = &verb_interrupted;
	d->progress = progress;
	verb_catch_signals();
	s->run = verb_run_json(s, argc, argv);
	rc = detect_run(d, e);
	if (!rc)
		rc = detect_judge(d, e);
	if (rc) {
		verb_fail(e);
		return rc == -EINTR ? EXIT_INTERRUPTED : EXIT_USAGE;
	}
	verb_run_finish(s, true);
	detect_print(stdout, d, o->verbose);
	if (o->output && json_save(detect_json(d, s->run),
				   JSON_INDENT(1) | JSON_REAL_PRECISION(12),
				   o->output, e))
		return verb_fail(e);
	if (detect_skipped(d))
		return EXIT_SKIPPED;
	return detect_told(d) ? EXIT_WRONG : EXIT_OK;
}

static int detect(struct options_detect *o, int argc, char **argv)
{
	struct detect *d = calloc(1, sizeof(*d));
	struct error e = { "" };
	int code;

	if (!o->detect.targets && !o->list)
		o->detect.target[o->detect.targets++] = "kvm";
	if (!d) {
		error_set(&e, -ENOMEM, "out of memory");
		return verb_fail(&e);
	}
	if ((o->output && output_check(o->output, &e)) ||
	    detect_open(d, &o->detect, &e))
		code = verb_fail(&e);
	else if (o->list)
		code = EXIT_OK;
	else
		code = measure(o, d, argc, argv, &e);
	if (o->list && code == EXIT_OK)
		ways_list(d);
	detect_close(d);
	free(d);
	return code;
}

int verb_detect(int argc, char **argv)
{
	static const struct argp argp = {
		.options = option, .parser = parse, .args_doc = "[GLOB...]",
		.doc = "How well each known way to detect a VM tells a target "
		       "from this machine itself: the area under its ROC curve "
		       "(0.5: a coin, 1: never wrong) with an interval, and the "
		       "samples that an attacker needs to be right with 99 % "
		       "confidence.\v"
		       "Ways of the kernel, which a process cannot go, are held "
		       "against what the manuals say of a real machine. The "
		       "control is this machine against itself: a way that tells "
		       "there proves nothing. A GLOB chooses among the ways.\n\n"
		       "Exit codes: 0 no way tells a target (as it is hidden, "
		       "with --hide); 1 one does; 2 usage or environment; 77 "
		       "everything was skipped; 130 interrupted.",
	};
	struct options_detect o = { .detect = {
		.rounds = DETECT_ROUNDS, .deadline_ms = 2000 } };
	int code = EXIT_USAGE;

	o.globs = calloc((size_t)argc + 1, sizeof(*o.globs));
	if (!o.globs)
		return EXIT_USAGE;
	o.detect.globs = o.globs;
	if (!verb_parse(&argp, argc, argv, &o.parsed, &code)) {
		free(o.globs);
		return code;
	}
	if (o.schema)
		fwrite(detect_schema_start, 1, (size_t)(detect_schema_end -
			detect_schema_start), stdout);
	else
		code = detect(&o, argc, argv);
	free(o.globs);
	return code;
}
