/*
 * The score: which share of the rules that were judged held. See score_rule
 * for how it is computed; it is never given without its parts.
 */
#ifndef VMGAUGE_SCORE_H
#define VMGAUGE_SCORE_H

#include <stddef.h>

enum { SCORE_VERDICTS = 7 };	/* in the order of doc_verdict_name() */

struct score {
	size_t count[SCORE_VERDICTS];
};

/* One paragraph, for people. */
extern const char score_rule[];

size_t score_held(const struct score *s);
size_t score_judged(const struct score *s);
/* Of 1; NaN where nothing was judged. */
double score_share(const struct score *s);

/*
 * "118 of 140 rules held, 84.3 % (116 pass, 2 tell; 20 fail, 2 hang; not
 * judged: 7 skip)", without what is zero.
 */
#define SCORE_WORDS_MAX	320
const char *score_words(const struct score *s, char to[SCORE_WORDS_MAX]);

#endif
