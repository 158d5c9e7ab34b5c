/*
 * A soak: the chosen items again and again, for hours, in one process, with
 * the process and its host watched beat by beat.
 *
 * Each pass runs every item once, in an order of its own; an item that is
 * skipped in the first pass is left out from then on. A beat writes what was
 * counted and seen into the journal, so that whatever kills the process costs
 * what happened since the last one. What is resumed is another process: its
 * memory is compared with its own beats only (`part`).
 *
 * Kernel memory is judged where the process is alone in its memory cgroup (as
 * by systemd-run --scope); elsewhere it is told, since it is everybody's.
 *
 * The beats of a part's first time, a tenth of the whole and at least until
 * each row has had its turn, are warm-up: pools fill then, and no slope is made
 * of them. A soak that is too short for that says so, and has not passed.
 *
 * A hang of what was right before, or a failure of nothing but time (a late
 * kick, a late neighbour), is looked at again with PATIENCE times the deadline:
 * on a busy host a thread may have had no CPU. What is right then was late, and
 * is counted as that; what is not is worse, and keeps its verdict.
 *
 * Journal: {"seen": {"id", "ring", "vcpus", "verdict", "was", "reason"}} when
 * an item's verdict is first known or changes; {"part": N}; {"beat": {...}}.
 */
#ifndef VMGAUGE_SOAK_SOAK_H
#define VMGAUGE_SOAK_SOAK_H

#include "measure/stats.h"
#include "session.h"
#include "soak/vitals.h"

#define SOAK_VERDICTS	7	/* by doc_verdict_severity() */
#define SOAK_BEATS	240	/* in a soak of any length, about */
#define SOAK_LEVEL	0.99	/* of a slope's interval */

struct soak_beat {
	double t_s;		/* of the soak, all parts together */
	unsigned int part;
	bool warm;
	double value[VITALS];
};

struct soak {
	struct session *session;
	double duration_s;
	double done_s;			/* in earlier parts */
	unsigned int part;		/* this one, from 1 */
	struct soak_beat *beat;		/* owned */
	size_t beats, room;
	uint64_t runs, runs_at_beat;
	uint64_t verdicts[SOAK_VERDICTS];
	signed char *last;		/* severity by series, -1; owned */
	json_t *changes;		/* "seen" records with a "was"; owned */
	unsigned int worse;		/* times an item began to go wrong */
	unsigned int late;		/* that were nothing else, this part's */
	unsigned int warnings, alarms;	/* of the kernel, earlier parts' too */
	bool tainted;
	bool passed_once;		/* this part: each row had its turn */
	struct vitals vitals;
	unsigned int part_warnings, part_alarms;	/* before this part */
	const struct bench *reference;	/* NULL: none for the latency */
	double began_s, beat_s;		/* by the clock */
};

/* How a vital moved over the beats that count. */
struct soak_trend {
	double first, last;	/* medians of its first and last tenth */
	double per_hour;	/* the slope; NaN: unknown */
	struct interval ci;	/* of the slope, an hour */
	double added;		/* that it comes to at least, over the soak */
	bool grows;		/* more than noise and slack explain */
	const char *note;	/* why it is not known or not judged; or NULL */
};

/* `session` is planned, its journal open or NULL. 0 or -errno. */
int soak_open(struct soak *k, struct session *session, double duration_s,
	      struct error *e);
void soak_close(struct soak *k);
/* Takes over what earlier parts left; before soak_run(). */
int soak_resume(struct soak *k, const json_t *records, struct error *e);
/* To the end of the time; -EINTR when interrupted, or as session_run(). */
int soak_run(struct soak *k, struct error *e);

/* judge.c */
struct soak_trend soak_trend(const struct soak *k, enum vital what);
/* NULL when the soak passed; else why not, in `to`. */
const char *soak_wrong(const struct soak *k, char *to, size_t bytes);
/* "vmgauge-soak/1": all beats, trends, changes, verdict. New reference. */
json_t *soak_document(const struct soak *k);
void soak_print(FILE *out, const struct soak *k);

/* beat.c: one more, read, kept and written; and from a record. */
int soak_beat(struct soak *k, struct error *e);
int soak_beat_take(struct soak *k, const json_t *beat, struct error *e);

/* picture.c: all vitals over time, at `path`; -ENOENT without gnuplot. */
int soak_picture(const struct soak *k, const char *path, struct error *e);

#endif
