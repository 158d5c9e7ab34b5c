/*
 * What a store holds, as series: the points of one item with the same
 * parameters, target and unit, on one host, in the order in which the runs
 * were started.
 *
 * A host is a fingerprint (CPU, microcode, kernel, KVM modules): where it
 * changes a series ends and another one begins, unless the caller joins kernels
 * of one machine. Documents are all in memory, points only of one series at a
 * time. Text from the store is foreign: it goes through reports/text.h.
 */
#ifndef VMGAUGE_HISTORY_HISTORY_H
#define VMGAUGE_HISTORY_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "history/energy.h"
#include "history/store.h"
#include "reports/text.h"
#include "terminal.h"

struct history_host {
	sqlite3_int64 id;
	bool known;		/* it has a fingerprint */
	char *fingerprint, *name, *cpu, *microcode, *kernel;
	size_t group;		/* those of one group are one host */
};

struct history_document {
	sqlite3_int64 id;
	const struct history_host *host;
	char *run, *started, *version, *image, *source;
	bool complete;
	bool times;		/* its times mean something */
	size_t results;
	size_t order;		/* by start, from 0 */
};

struct history {
	struct store *store;	/* borrowed */
	struct history_host *host;
	size_t hosts;
	struct history_document *document;	/* by id */
	struct history_document **in_order;	/* by start */
	size_t documents;
	unsigned int across;	/* ACROSS_KERNELS, ACROSS_BUILDS */
};

struct point {
	const struct history_document *document;
	int severity;		/* doc_verdict_severity */
	bool expected;
	double median, low, high;	/* NAN: there is none */
};

struct trend {
	sqlite3_int64 id;
	const char *item, *params, *target, *unit;	/* borrowed; foreign */
	bool higher;		/* is better */
	const char *name;	/* "exit/cpuid ring=3 on null", printable */
	const struct history_host *host;	/* of the newest point */
	size_t group;
	struct point *point;
	size_t count;
};

/* What a caller wants to see. */
struct selection {
	const char *const *globs;	/* over items, as elsewhere; none: all */
	size_t glob_count;
	const char *host;	/* a fingerprint or its begin, or NULL */
};

/* 0 or -errno; history_close in any case. */
int history_open(struct history *h, struct store *s, unsigned int across,
		 struct error *e);
void history_close(struct history *h);

/* NULL for none. */
const struct history_document *history_document(const struct history *h,
						sqlite3_int64 id);

/*
 * Calls `each` for every series that is selected and has numbers, by name and
 * host; what it gets is valid during the call. A non-zero return ends the walk
 * and is returned. -ENOENT if nothing is selected.
 */
typedef int (*series_fn)(void *opaque, const struct trend *s,
			 struct error *e);
int history_walk(struct history *h, const struct selection *want,
		 series_fn each, void *opaque, struct error *e);

/* "exit/cpuid ring=3 on null" from the columns of a store. */
void text_series(struct text *t, const char *item, const char *params,
		 const char *target);

/* Lines about fingerprints that changed: text_visible'd, each with its \n. */
void text_host_changes(struct text *t, const struct history *h);

/* "env.kernel.release 6.1.0 to 6.1.9": what differs between two hosts. */
void text_host_difference(struct text *t, const struct history_host *a,
			  const struct history_host *b);

/* A stretch of a series between two change points. */
struct stretch {
	size_t from, to;	/* points [from, to) */
	double median;
	double ratio;		/* to the stretch before; NAN for the first */
	double p;
};

/*
 * The series cut at its change points: at least one stretch; free(*s). 0 or
 * -ENOMEM.
 */
int series_cut(const struct trend *s, uint64_t seed, struct stretch **stretch,
	       size_t *count);

/* Whether a stretch is worse than the one before it. */
bool stretch_worse(const struct trend *s, const struct stretch *x);

/* The writers: 0 or -errno. A rich terminal is shown more. */
int history_list(struct history *h, const struct terminal *terminal,
		 struct text *t);
int history_show(struct history *h, const struct selection *want,
		 uint64_t seed, bool points, const struct terminal *terminal,
		 struct text *t, struct error *e);
int history_csv(struct history *h, const struct selection *want,
		struct text *t, struct error *e);
int history_json(struct history *h, const struct selection *want,
		 uint64_t seed, struct text *t, struct error *e);

/* One SVG at `path`, drawn by gnuplot: a panel a series. */
int history_plot(struct history *h, const struct selection *want,
		 uint64_t seed, const char *path, size_t *panels,
		 struct error *e);

#endif
