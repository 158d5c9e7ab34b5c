/*
 * How many vCPUs a VM gets: the counts that --vcpus asks for.
 *
 *	512		1, 2, 4 … 256, 512
 *	96		1, 2, 4 … 64, 96
 *	1,64		just those, in ascending order
 */
#ifndef VMGAUGE_VCPUS_H
#define VMGAUGE_VCPUS_H

#include <stdbool.h>

#include "error.h"

#define VCPUS_COUNTS_MAX	16
#define VCPUS_DEFAULT_MAX	64u	/* or all of the host's CPUs, if more */
#define VCPUS_SOFTWARE_MAX	8u	/* quick, where an emulator is the CPU */

struct vcpus {
	unsigned int count[VCPUS_COUNTS_MAX];	/* ascending */
	unsigned int counts;			/* 0: not asked */
};

/* -EINVAL, with the mend. */
int vcpus_parse(struct vcpus *v, const char *text, struct error *e);

/* 1, 2, 4 … `max`. */
void vcpus_up_to(struct vcpus *v, unsigned int max);

/* The ends of the curve and where it bends: 1, 2, `cpus` and `max`. */
void vcpus_few(struct vcpus *v, unsigned int cpus, unsigned int max);

static inline unsigned int vcpus_max(const struct vcpus *v)
{
	return v->counts ? v->count[v->counts - 1] : 1;
}

#endif
