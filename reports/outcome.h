/*
 * Targets on which an item ended in the same way share an entry among the
 * verdicts in full: one fault of KVM shows on each VMM. Those that passed have
 * one for all rings at which none went wrong.
 */
#ifndef VMGAUGE_REPORTS_OUTCOME_H
#define VMGAUGE_REPORTS_OUTCOME_H

#include "reports/comparison.h"

/* Is there something to be said in full: neither a pass nor a skip? */
bool outcome_wrong(const struct item *it);
/* The first side that has the outcome of that one, which has an item. */
size_t outcome_first(const struct match *x, size_t side);
/* Tells every item where its entry is. */
void outcomes_address(struct model *m);

#endif
