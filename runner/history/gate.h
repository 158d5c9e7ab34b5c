/*
 * The newest result of a host against that host's own past.
 *
 * The past of a bench is what was measured since its last change point, by the
 * same guest image, at most GATE_RUNS runs of it: what those runs differ by
 * among themselves is the floor below which nothing is believed. Judged, and
 * written, as `vmgauge compare` does with several runs of BASE (compare.h): so
 * the chance of a false alarm is the same known one. A verdict is compared with
 * that of the last run that has the item.
 */
#ifndef VMGAUGE_HISTORY_GATE_H
#define VMGAUGE_HISTORY_GATE_H

#include "compare/compare.h"
#include "history/history.h"

enum { GATE_RUNS = 20,		/* of the past, at most */
       GATE_LOOK_BACK = 100 };	/* runs in which a change point is sought */

struct history_gate {
	struct compare compare;		/* for its writers */
	json_t *kept;			/* what its rows borrow */
	const struct history_document *newest;
	const struct history_document **past;	/* newest last */
	size_t pasts;
};

/*
 * `run` is the id of the run to judge, NULL the newest (of `host`, if that is
 * given). g->compare.options is set by the caller. 0 or -errno;
 * history_gate_close in any case, before history_close.
 */
int history_gate_open(struct history_gate *g, struct history *h,
		      const char *run, const char *host, uint64_t seed,
		      struct error *e);
void history_gate_close(struct history_gate *g);

#endif
