/*
 * What a comparison says in plain words, generated from the documents alone.
 * No word judges: there are numbers with their bounds, and what cannot be told.
 */
#ifndef VMGAUGE_REPORTS_COMPARISON_WORDS_H
#define VMGAUGE_REPORTS_COMPARISON_WORDS_H

#include "reports/comparison.h"

/* What was compared, and on which targets something went wrong. */
void comparison_lead(const struct comparison *c, struct text *out);
/* What one target costs and what it failed at. */
void comparison_side(const struct comparison *c, size_t side, struct text *out);
/* The i-th caveat into `out` (cleared first); false after the last. */
bool comparison_limit(const struct comparison *c, size_t i, struct text *out);

/* Is it one of the operations by which a kind is chosen? `id` may be NULL. */
bool comparison_asked(const char *id);

/* "\u00d71.32 (0.86 \u2013 1.94)"; nothing where the ratio is unknown. Appends. */
void ratio_write(const struct ratio *r, struct text *out);

/* How a side's probes ended, by subject where they went wrong. Appends. */
void comparison_probes(const struct comparison *c, size_t side,
		       struct text *out);

#endif
