/*
 * One way to read a command line for all verbs: argp knows the options, but
 * what it says of a bad one is two lines, without the program's name and
 * without a mend.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verb.h"

const char verb_exit_codes[] =
	"Exit codes: 0 nothing wrong; 1 something failed, hung, crashed or "
	"regressed;\n2 usage or environment; 77 everything was skipped.\n";

enum { KEY_NO_COLOR = 4096 };

static const struct argp_option common_option[] = {
	{ "no-color", KEY_NO_COLOR, NULL, 0,
	  "no color in a terminal; so does a NO_COLOR in the environment", 9 },
	{ 0 },
};

/* The environment carries it to programs that are started, too. */
static error_t common_parse(int key, char *arg, struct argp_state *state)
{
	(void)arg;
	(void)state;
	if (key != KEY_NO_COLOR)
		return ARGP_ERR_UNKNOWN;
	return setenv("NO_COLOR", "1", 1) ? errno : 0;
}

const struct argp common_argp = {
	.options = common_option, .parser = common_parse,
};

static verb_watch *watch;
static void *watch_opaque;

void verb_describe(const struct verb *verb, verb_watch *each, void *opaque)
{
	char name[32], *argv[2] = { name, NULL };

	snprintf(name, sizeof(name), "%s", verb->name);
	watch = each;
	watch_opaque = opaque;
	verb->run(1, argv);
	watch = NULL;
}

static bool help_asked(const struct argp *argp, int argc, char **argv)
{
	char name[64];

	snprintf(name, sizeof(name), "vmgauge %s", argv[0]);
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		unsigned int what = 0;

		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-?"))
			what = ARGP_HELP_SHORT_USAGE | ARGP_HELP_DOC |
			       ARGP_HELP_LONG;
		else if (!strcmp(argv[i], "--usage"))
			what = ARGP_HELP_USAGE;
		if (!what)
			continue;
		argp_help(argp, stdout, what, name);
		return true;
	}
	return false;
}

/*
 * argp does not tell which word it could not take: they are tried one by one,
 * each with what may be its value.
 */
static const char *word_refused(const struct argp *argp, int argc,
				char **argv, struct parsed *input)
{
	const unsigned int flags = ARGP_NO_ERRS | ARGP_NO_EXIT | ARGP_NO_HELP |
				   ARGP_NO_ARGS;
	char *word[3] = { argv[0], NULL, NULL };

	for (int i = 1; i < argc; i++) {
		if (argv[i][0] != '-' || !argv[i][1])
			continue;
		word[1] = argv[i];
		word[2] = i + 1 < argc && argv[i + 1][0] != '-' ? argv[i + 1]
								: NULL;
		if (argp_parse(argp, word[2] ? 3 : 2, word, flags, NULL,
			       input))
			return argv[i];
	}
	return argc > 1 ? argv[argc - 1] : "";
}

bool verb_parse(const struct argp *own, int argc, char **argv,
		struct parsed *input, int *code)
{
	static const struct argp_child common[] = {
		{ .argp = &common_argp }, { 0 },
	};
	const unsigned int flags = ARGP_NO_ERRS | ARGP_NO_EXIT | ARGP_NO_HELP;
	const struct argp whole = {
		.options = own->options, .parser = own->parser,
		.args_doc = own->args_doc, .doc = own->doc, .children = common,
	};
	const struct argp *argp = &whole;
	struct error e = { "" };

	if (watch) {
		watch(argp, watch_opaque);
		*code = EXIT_OK;
		return false;
	}
	if (help_asked(argp, argc, argv)) {
		*code = EXIT_OK;
		return false;
	}
	/* It is taken away again below. cppcheck-suppress autoVariables */
	input->e = &e;
	*code = argp_parse(argp, argc, argv, flags, NULL, input) ? EXIT_USAGE
								: EXIT_OK;
	input->e = NULL;
	if (*code == EXIT_OK)
		return true;
	if (!e.text[0])
		error_set(&e, -EINVAL, "%s: '%s' is no option here, or lacks "
			  "its value: vmgauge %s --help", argv[0],
			  word_refused(argp, argc, argv, input), argv[0]);
	input->e = NULL;
	*code = verb_fail(&e);
	return false;
}
