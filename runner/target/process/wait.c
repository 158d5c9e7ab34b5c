/*
 * Waiting for a child with a deadline; see process.h.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "target/process/process.h"

#define STEP_MS		1	/* between looks, on a kernel without pidfds */
#define LOOK_MS		20	/* ... and for the start of the payload */
#define POLITE_MS	2000	/* for a stopped container's engine to tidy up */
#define GRACE_MS	5000	/* for a killed child to be gone */

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* True when the child was reaped within `ms`. */
static bool reap(pid_t child, int pidfd, double ms, int *status)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	const struct timespec step = { .tv_nsec = STEP_MS * 1000000 };
	double until = now_ms() + ms;

	for (;;) {
		double left;

		if (waitpid(child, status, WNOHANG) == child)
			return true;
		left = until - now_ms();
		if (left <= 0)
			return false;
		if (pidfd >= 0)
			poll(&p, 1, left > 1 ? (int)left : 1);
		else
			nanosleep(&step, NULL);
	}
}

/*
 * The deadline is the payload's: a container may take as long to start as a
 * busy host needs.
 */
static bool reap_in_time(pid_t child, int pidfd, const struct process_box *box,
			 unsigned int start_ms, unsigned int deadline_ms,
			 int *status)
{
	double until = now_ms() + start_ms;

	while (box->stage == PROCESS_FRESH) {
		if (now_ms() > until)
			return false;
		if (reap(child, pidfd, LOOK_MS, status))
			return true;
	}
	return reap(child, pidfd, (double)deadline_ms * PROCESS_PATIENCE,
		    status);
}

int process_wait(pid_t child, const struct process_box *box,
		 const struct process_launcher *by, unsigned int deadline_ms,
		 struct process_end *end, struct error *e)
{
	int pidfd = (int)syscall(SYS_pidfd_open, child, 0);
	int rc = 0;

	*end = (struct process_end){ 0 };
	end->late = !reap_in_time(child, pidfd, box, by->start_ms, deadline_ms,
				  &end->status);
	if (end->late) {
		by->kill_all(by->opaque, child);
		if (!reap(child, pidfd, POLITE_MS, &end->status) &&
		    (kill(child, SIGKILL) ||
		     !reap(child, pidfd, GRACE_MS, &end->status)))
			rc = error_set(e, -EIO, "process %d did not end %d ms "
				       "after it was killed", (int)child,
				       GRACE_MS);
	}
	end->started = box->stage != PROCESS_FRESH;
	if (pidfd >= 0)
		close(pidfd);
	return rc;
}
