/*
 * The best split of a stretch of values; see energy.h. Nobody else needs this.
 */
#ifndef VMGAUGE_HISTORY_ENERGY_SCAN_H
#define VMGAUGE_HISTORY_ENERGY_SCAN_H

#include <stddef.h>
#include <stdint.h>

struct ranked;

/* A stretch, prepared for scans of it in any order of its values. */
struct scan {
	size_t n, room;
	double *value;		/* ascending */
	double *distances;	/* of each of them to all others, summed */
	uint32_t *order;	/* order[i] = rank of the i-th in time */
	double *below;		/* Fenwick tree over ranks: sums */
	uint32_t *count;	/* and how many */
	struct ranked *sorted;	/* room to sort in */
	double total;		/* of all pairs' distances */
};

/* Room for n values: 0 or -ENOMEM; scan_close in any case. */
int scan_open(struct scan *s, size_t n);
void scan_close(struct scan *s);

/* Loads n values (at most as many as there is room for), in their order. */
void scan_load(struct scan *s, const double *value, size_t n);

/* The largest statistic over all splits of s->order, and where; 0: none. */
double scan_best(struct scan *s, size_t least, size_t *at);

#endif
