/*
 * What runs trials; see trial.h for what a place is.
 *
 * run() fills an outcome for each trial. A trial that hangs or kills what runs
 * it has an outcome that says so, and costs no other trial: the place starts
 * afresh behind it. 0, or -errno when the place itself cannot do its work.
 * Trials of one call have different slots, DIFFER_SLOTS at most.
 */
#ifndef VMGAUGE_DIFFER_PLACE_H
#define VMGAUGE_DIFFER_PLACE_H

#include "differ/trial.h"
#include "error.h"
#include "kvm/system.h"

struct place {
	enum place_kind kind;
	int (*run)(struct place *p, const struct trial *const *trial,
		   struct outcome *outcome, unsigned int count,
		   struct error *e);
	/* Makes an end of its VM or process: the next trial has another. */
	void (*refresh)(struct place *p);
	void (*close)(struct place *p);
	void *state;			/* its own */
	uint64_t fresh;			/* VMs or processes made so far */
};

static inline int place_run(struct place *p, const struct trial *const *trial,
			    struct outcome *outcome, unsigned int count,
			    struct error *e)
{
	return p->run(p, trial, outcome, count, e);
}

/* Safe on zeroes, and after a failed open. */
static inline void place_close(struct place *p)
{
	if (p->close)
		p->close(p);
	p->close = NULL;
}

/*
 * native.c: a child that may do nothing but compute (seccomp). The arena is
 * mapped at DIFFER_VA of the caller, too.
 */
int place_native_open(struct place *p, unsigned int deadline_ms,
		      struct error *e);

/*
 * machine.c: every other kind. `sys` is the caller's, and outlives it. With
 * `hidden` trials may use vectors that CPUID does not show to the guest.
 */
int place_machine_open(struct place *p, enum place_kind kind,
		       struct kvm_system *sys, unsigned int deadline_ms,
		       bool hidden, struct error *e);

#endif
