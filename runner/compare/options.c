/*
 * The command line of vmgauge compare; see options.h.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compare/options.h"

enum { KEY_BASE = 256, KEY_NEW, KEY_ACROSS, KEY_ALPHA, KEY_THRESHOLD,
       KEY_FLOOR, KEY_LEARN, KEY_MARKDOWN, KEY_TAP, KEY_VERDICTS, KEY_LIVE,
       KEY_LIMIT, KEY_SEED };

static error_t across_parse(struct options_compare *o, const char *arg)
{
	static const struct {
		const char *word;
		unsigned int bit;
	} words[] = {
		{ "hosts", ACROSS_HOSTS }, { "kernels", ACROSS_KERNELS },
		{ "targets", ACROSS_TARGETS }, { "builds", ACROSS_BUILDS },
		{ "software", ACROSS_SOFTWARE },
		{ "mutants", ACROSS_MUTANTS },
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
					  "targets, builds, software or "
					  "mutants", arg);
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

static error_t number_parse(struct options_compare *o, const char *name,
			    const char *arg, double most, double *to)
{
	char *end;
	double v = strtod(arg, &end);

	if (end == arg || *end || !isfinite(v) || v < 1 || v > most)
		return -error_set(o->parsed.e, -EINVAL, "%s '%.40s': give a "
				  "number from 1 to %.0f", name, arg, most);
	*to = v;
	return 0;
}

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
	case KEY_LIVE:
		o->live = true;
		return 0;
	case KEY_LIMIT:
		return number_parse(o, "--limit", arg, 86400, &o->limit_s);
	case KEY_SEED:
		return number_parse(o, "--seed", arg, 0x1p48, &o->seed);
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
