/*
 * SIGBUS as a return value; see memory_guard.h.
 */
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>

#include "host/memory_guard.h"

static __thread sigjmp_buf back;
static __thread volatile sig_atomic_t guarded;
static struct sigaction before;

/* Faults are synchronous: the thread that touched is the one that is here. */
static void on_bus(int sig, siginfo_t *info, void *context)
{
	(void)context;
	if (guarded && info->si_code > 0)
		siglongjmp(back, 1);
	/* The access is repeated, or the signal is: by the old rules. */
	sigaction(sig, &before, NULL);
	if (info->si_code <= 0)
		raise(sig);
}

bool memory_guard_run(void (*fn)(void *opaque), void *opaque)
{
	struct sigaction sa = {
		.sa_sigaction = on_bus, .sa_flags = SA_SIGINFO,
	};
	volatile bool whole = true;

	sigemptyset(&sa.sa_mask);
	if (sigaction(SIGBUS, &sa, &before)) {
		fn(opaque);
		return true;
	}
	if (!sigsetjmp(back, 1)) {
		guarded = 1;
		fn(opaque);
	} else {
		whole = false;
	}
	guarded = 0;
	sigaction(SIGBUS, &before, NULL);
	return whole;
}
