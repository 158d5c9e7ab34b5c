/*
 * The command line of vmgauge compare.
 */
#ifndef VMGAUGE_COMPARE_OPTIONS_H
#define VMGAUGE_COMPARE_OPTIONS_H

#include "compare/compare.h"
#include "verb.h"

enum compare_format { COMPARE_TABLE, COMPARE_MARKDOWN, COMPARE_TAP };

struct options_compare {
	struct parsed parsed;
	struct compare_options compare;
	const char **base, **fresh, **rest;	/* owned; of the command line */
	size_t bases, freshes, rests;
	const char *json;
	enum compare_format format;
	bool learn, live;
	double limit_s;		/* 0: not given */
	double seed;		/* 0: not given */
};

/* Its input is a struct options_compare with room for all words. */
extern const struct argp options_compare_argp;

#endif
