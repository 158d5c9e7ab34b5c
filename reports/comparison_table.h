/*
 * Operations side by side: a column to each target, for every page that
 * compares.
 */
#ifndef VMGAUGE_REPORTS_COMPARISON_TABLE_H
#define VMGAUGE_REPORTS_COMPARISON_TABLE_H

#include "reports/comparison.h"
#include "reports/page.h"

/* Those that were chosen for the overview. */
void comparison_overview(struct page *p, const struct comparison *c);
/* All of a family; folded, what only one target has a number of. */
void comparison_family(struct page *p, const struct comparison *c,
		       enum family family);

#endif
