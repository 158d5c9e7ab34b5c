/*
 * vmgauge compare BASE NEW: the gate. Is anything worse, and how sure is that?
 * compare --live takes commands in place of documents.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "compare/floor_table.h"
#include "compare/live.h"
#include "compare/options.h"
#include "compare/write.h"
#include "result/doc.h"

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

static int print(const struct compare *c, enum compare_format format, struct error *e)
{
	struct text t = { 0 };
	int rc;

	/* prove sets this; the one of Perl 5.36 dies of "version 14". */
	if (format == COMPARE_TAP)
		rc = compare_tap(c, stdout, getenv("HARNESS_ACTIVE") ? 13 : 14);
	else
		rc = format == COMPARE_MARKDOWN ? compare_markdown(c, &t)
					: compare_people(c, &t);
	if (!rc && format != COMPARE_TAP)
		fputs(text_string(&t), stdout);
	text_free(&t);
	return rc ? error_set(e, rc, "standard output: %s", strerror(-rc)) : 0;
}

/* Documents that are there already. */
static int documents_compare(struct options_compare *o, struct compare *c,
			     struct error *e)
{
	int rc;

	if (o->limit_s || o->seed)
		return error_set(e, -EINVAL, "%s goes with --live",
				 o->limit_s ? "--limit" : "--seed");
	rc = sides_sort(o, e);
	if (!rc)
		rc = set_open(&c->base, "BASE", o->base, o->bases, e);
	if (!rc)
		rc = set_open(&c->fresh, "NEW", o->fresh, o->freshes, e);
	return rc ? rc : compare_open(c, e);
}

/* Documents that are made as it goes. */
static int commands_compare(struct options_compare *o, struct compare *c,
			    struct error *e)
{
	struct live_options live = {
		.limit_s = o->limit_s ? o->limit_s : LIVE_LIMIT_S,
		.seed = o->seed ? (uint64_t)o->seed : (uint64_t)time(NULL),
		.interrupted = &verb_interrupted,
	};

	if (o->rests < 2 || o->bases || o->freshes || o->compare.floor)
		return error_set(e, -EINVAL, "--live takes CMD_BASE CMD_NEW "
				 "[ITEM...] as words, and no documents, "
				 "--base, --new or --floor");
	live.command[0] = o->rest[0];
	live.command[1] = o->rest[1];
	live.item = o->rest + 2;	/* NULL behind the last */
	/* Two builds are what it is for. */
	c->options.across |= ACROSS_BUILDS;
	verb_catch_signals();
	return compare_live(c, &live, e);
}

static int compare(struct options_compare *o)
{
	struct compare c = { .options = o->compare };
	struct error e = { "" };
	int code = EXIT_USAGE, rc = 0;

	if (o->json)
		rc = output_check(o->json, &e);
	if (!rc)
		rc = o->live ? commands_compare(o, &c, &e)
			     : documents_compare(o, &c, &e);
	if (rc || (o->json && json_write(&c, o->json, &e)) ||
	    print(&c, o->format, &e))
		verb_fail(&e);
	else
		code = compare_worse(&c) ? EXIT_WRONG : EXIT_OK;
	if (rc == -EINTR)
		code = EXIT_INTERRUPTED;
	compare_close(&c);
	set_close(&c.base);
	set_close(&c.fresh);
	return code;
}

int verb_compare(int argc, char **argv)
{
	struct options_compare o = {
		.compare = { .alpha = GATE_ALPHA, .threshold = GATE_THRESHOLD },
	};
	size_t room = 2 * (size_t)argc + 2;	/* refused words are read twice */
	int code = EXIT_USAGE;

	o.base = calloc(room, sizeof(*o.base));
	o.fresh = calloc(room, sizeof(*o.fresh));
	o.rest = calloc(room, sizeof(*o.rest));
	if (o.base && o.fresh && o.rest &&
	    verb_parse(&options_compare_argp, argc, argv, &o.parsed, &code))
		code = o.learn ? learn(&o) : compare(&o);
	free(o.base);
	free(o.fresh);
	free(o.rest);
	return code;
}
