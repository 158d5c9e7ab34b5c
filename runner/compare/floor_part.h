/*
 * What the files that set floors share; see floor.h. Nobody else needs this.
 */
#ifndef VMGAUGE_COMPARE_FLOOR_PART_H
#define VMGAUGE_COMPARE_FLOOR_PART_H

#include "compare/floor.h"

#define NORMAL_MEDIAN	0.6745	/* of |N(0, 1)| */

/* Where the values of a run begin. */
size_t run_begin(const struct gate_side *s, size_t run);

/* The largest floor counts. */
void floor_raise(struct gate_row *r, double floor, enum gate_floor from);

/* Raises floors by what drifts inside the runs. 0 or -ENOMEM. */
int drift_apply(struct gate_row *row, size_t count, double quantile,
		struct floor_found *found);

#endif
