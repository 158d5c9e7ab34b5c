/*
 * Inside topology.c and placement.c: the flat table of allowed PUs, which
 * holds all that the order of a list depends on. A test can fill one by hand.
 */
#ifndef VMGAUGE_HOST_TOPOLOGY_PU_H
#define VMGAUGE_HOST_TOPOLOGY_PU_H

#include <stdbool.h>

#include "host/topology.h"

struct topology_pu {
	unsigned os_index;
	unsigned package;	/* logical indices, unique in the machine */
	unsigned core;
	int node;		/* OS index, -1 for none */
	/* Filled by topology_rank() from the above. */
	unsigned rank_in_core;	/* among allowed PUs; CPU 0 is last */
	unsigned core_rank;	/* of the core, among its package's */
	unsigned rank_in_node;	/* in compact order */
	bool housekeeping;	/* shares its core with CPU 0 */
	bool alone;		/* without an allowed sibling in its core */
};

void topology_rank(struct topology *t);

/* NULL when the PU is not allowed. */
const struct topology_pu *topology_find(const struct topology *t, unsigned pu);

#endif
