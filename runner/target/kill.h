/*
 * A guest that never ends by itself: how long until it can be taken off?
 */
#ifndef VMGAUGE_TARGET_KILL_H
#define VMGAUGE_TARGET_KILL_H

#include "error.h"

struct machine;

/*
 * Starts `run` on the worker, waits until the guest has rung READY, and then
 * kicks its first vCPU probe.kills times at random instants; the last time
 * all vCPUs. What each took is told to the oracle. Returns 0 also for a guest
 * that ended or never was ready (*late: within its deadline); -EIO for one
 * that could not be kicked, as a hang that lasts.
 */
int kill_run(struct machine *m, void (*run)(void *machine), bool *late,
	     struct error *e);

#endif
