/*
 * The thread that runs vCPUs: made, pinned and given its counters once.
 *
 * A thread for each VM would cost more than the VM: placing it and opening
 * its perf events takes longer than KVM_CREATE_VM. One thread runs one job
 * at a time; the owner waits with a deadline.
 */
#ifndef VMGAUGE_TARGET_WORKER_H
#define VMGAUGE_TARGET_WORKER_H

#include <pthread.h>
#include <stdbool.h>

#include "error.h"

typedef void worker_job(void *opaque);

/* How many times its limit a job may take by the clock. */
#define WORKER_PATIENCE	4

/* The caller's; contents are private but for `thread`. */
struct worker {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	worker_job *job;		/* NULL: idle */
	void *opaque;
	bool quit, open;
	int schedstat, stat;		/* the thread's own in /proc, or -1 */
	double began_ms;		/* the job, by the clock, */
	double ran_ms, delay_ms;	/* and what the thread had had then */
};

/* 0 or -errno. worker_close() is safe on zeroes and after a failure. */
int worker_open(struct worker *w, struct error *e);
void worker_start(struct worker *w, worker_job *job, void *opaque);
/*
 * False when the job did not end within `ms`; it goes on running. Time that
 * the thread spent waiting for a CPU that others had does not count, up to
 * WORKER_PATIENCE * ms by the clock: a busy host makes nothing hang.
 */
bool worker_wait(struct worker *w, unsigned int ms);
/* What its thread ever waited, runnable, for a CPU; 0 where not known. */
double worker_delay_ms(const struct worker *w);
/* Waits for the job, if any. Never call it with one that cannot end. */
void worker_close(struct worker *w);

#endif
