/*
 * What a soak watches of this process and its host, beat by beat.
 *
 * A value that this host does not tell is NaN, and the note says why. All are
 * absolute: slopes and differences are the reader's.
 */
#ifndef VMGAUGE_SOAK_VITALS_H
#define VMGAUGE_SOAK_VITALS_H

#include <stdbool.h>

#include "error.h"

enum vital {
	VITAL_RSS,		/* KiB, of this process */
	VITAL_KERNEL,		/* KiB, of its memory cgroup */
	VITAL_FDS,
	VITAL_THREADS,
	VITAL_LATENCY,		/* cycles of the reference's operation */
	VITAL_RATE,		/* runs a second, since the last beat */
	VITALS,
};

struct vital_kind {
	const char *name, *unit;	/* "rss_kib", "KiB" */
	const char *title;		/* for people */
	/*
	 * What it may come to over a whole soak without being a leak: how the
	 * allocator and the kernel round. 0: it is told and not judged.
	 */
	double slack;
};

extern const struct vital_kind vital_kinds[VITALS];

#define KERNEL_LINES	16

struct vitals {
	int kmsg;			/* -1: not readable */
	char kmsg_note[160];
	unsigned long taint;
	/* Other processes in the memory cgroup: its growth may be theirs. */
	bool kernel_shared;
	unsigned int warnings;		/* of the kernel, since the start */
	unsigned int alarms;		/* of those: BUG, WARNING, Oops ... */
	char line[KERNEL_LINES][160];	/* the first ones, printable */
	unsigned int lines;
};

/*
 * Always works; what cannot be had is noted. From here on the allocator keeps
 * little of what is freed, for the whole process.
 */
void vitals_open(struct vitals *v);
void vitals_close(struct vitals *v);
/* Fills all but latency and rate, and reads the kernel's log up to now. */
void vitals_read(struct vitals *v, double value[VITALS]);
/* True when the kernel tainted itself since vitals_open(). */
bool vitals_tainted(const struct vitals *v);
/* A line of /dev/kmsg: counted, and kept where it is a warning or worse. */
void vitals_log(struct vitals *v, const char *record);

#endif
