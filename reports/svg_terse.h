/*
 * A drawing in fewer bytes still: what stands in a row is said as a row.
 */
#ifndef VMGAUGE_REPORTS_SVG_TERSE_H
#define VMGAUGE_REPORTS_SVG_TERSE_H

#include "reports/text.h"

/*
 * `small` is what svg_small() has made; whatever is not recognised is kept as
 * it is. Appends.
 */
void svg_terse(const struct text *small, struct text *out);

#endif
