/*
 * The manual page and the shells' completions, from the tables that the verbs
 * parse their command lines with: `vmgauge manual mdoc|bash|zsh|fish` writes
 * one of them to standard output when the program is built.
 *
 * What may be given where is read off the tables, too: an argument called FILE
 * or DIR is a path, "a|b" one of those words; a verb whose arguments say GLOB
 * or ITEM takes items, and lower-case words that lead its lines are actions.
 */
#ifndef VMGAUGE_MANUAL_MANUAL_H
#define VMGAUGE_MANUAL_MANUAL_H

#include "reports/text.h"
#include "verb.h"

#define MANUAL_VERBS_MOST	32

struct manual_verb {
	const char *name, *summary;
	struct argp argp;	/* its tables are static */
};

struct manual {
	struct manual_verb verb[MANUAL_VERBS_MOST];
	size_t verbs;
};

enum given { GIVEN_NOTHING, GIVEN_FILE, GIVEN_DIRECTORY, GIVEN_WORDS,
	     GIVEN_OTHER };

struct manual_option {
	const char *name, *arg, *doc;
	char letter;		/* 0: none */
	enum given given;
	struct text words;	/* of GIVEN_WORDS, by blanks; owned */
};

/*
 * Option i of a verb, those that all verbs have coming last. False: there are
 * no more. text_free(&o->words) of each.
 */
bool manual_option(const struct manual_verb *v, size_t i,
		   struct manual_option *o);

/* What a verb's arguments are. */
bool takes_items(const struct manual_verb *v);
bool takes_files(const struct manual_verb *v);
/* "add list show", by blanks; "" for none. */
void actions_list(const struct manual_verb *v, struct text *to);

void manual_mdoc(const struct manual *m, struct text *to);
void manual_bash(const struct manual *m, struct text *to);
void manual_zsh(const struct manual *m, struct text *to);
void manual_fish(const struct manual *m, struct text *to);

#endif
