/*
 * The vCPUs of a VM that are not its first, a thread for each; inside
 * target/ only.
 *
 * The guest's first CPU leads (guests/smp.h): its doorbells start the others,
 * and where CPUs park it releases and joins them through here. Whatever ends
 * one of them too early ends all: its index is in `failed`, and nobody is
 * left waiting for it.
 */
#ifndef VMGAUGE_TARGET_SMP_H
#define VMGAUGE_TARGET_SMP_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "kvm/vm.h"

struct target_context;

struct secondary {
	struct smp *smp;
	struct vcpu *vcpu;
	enum vcpu_end end;
	uint32_t released;	/* the number of its last release */
};

/* The caller's, with zeroes before smp_create(). */
struct smp {
	struct vm *vm;
	const struct target_context *ctx;
	struct secondary *secondary;	/* of vCPU 1 and up; owned */
	unsigned int count;		/* of them; 0: nothing to do */
	bool sipi;			/* they wait for INIT and SIPI; the caller's */
	unsigned int threads;		/* that were created and not joined */
	/* Words that threads sleep on (futex). */
	_Atomic uint32_t number;	/* of the last release; 0: none may run */
	_Atomic uint32_t parked;	/* since then */
	atomic_bool over;
	_Atomic unsigned int failed;	/* the first that ended early, 0: none */
};

/*
 * Memory for the vCPUs' areas, their registers, and their threads, which
 * wait. -EAGAIN where a limit forbids so many threads. smp_destroy() is safe
 * after a failure and on zeroes; only once smp_stop() has returned 0.
 */
int smp_create(struct smp *s, struct vm *vm, const struct target_context *ctx,
	       uint64_t entry_gpa, struct error *e);
void smp_destroy(struct smp *s);

/* Nobody waits any longer; vCPUs that run go on until smp_stop(). */
void smp_cancel(struct smp *s);

/*
 * Ends all threads. -EIO when one does not leave the kernel within
 * `grace_ms`: then its VM must live as long as the process.
 */
int smp_stop(struct smp *s, unsigned int grace_ms, struct error *e);

/* Doorbells, on the thread of the vCPU that rang. */
void smp_run_secondaries(struct smp *s);
void smp_release(struct smp *s);
void smp_join(struct smp *s);
void smp_park(struct smp *s, struct vcpu *v);

#endif
