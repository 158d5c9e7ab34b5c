/*
 * The oracle: what the runner itself sees of a guest that tries to get out.
 *
 * A probe of containment or stability says by .watch what is to be watched
 * beside it. All of this lies outside the guest: canaries beside its memory,
 * the host's own state before and after, a sibling VM with secrets and a
 * heartbeat, and how late that heartbeat is (neighbour impact). What it finds
 * wrong is a failed check of the probe; what it measured is the result's
 * "evidence". The guest's word is evidence too, and never the verdict.
 *
 * The target opens it before prepare(), tells it where the vCPU's thread is,
 * lets it judge after judge(), and closes it.
 */
#ifndef VMGAUGE_ORACLE_ORACLE_H
#define VMGAUGE_ORACLE_ORACLE_H

#include <jansson.h>
#include <stdbool.h>

#include "error.h"
#include "item_host.h"
#include "oracle/host_state.h"
#include "oracle/sibling.h"
#include "suite.h"

#define KILL_BOUND_MS		100.0	/* a vCPU has left KVM_RUN by then */
#define NEIGHBOUR_BOUND_MS	100.0	/* of its p99 beside a hostile guest */
#define KILLS_MAX		64

/* Checks of time: only these fail where a busy host is all that is wrong. */
#define ORACLE_KICKS_LATE	"kicks that took over 100 ms"
#define ORACLE_NEIGHBOUR_LATE	"the neighbour's p99 is over 100 ms late"

struct oracle {
	unsigned int watch;		/* enum watch */
	struct item_host *host;
	struct host_state before;
	struct thread_state thread;	/* the vCPU's, before its first entry */
	bool thread_changed;
	struct thread_state thread_after;	/* the first that differs */
	struct sibling sibling;
	size_t quiet;			/* beats before the guest began */

	/* Of an endless guest: from each kick until the vCPU's thread is out. */
	double kill_ms[KILLS_MAX];
	double waited_ms[KILLS_MAX];	/* of that, at most, for a CPU */
	unsigned int kills;
	unsigned int kills_wanted;
};

/* NULL in *o when the probe asks for nothing. 0, or -errno with the reason. */
int oracle_open(struct oracle **o, struct item_host *h, const struct probe *p,
		struct error *e);
/* After prepare(): what is from now on must be so at the end. */
void oracle_begin(struct oracle *o);
/* On the vCPU's thread, before and after it runs. NULL is fine for each. */
void oracle_thread_before(struct oracle *o);
void oracle_thread_after(struct oracle *o);
/* Lets the neighbour collect what a distribution needs, while the guest runs. */
void oracle_linger(struct oracle *o);
void oracle_killed(struct oracle *o, double ms, double waited_ms);
/* Checks into the mailbox; the guest must not run any more. */
void oracle_judge(struct oracle *o);
/* A new reference: "evidence" of the result; NULL when there is none. */
json_t *oracle_evidence(const struct oracle *o);
void oracle_close(struct oracle *o);

#endif
