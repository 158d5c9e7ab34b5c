/*
 * The confinement: a VM and its vCPUs in a process that can do little else.
 *
 * A guest that breaks out of KVM owns its VMM. Here that is a process of its
 * own for each run of an item: forked, without the runner's descriptors, in
 * namespaces of its own where the host allows them (mounts, network, IPC,
 * host name; a user namespace where that takes no privilege), under an empty
 * root that holds /dev/kvm, /proc and /sys read-only and a small /tmp, as
 * nobody where /dev/kvm's group lets it, without capabilities, with
 * no_new_privs, with bounded memory and files, the first to go where memory
 * runs out, and under a seccomp filter.
 *
 * The filter has two phases. Set-up: what making a VM takes; it cannot be
 * left but for the run, whose list is shorter, holds for every thread, and is
 * in force before the guest's first instruction. A call that is on neither
 * list is refused: some by an errno that our own code is ready for, every
 * other by the end of the process. In set-up that tells the call's number; in
 * the run nothing of the process is asked any more.
 *
 * ioctl() is not looked into. All descriptors are KVM's, memory's or
 * eventfds', and the kernel need not run a filter for a call whose arguments
 * nobody reads: it looks into a bitmap. KVM_RUN costs what it cost before.
 *
 * Items that are not hostile run outside by default. Their guests are ours;
 * and a process for each VM takes from a measurement what it may need: perf
 * events, tracepoints, the thread that is placed and warm.
 *
 * What the process has found comes back in memory that both share, which the
 * runner trusts no more than a mailbox.
 */
#ifndef VMGAUGE_TARGET_CONFINE_CONFINE_H
#define VMGAUGE_TARGET_CONFINE_CONFINE_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "target/target.h"

enum confine_phase { CONFINE_SET_UP, CONFINE_RUN, CONFINE_PHASES };

/* The filters, compiled once a session. Zeroes are closed. */
struct confine {
	struct sock_filter *filter[CONFINE_PHASES];	/* owned */
	unsigned short filters[CONFINE_PHASES];
};

/* 0 or -errno; confine_close() is safe on zeroes and after a failure. */
int confine_open(struct confine *c, struct error *e);
void confine_close(struct confine *c);

/*
 * In the process that is to be confined, which has one thread: all but the
 * filters. A namespace that is not allowed is left out and named in `left`;
 * whatever else cannot be given up is an error.
 */
int confine_enter(const struct target_context *ctx, char *left, size_t bytes,
		  struct error *e);
/* Holds for all threads, and for good. */
int confine_filter(const struct confine *c, enum confine_phase phase,
		   struct error *e);

/* Below, root.c: the namespaces' own part; 0 or -errno. */
int confine_root(struct error *e);

/*
 * As target_run_once(), which calls it: the same in a confined process. A
 * process that ends otherwise than by its own word, or not in time, is the
 * item's crash or hang, and costs the session nothing.
 */
int confined_run_once(const struct target *t, struct target_context *ctx,
		      const struct run_request *r, struct observation *seen,
		      struct error *e);

#endif
