/*
 * A drawing in fewer bytes: the same marks, letters and lines, said once.
 */
#ifndef VMGAUGE_REPORTS_SVG_SMALL_H
#define VMGAUGE_REPORTS_SVG_SMALL_H

#include "reports/text.h"

/*
 * `body` is what svg_finish() has made of gnuplot's own; whatever is not
 * recognised is kept as it is. Appends.
 */
void svg_small(const struct text *body, struct text *out);

/* The rule for its letters in that ink, for a style element. Appends. */
void svg_small_style(struct text *out, unsigned int ink);

#endif
