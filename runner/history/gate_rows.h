/*
 * The rows of a comparison, from a store; see gate.h. Nobody else needs this.
 */
#ifndef VMGAUGE_HISTORY_GATE_ROWS_H
#define VMGAUGE_HISTORY_GATE_ROWS_H

#include "history/gate.h"

/* g->compare.base and .fresh: what the writers and a floor ask of documents. */
int gate_sides(struct history_gate *g, struct error *e);

/* g->compare.row, and the names of what only one side has. */
int gate_rows(struct history_gate *g, struct history *h, uint64_t seed,
	      struct error *e);

#endif
