/*
 * Mutants of the host: something changes it between the two port writes on
 * which containment's host halves look around, as a leaking guest would.
 *
 * They stand in for the callback that the probe claimed, and call it.
 */
#ifndef VMGAUGE_MUTANT_HOST_H
#define VMGAUGE_MUTANT_HOST_H

#include <asm/prctl.h>
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kvm/vm.h"
#include "mutant.h"

#define HELD_PORT	0x5650		/* of containment/state and memory */

/* The callback that waits there, and whose place was taken. */
static struct range held;

static int held_replace(struct item_host *h, range_fn *by, struct error *e)
{
	for (unsigned int i = 0; i < h->vm->pio.count; i++) {
		struct range *r = &h->vm->pio.range[i];

		if (r->start != HELD_PORT)
			continue;
		held = *r;
		r->fn = by;
		r->opaque = h;
		return 0;
	}
	return error_set(e, -ENOENT, "no host half waits at port %#x",
			 HELD_PORT);
}

static void held_call(struct vcpu *v, uint64_t offset, void *data,
		      unsigned int bytes)
{
	held.fn(v, held.opaque, offset, data, bytes, true);
}

static void nothing_done(struct vcpu *v, void *opaque, uint64_t offset,
			 void *data, unsigned int bytes, bool write)
{
	(void)v, (void)opaque, (void)offset, (void)data, (void)bytes;
	(void)write;
}

static int slot_keep(struct item_host *h, const struct mutant *m,
		     struct error *e)
{
	(void)m;
	return held_replace(h, nothing_done, e);
}

static void gs_moved(struct vcpu *v, void *opaque, uint64_t offset, void *data,
		     unsigned int bytes, bool write)
{
	(void)opaque, (void)write;
	if (offset)
		syscall(SYS_arch_prctl, ARCH_SET_GS, 0x1000);
	held_call(v, offset, data, bytes);
	if (offset)
		syscall(SYS_arch_prctl, ARCH_SET_GS, 0);
}

static int gs_move(struct item_host *h, const struct mutant *m,
		   struct error *e)
{
	(void)m;
	return held_replace(h, gs_moved, e);
}

static void mxcsr_changed(struct vcpu *v, void *opaque, uint64_t offset,
			  void *data, unsigned int bytes, bool write)
{
	uint32_t before, flushing;

	(void)opaque, (void)write;
	__asm__ volatile("stmxcsr %0" : "=m"(before));
	flushing = before | 0x8000;
	if (offset)
		__asm__ volatile("ldmxcsr %0" :: "m"(flushing));
	held_call(v, offset, data, bytes);
	__asm__ volatile("ldmxcsr %0" :: "m"(before));
}

static int mxcsr_change(struct item_host *h, const struct mutant *m,
			struct error *e)
{
	(void)m;
	return held_replace(h, mxcsr_changed, e);
}

static void reading_changed(struct vcpu *v, void *opaque, uint64_t offset,
			    void *data, unsigned int bytes, bool write)
{
	struct item_host *h = opaque;

	(void)write;
	held_call(v, offset, data, bytes);
	if (offset)
		h->mailbox->ret[2] ^= 4;
}

/* For what user space cannot change: the reading itself. */
static int reading_change(struct item_host *h, const struct mutant *m,
			  struct error *e)
{
	(void)m;
	return held_replace(h, reading_changed, e);
}

/* Left pending, so that it arrives where a real one would. */
static void trap_raised(struct vcpu *v, void *opaque, uint64_t offset,
			void *data, unsigned int bytes, bool write)
{
	sigset_t set, before;

	(void)opaque, (void)write;
	sigemptyset(&set);
	sigaddset(&set, SIGTRAP);
	pthread_sigmask(SIG_BLOCK, &set, &before);
	if (offset)
		raise(SIGTRAP);
	held_call(v, offset, data, bytes);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static int trap_raise(struct item_host *h, const struct mutant *m,
		      struct error *e)
{
	(void)m;
	return held_replace(h, trap_raised, e);
}

#endif
