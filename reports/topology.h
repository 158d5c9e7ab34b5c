/*
 * Hosts as far as they differ in their hardware threads and in the use that
 * was made of them: a figure and a row for each.
 */
#ifndef VMGAUGE_REPORTS_TOPOLOGY_H
#define VMGAUGE_REPORTS_TOPOLOGY_H

#include "reports/model.h"

enum { TOPOLOGY_PUS_MOST = 512 };

/*
 * The i-th topology of the runs, counted from 0, each said once; NULL after
 * the last. `runs` (may be NULL) is how many have it.
 */
const struct run *topology_at(const struct model *m, size_t i, size_t *runs);
/* "1 package, 2 cores, ..." and what was pinned where. Appends. */
void topology_words(const struct run *run, struct text *out);

#endif
