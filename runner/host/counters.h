/*
 * Events counted beside the time, for one thread: libpfm4 names them, perf
 * counts them.
 *
 * Where there is a PMU each hardware event is counted twice: while the guest
 * runs (exclude_host) and while the host does (exclude_guest). Software
 * events have only a host part and exist everywhere. Where perf is refused
 * altogether, getrusage(RUSAGE_THREAD) still counts context switches and
 * faults. What is missing is NaN, and the note says why.
 *
 * A set counts the thread that opened it; only that thread may read it.
 */
#ifndef VMGAUGE_HOST_COUNTERS_H
#define VMGAUGE_HOST_COUNTERS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"

enum counter_event {
	COUNTER_CYCLES,
	COUNTER_INSTRUCTIONS,
	COUNTER_CACHE_MISSES,
	COUNTER_CONTEXT_SWITCHES,
	COUNTER_CPU_MIGRATIONS,
	COUNTER_PAGE_FAULTS,
	COUNTER_EVENTS,
};

/* One read(2) each: the software events, the PMU's host and guest parts. */
enum counter_group {
	COUNTER_GROUP_SOFTWARE,
	COUNTER_GROUP_HOST,
	COUNTER_GROUP_GUEST,
	COUNTER_GROUPS,
};

struct perf_event_attr;

/* Opens an event of the calling thread: a descriptor or -errno. */
typedef int counter_opener(struct perf_event_attr *attr, int group_fd);

struct counters {
	int fd[COUNTER_GROUPS][COUNTER_EVENTS];	/* -1: not open */
	/* The events of each group, leader first, in the order perf reads. */
	enum counter_event order[COUNTER_GROUPS][COUNTER_EVENTS];
	unsigned members[COUNTER_GROUPS];
	bool pmu;		/* hardware events are counted */
	bool rusage;		/* software events come from getrusage() */
	char note[256];		/* what is missing and why; "" when nothing is */
};

/* A reading: raw counts since counters_open(). Fill by counters_read(). */
struct counter_values {
	uint64_t count[COUNTER_GROUPS][COUNTER_EVENTS];
	uint64_t enabled_ns[COUNTER_GROUPS];
	uint64_t running_ns[COUNTER_GROUPS];
};

/* What happened between two readings; NaN where it was not counted. */
struct counter_delta {
	double host[COUNTER_EVENTS];
	double guest[COUNTER_EVENTS];
	bool multiplexed;	/* the PMU was shared: counts are scaled up */
};

/*
 * Starts counting the calling thread. A missing PMU or a refused perf is no
 * failure: it leaves a note. Returns 0, or -errno when not even getrusage()
 * works. counters_close() is safe afterwards either way.
 */
int counters_open(struct counters *c, struct error *e);

/* The same with another way to open events, for tests. */
int counters_open_with(struct counters *c, counter_opener *opener,
		       struct error *e);
void counters_close(struct counters *c);

/*
 * Takes a reading: one system call, three with a PMU; no allocation.
 * Returns 0 or -errno.
 */
int counters_read(const struct counters *c, struct counter_values *values);

void counters_subtract(const struct counters *c,
		       const struct counter_values *before,
		       const struct counter_values *after,
		       struct counter_delta *delta);

/* "context-switches"; perf's own word. */
const char *counter_event_name(enum counter_event event);

/* "pmu" or "software". */
const char *counters_source(const struct counters *c);

/*
 * "counters" of a result: source, note, multiplexed, events{name: {host,
 * guest}}, each divided by `operations`. NULL when out of memory.
 */
json_t *counters_json(const struct counters *c,
		      const struct counter_delta *delta, double operations);

#endif
