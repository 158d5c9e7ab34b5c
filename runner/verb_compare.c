/*
 * vmgauge compare BASE NEW: the gate. Is anything worse, and how sure is that?
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare/compare.h"
#include "compare/floor_table.h"
#include "compare/write.h"
#include "result/doc.h"
#include "verb.h"

enum { KEY_BASE = 256, KEY_NEW, KEY_ACROSS, KEY_ALPHA, KEY_THRESHOLD,
       KEY_FLOOR, KEY_LEARN, KEY_MARKDOWN, KEY_TAP, KEY_VERDICTS };

enum format { TABLE, MARKDOWN, TAP };

struct options_compare {
	struct parsed parsed;
	struct compare_options compare;
	const char **base, **fresh, **rest;	/* owned; of the command line */
	size_t bases, freshes, rests;
	const char *json;
	enum format format;
	bool learn;
};

static error_t across_parse(struct options_compare *o, const char *arg)
{
	static const struct {
		const char *word;
		unsigned int bit;
	} words[] = {
		{ "hosts", ACROSS_HOSTS }, { "kernels", ACROSS_KERNELS },
		{ "targets", ACROSS_TARGETS }, { "builds", ACROSS_BUILDS },
		{ "software", ACROSS_SOFTWARE },
	};
	const size_t count = sizeof(words) / sizeof(words[0]);

	do {
		size_t n = strcspn(arg, ","), i = 0;

		while (i < count && (strlen(words[i].word) != n ||
				     strncmp(words[i].word, arg, n)))
			i++;
		if (i == count)
			return -error_set(o->parsed.e, -EINVAL, "--across "
					  "'%.40s': give hosts, kernels, "
					  "targets, builds or software", arg);
		o->compare.across |= words[i].bit;
		arg += n;
	} while (*arg++);
	return 0;
}

/* A percentage as a part of one; `most` in percent. */
static error_t percent_parse(struct options_compare *o, const char *name,
			     const char *arg, double most, double *to)
{
	char *end;
	double v = strtod(arg, &end);

	if (end == arg || *end || !isfinite(v) || v <= 0 || v > most)
		return -error_set(o->parsed.e, -EINVAL, "%s '%.40s': give a "
				  "percentage above 0, at most %g", name, arg,
				  most);
	*to = v / 100;
	return 0;
}

static error_t format_set(struct options_compare *o, enum format format)
{
	if (o->format != TABLE && o->format != format)
		return -error_set(o->parsed.e, -EINVAL, "--markdown and --tap "
				  "both write to standard output: choose one");
	o->format = format;
	return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options_compare *o = state->input;

	switch (key) {
	case KEY_BASE:
		o->base[o->bases++] = arg;
		return 0;
	case KEY_NEW:
		o->fresh[o->freshes++] = arg;
		return 0;
	case ARGP_KEY_ARG:
		o->rest[o->rests++] = arg;
		return 0;
	case KEY_ACROSS:
		return across_parse(o, arg);
	case KEY_ALPHA:
		return percent_parse(o, "--alpha", arg, 50, &o->compare.alpha);
	case KEY_THRESHOLD:
		return percent_parse(o, "--threshold", arg, 1000,
				     &o->compare.threshold);
	case KEY_FLOOR:
		o->compare.floor = arg;
		return 0;
	case KEY_LEARN:
		o->learn = true;
		return 0;
	case KEY_VERDICTS:
		o->compare.verdicts_only = true;
		return 0;
	case KEY_MARKDOWN:
		return format_set(o, MARKDOWN);
	case KEY_TAP:
		return format_set(o, TAP);
	case 'o':
		o->json = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* BASE and NEW as two words go before what the options name. */
static int sides_sort(struct options_compare *o, struct error *e)
{
	if (o->rests > 2 || (o->rests == 1 && o->bases && o->freshes))
		return error_set(e, -EINVAL, "compare takes BASE and NEW: "
				 "'%.200s' is one too many: further runs of a "
				 "side follow --base or --new",
				 o->rest[o->rests - 1]);
	if (o->rests == 2) {
		o->base[o->bases++] = o->rest[0];
		o->fresh[o->freshes++] = o->rest[1];
	} else if (o->rests == 1 && o->bases) {
		o->fresh[o->freshes++] = o->rest[0];
	} else if (o->rests == 1) {
		o->base[o->bases++] = o->rest[0];
	}
	if (o->bases && o->freshes)
		return 0;
	return error_set(e, -EINVAL, "compare what with what? Give BASE and "
			 "NEW: result documents, or directories of vmgauge "
			 "run");
}

static int learn(const struct options_compare *o)
{
	struct set runs = { 0 };
	json_t *table = NULL;
	struct error e;
	int code = EXIT_OK;

	if (!o->json || o->bases || o->freshes)
		error_set(&e, -EINVAL, "--learn-floor RUN... -o FILE: name the "
			  "runs as words, and where the table goes");
	else if (!set_open(&runs, "the runs", o->rest, o->rests, &e))
		table = floor_learn(&runs, &e);
	if (!table || doc_save(table, o->json, &e))
		code = verb_fail(&e);
	else
		printf("floor   %s: %zu rows of %zu runs\n", o->json,
		       json_array_size(json_object_get(table, "results")),
		       runs.count);
	json_decref(table);
	set_close(&runs);
	return code;
}

static int json_write(const struct compare *c, const char *path,
		      struct error *e)
{
	json_t *doc = compare_json(c);
	int rc = doc ? doc_save(doc, path, e)
		     : error_set(e, -ENOMEM, "out of memory for %s", path);

	json_decref(doc);
	return rc;
}

static int print(const struct compare *c, enum format format, struct error *e)
{
	struct text t = { 0 };
	int rc;

	/* prove sets this; the one of Perl 5.36 dies of "version 14". */
	if (format == TAP)
		rc = compare_tap(c, stdout, getenv("HARNESS_ACTIVE") ? 13 : 14);
	else
		rc = format == MARKDOWN ? compare_markdown(c, &t)
					: compare_table(c, &t);
	if (!rc && format != TAP)
		fputs(text_string(&t), stdout);
	text_free(&t);
	return rc ? error_set(e, rc, "standard output: %s", strerror(-rc)) : 0;
}

static int compare(struct options_compare *o)
{
	struct compare c = { .options = o->compare };
	struct error e = { "" };
	int code = EXIT_USAGE;

	if (sides_sort(o, &e) ||
	    (o->json && output_check(o->json, &e)) ||
	    set_open(&c.base, "BASE", o->base, o->bases, &e) ||
	    set_open(&c.fresh, "NEW", o->fresh, o->freshes, &e) ||
	    compare_open(&c, &e) ||
	    (o->json && json_write(&c, o->json, &e)) ||
	    print(&c, o->format, &e))
		verb_fail(&e);
	else
		code = compare_worse(&c) ? EXIT_WRONG : EXIT_OK;
	compare_close(&c);
	set_close(&c.base);
	set_close(&c.fresh);
	return code;
}

static const struct argp_option option[] = {
	{ "base", KEY_BASE, "FILE", 0, "a further run of BASE; repeatable", 1 },
	{ "new", KEY_NEW, "FILE", 0, "a further run of NEW; repeatable", 1 },
	{ "across", KEY_ACROSS, "WHAT", 0, "what may differ: hosts, kernels, "
	  "targets, builds (of vmgauge) or software (times of an emulated "
	  "host); then it is said what can be claimed", 2 },
	{ "verdicts", KEY_VERDICTS, NULL, 0, "compare what passed and failed "
	  "and no numbers", 2 },
	{ "threshold", KEY_THRESHOLD, "PCT", 0,
	  "a change below it is none (2)", 3 },
	{ "floor", KEY_FLOOR, "FILE", 0, "what this host's runs differ by "
	  "anyway, as --learn-floor wrote it", 3 },
	{ "learn-floor", KEY_LEARN, NULL, 0, "learn that from RUN..., taken "
	  "without any change between them, into -o FILE", 3 },
	{ "alpha", KEY_ALPHA, "PCT", 0, "the chance of a false alarm over all "
	  "rows together (0.5)", 3 },
	{ "json", 'o', "FILE", 0, "the whole comparison for machines", 4 },
	{ "output", 0, NULL, OPTION_ALIAS, NULL, 4 },
	{ "markdown", KEY_MARKDOWN, NULL, 0,
	  "a comment for a pull request, instead of the table", 4 },
	{ "tap", KEY_TAP, NULL, 0, "TAP 14, instead of the table; what is "
	  "worse is not ok", 4 },
	{ 0 },
};

int verb_compare(int argc, char **argv)
{
	static const struct argp argp = {
		.options = option, .parser = parse,
		.args_doc = "BASE NEW\n--learn-floor RUN... -o FILE",
		.doc = "The gate: what is worse in NEW than in BASE? Each is a "
		       "result document or a directory of vmgauge run; several "
		       "runs of a side (--base, --new) tell more than one.\v"
		       "Exit codes: 0 nothing is worse; 1 something regressed "
		       "or is newly failing, hanging or crashing; 2 usage, or "
		       "not comparable.",
	};
	struct options_compare o = {
		.compare = { .alpha = GATE_ALPHA, .threshold = GATE_THRESHOLD },
	};
	size_t room = 2 * (size_t)argc + 2;	/* refused words are read twice */
	int code = EXIT_USAGE;

	o.base = calloc(room, sizeof(*o.base));
	o.fresh = calloc(room, sizeof(*o.fresh));
	o.rest = calloc(room, sizeof(*o.rest));
	if (o.base && o.fresh && o.rest &&
	    verb_parse(&argp, argc, argv, &o.parsed, &code))
		code = o.learn ? learn(&o) : compare(&o);
	free(o.base);
	free(o.fresh);
	free(o.rest);
	return code;
}
