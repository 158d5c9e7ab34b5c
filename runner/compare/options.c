/*
 * The command line of vmgauge compare; see options.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compare/options.h"
#include "value.h"

enum { KEY_BASE = 256, KEY_NEW, KEY_ACROSS, KEY_ALPHA, KEY_THRESHOLD,
       KEY_FLOOR, KEY_LEARN, KEY_MARKDOWN, KEY_TAP, KEY_VERDICTS, KEY_LIVE,
       KEY_LIMIT, KEY_SEED };

static error_t format_set(struct options_compare *o, enum compare_format format)
{
	if (o->format != COMPARE_TABLE && o->format != format)
		return -error_set(o->parsed.e, -EINVAL, "--markdown and --tap "
				  "both write to standard output: choose one");
	o->format = format;
	return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options_compare *o = state->input;
	struct error *e = o->parsed.e;

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
		return -across_parse(arg, ACROSS_HOSTS | ACROSS_KERNELS |
				     ACROSS_TARGETS | ACROSS_BUILDS |
				     ACROSS_SOFTWARE | ACROSS_MUTANTS,
				     &o->compare.across, e);
	case KEY_ALPHA:
		return -value_percent("--alpha", arg, 50, &o->compare.alpha,
				      e);
	case KEY_THRESHOLD:
		return -value_percent("--threshold", arg, 1000,
				      &o->compare.threshold, e);
	case KEY_FLOOR:
		o->compare.floor = arg;
		return 0;
	case KEY_LEARN:
		o->learn = true;
		return 0;
	case KEY_LIVE:
		o->live = true;
		return 0;
	case KEY_LIMIT:
		return -value_number("--limit", arg, 1, 86400, &o->limit_s, e);
	case KEY_SEED:
		return -value_number("--seed", arg, 1, 0x1p48, &o->seed, e);
	case KEY_VERDICTS:
		o->compare.verdicts_only = true;
		return 0;
	case KEY_MARKDOWN:
		return format_set(o, COMPARE_MARKDOWN);
	case KEY_TAP:
		return format_set(o, COMPARE_TAP);
	case 'o':
		o->json = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* BASE and NEW as two words go before what the options name. */

static const struct argp_option option[] = {
	{ "base", KEY_BASE, "FILE", 0, "a further run of BASE; repeatable", 1 },
	{ "new", KEY_NEW, "FILE", 0, "a further run of NEW; repeatable", 1 },
	{ "across", KEY_ACROSS, "WHAT", 0, "what may differ: hosts, kernels, "
	  "targets, builds (of vmgauge), software (times of an emulated "
	  "host) or mutants (--inject); then it is said what can be claimed",
	  2 },
	{ "live", KEY_LIVE, NULL, 0, "measure two commands in turns, each a "
	  "prefix of vmgauge bench, and decide as it goes", 1 },
	{ "limit", KEY_LIMIT, "SECONDS", 0, "the time of --live (60)", 1 },
	{ "seed", KEY_SEED, "N", 0, "of --live: who comes first in each round "
	  "(from the clock)", 1 },
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

const struct argp options_compare_argp = {
	.options = option, .parser = parse,
	.args_doc = "BASE NEW\n--live CMD_BASE CMD_NEW [ITEM...]\n"
		    "--learn-floor RUN... -o FILE",
	.doc = "The gate: what is worse in NEW than in BASE? Each is a "
	       "result document or a directory of vmgauge run; several "
	       "runs of a side (--base, --new) tell more than one.\v"
	       "Exit codes: 0 nothing is worse; 1 something regressed "
	       "or is newly failing, hanging or crashing; 2 usage, or "
	       "not comparable.",
};
