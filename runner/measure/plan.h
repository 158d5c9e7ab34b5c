/*
 * How often to repeat what (Kalibera and Jones, "Rigorous benchmarking in
 * reasonable time", ISMM 2013), for two levels: blocks in a VM instance, and
 * fresh VM instances.
 *
 * A pilot of a few instances estimates the variance of each level. Of a block
 * that costs c1 and an instance that costs c2 beside its blocks, r1 =
 * sqrt(c2 / c1 * T1 / T2) blocks in an instance give the narrowest interval
 * for a given time, however many instances there will be; T1 and T2 are the
 * variances of the two levels alone. Instances are added until the interval
 * is narrow enough: their number is not planned but found out.
 *
 * There is no third level: one process measures all instances of a run. What
 * a process or a boot has in common is for compare's floor, and for --live.
 *
 * Nothing here allocates or prints.
 */
#ifndef VMGAUGE_MEASURE_PLAN_H
#define VMGAUGE_MEASURE_PLAN_H

#include <stddef.h>

#include "measure/stats.h"

/* Of a pilot, filled one instance at a time. {0} at first. */
struct plan {
	size_t instances, blocks;	/* so far */
	double within;			/* sum of squares inside instances */
	double sum, squares;		/* of instances' means */
	double inverse;			/* sum of 1 / blocks */
};

/* The variances of each level alone; T2 is 0 where instances are alike. */
struct plan_variance {
	double block, instance;
};

/* 0 or -EINVAL: fewer than two blocks, or one that is not finite. */
int plan_add(struct plan *p, const double *block, size_t n);

/* 0, or -ERANGE of fewer than two instances. */
int plan_variance(const struct plan *p, struct plan_variance *v);

/*
 * Blocks in an instance: least to most. Costs in any unit, > 0. With no
 * variance between instances more of them are of no use: most.
 */
unsigned int plan_blocks(const struct plan_variance *v, double block_cost,
			 double instance_cost, unsigned int least,
			 unsigned int most);

/*
 * Half the interval's width, as a part of what was timed. INFINITY where that
 * is not above 0.
 */
double plan_half_width(const struct interval *ci, double timed);

#endif
