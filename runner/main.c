/*
 * vmgauge: benchmark and conformance suite for hardware-assisted
 * virtualisation. This file knows the verbs and nothing else.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "verb.h"

static const struct verb verbs[] = {
	{ "info", "what this host is, and what will disturb a measurement",
	  verb_info },
	{ "list", "the benches, probes and targets there are", verb_list },
	{ "explain", "an item's claim, method, citation and how to read it",
	  verb_explain },
	{ "bench", "measure; a table for people, -o FILE for machines",
	  verb_bench },
	{ "conform", "probe; TAP 14 on standard output, -o FILE",
	  verb_conform },
	{ "differ", "random instructions here and in a guest: what differs",
	  verb_differ },
	{ "detect", "how well a VM can be detected, way by way", verb_detect },
	{ "run", "both, into results/<time>-<host>/ with its report",
	  verb_run },
	{ "soak", "the same for hours: leaks, drift, a verdict and a plot",
	  verb_soak },
	{ "compare", "the gate: what is worse in NEW than in BASE",
	  verb_compare },
	{ "history", "many runs: what changed, when, and the gate over time",
	  verb_history },
	{ "report", "a page from one or more result files", verb_report },
	{ "export", "a result in the format of another tool", verb_export },
	{ "import", "a result document from a captured serial log",
	  verb_import },
};

#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

static void usage(FILE *out)
{
	fprintf(out, "Usage: vmgauge VERB [GLOB...] [OPTION...]\n\n");
	for (size_t i = 0; i < VERBS; i++)
		fprintf(out, "  %-9s %s\n", verbs[i].name, verbs[i].summary);
	fprintf(out, "\nvmgauge VERB --help tells a verb's options.\n%s",
		verb_exit_codes);
}

/* A verb whose output was lost has not succeeded. */
static int said(int code)
{
	if (!fflush(stdout) && !ferror(stdout))
		return code;
	fprintf(stderr, "vmgauge: standard output: %s: the output is not "
		"whole\n", strerror(errno));
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") ||
	    !strcmp(argv[1], "help")) {
		usage(stdout);
		return EXIT_OK;
	}
	if (!strcmp(argv[1], "--version")) {
		printf("vmgauge %s\n", VERSION);
		return EXIT_OK;
	}
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);	/* a full quota is an error, no death */
	for (size_t i = 0; i < VERBS; i++)
		if (!strcmp(argv[1], verbs[i].name))
			return said(verbs[i].run(argc - 1, argv + 1));
	if (!strcmp(argv[1], "inside"))	/* a container's, not people's */
		return verb_inside(argc - 1, argv + 1);
	if (!strcmp(argv[1], "manual"))		/* the build's */
		return said(verb_manual(verbs, VERBS, argc - 1, argv + 1));
	fprintf(stderr, "vmgauge: no verb is called '%s': one of", argv[1]);
	for (size_t i = 0; i < VERBS; i++)
		fprintf(stderr, " %s", verbs[i].name);
	fprintf(stderr, "\n");
	return EXIT_USAGE;
}
