/*
 * Many CPUs in the image: the one that booted leads, all others follow.
 *
 * Followers wait at a gate; the leader releases them to run something, and
 * joins them when they are through. While there are at most as many CPUs as
 * the host has free ones they wait by spinning on a line that only a release
 * writes: nothing exits, nothing else is shared. With more of them (the
 * mailbox says `parks`) whoever waits would take the CPU from those that
 * work, so followers wait in the host, one doorbell for each wait; the host
 * takes those exits off again.
 *
 * That the harness does not contend: from a release to its join nothing is
 * written that two CPUs have. A CPU's stacks, tables and stamps lie in its own
 * area (cpus.h); the gate's line is read, and written by the leader before the
 * release only; of what others read or write in an area, `done` and `over`,
 * each has a line that its own CPU leaves alone until it is through. Tables
 * that all walk have their accessed and dirty bits since the first batch, which
 * is not timed. ci/unit/test_smp_lines.c looks for a page of nobody's own in
 * KVM's dirty log while a batch goes on.
 */
#ifndef VMGAUGE_SMP_H
#define VMGAUGE_SMP_H

#include <stdbool.h>
#include <stdint.h>

#include "guest.h"
#include "suite.h"

/* 1 where there is only the CPU that booted. */
static inline uint32_t smp_cpus(void)
{
	return mailbox->vcpus ? mailbox->vcpus : 1;
}

/*
 * Starts all others, once, after the mailbox asked for them. Each is then at
 * the gate. On a CPU that is alone smp_*() do nothing but the leader's part.
 */
void smp_start(bool sipi);	/* by INIT and SIPI, or by the host */

/*
 * Starts the second of two CPUs, that do not park, anew. It runs leave(), from
 * which it does not come back; left() waits until it is there, and order()
 * starts it. The cycles from the order until it is at the gate again.
 */
uint64_t smp_restart(void (*leave)(void), void (*left)(void),
		     void (*order)(void));

/* Runs fn() at CPL0 or 3 on all CPUs, the leader included; all are through. */
void smp_run(void (*fn)(void), uint32_t ring);

/*
 * Batches of a bench. smp_batches_begin() takes the followers to the gate of
 * that ring, where smp_batch() finds them at once; it fills `block` with the
 * first begin and the last end of all CPUs whose role it was to run `ops`
 * times `op`; b is NULL for the empty operation, which all of them run. What
 * is returned is the shortest time that one of them took: where CPUs have to
 * take turns, that of an undisturbed one.
 */
void smp_batches_begin(const struct bench *b, uint32_t ring);
uint64_t smp_batch(void (*op)(void), uint64_t ops, struct abi_block *block);
void smp_batches_end(void);

/* For a peer: the initiator has made its last operation of this batch. */
static inline bool smp_over(void)
{
	return cpu_self()->over;
}

static inline void cpu_relax(void)
{
	__asm__ volatile("pause" ::: "memory");
}

#endif
