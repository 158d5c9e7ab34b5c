/*
 * fio, where it is installed: the load of a bench of a disk, on the same file,
 * by somebody else's program. It is what others measure disks with.
 */
#ifndef VMGAUGE_TARGET_FIO_H
#define VMGAUGE_TARGET_FIO_H

#include "error.h"
#include "latency.h"
#include "load.h"

struct fio_seen {
	double requests;
	double request_ns;	/* by the clock, at that depth */
	double cpu_ns;		/* of all of them, as fio tells it */
	/* How long each took, from its submission on; see latency.h. */
	uint32_t latency[LATENCY_BUCKETS];
};

/* Where it is, into `to`; -ENOENT names the package to install. */
int fio_find(char *to, size_t bytes, struct error *e);

/*
 * Runs it for about that long, and waits; latencies are in cycles of that
 * frequency. 0, or -errno: it could not be started, it failed, or what it said
 * is not understood.
 */
int fio_run(const struct load *l, unsigned int runtime_ms, double tsc_khz,
	    struct fio_seen *seen, struct error *e);

#endif
