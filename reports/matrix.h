/* What stands below the matrix of verdicts: the failures, one by one. */
#ifndef VMGAUGE_REPORTS_MATRIX_H
#define VMGAUGE_REPORTS_MATRIX_H

#include "reports/comparison.h"
#include "reports/page.h"

/* A table of what was wanted and what came, for each probe and target. */
void matrix_failures(struct page *p, const struct comparison *c);

/* The id without its subject, where it begins with that. */
const char *probe_name(const struct item *it);

#endif
