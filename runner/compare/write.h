/*
 * A comparison as text: for people, for machines, for a pull request, for a
 * harness. Nothing is judged here. Foreign text is made harmless by
 * reports/text.h.
 */
#ifndef VMGAUGE_COMPARE_WRITE_H
#define VMGAUGE_COMPARE_WRITE_H

#include <jansson.h>
#include <stdio.h>

#include "compare/compare.h"
#include "reports/text.h"

/* What a reader wants to see first: the order of the writers. */
enum shown { SHOWN_WORSE, SHOWN_KNOWN, SHOWN_CHANGED, SHOWN_IMPROVED,
	     SHOWN_UNCLEAR, SHOWN_SAME, SHOWN_QUIET };

/* SHOWN_QUIET: no numbers and the same verdict. */
enum shown row_shown(const struct compare_row *r);

/* Row numbers by rank, ascending; free(). NULL when out of memory. */
size_t *rows_order(const struct compare *c);

/* Cycles with as many digits as they bear: "1234", "12.3"; "-" for none. */
void text_figure(struct text *t, double v);
/* "+5.0 %", "[+4.4, +5.6]" in percent, "2.0 %". */
void text_change(struct text *t, double ratio);
void text_interval(struct text *t, const struct interval *ci);
void text_floor(struct text *t, const struct gate_row *g);
/* "2 regressed, 1 newly failing, 80 same": what there is, the worst first. */
void text_summary(struct text *t, const struct compare *c);

/* Below a table's rows: how to read them; and what else there is to say. */
void compare_legend(const struct compare *c, struct text *t);
void compare_foot(const struct compare *c, struct text *t);

/* 0 or -ENOMEM; the text is whole or not to be used. */
int compare_table(const struct compare *c, struct text *t);
/* The table for what standard output is: a terminal may show more. */
int compare_people(const struct compare *c, struct text *t);
int compare_markdown(const struct compare *c, struct text *t);

/* Straight to `out`: 0 or -errno. */
int compare_tap(const struct compare *c, FILE *out, unsigned int version);

/* Schema "vmgauge-compare/1"; NULL when out of memory. */
json_t *compare_json(const struct compare *c);

#endif
