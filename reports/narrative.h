/*
 * What was measured, on what, and what may not be concluded from it, in plain
 * words. Generated from the document alone, so that nobody can forget the
 * caveats when the page is passed on.
 */
#ifndef VMGAUGE_REPORTS_NARRATIVE_H
#define VMGAUGE_REPORTS_NARRATIVE_H

#include "reports/model.h"

/* One paragraph about a run. */
void narrative_write(const struct run *run, struct text *out);

/* The i-th caveat of a run into `out` (cleared first); false after the last. */
bool narrative_limit(const struct run *run, size_t i, struct text *out);

#endif
