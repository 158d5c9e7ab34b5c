/*
 * One command of a live comparison: run by the shell, with arguments behind
 * it, for a document.
 */
#ifndef VMGAUGE_COMPARE_CHILD_H
#define VMGAUGE_COMPARE_CHILD_H

#include <signal.h>

#include "error.h"

/*
 * Runs `command "$@"` by /bin/sh with the NULL-terminated `argv` as arguments,
 * its output dropped, until it ends by itself with exit code 0, 1 or 77
 * (verdicts), or `limit_s` has passed. What it started and left behind in its
 * process group is interrupted, killed after two seconds, and gone when this
 * returns. 0; -EINTR if *interrupted (it is killed, too); -ETIMEDOUT or
 * -ECHILD, and *e has the command, how it ended and the last line that it
 * left on standard error.
 */
int child_run(const char *command, const char *const *argv, double limit_s,
	      const volatile sig_atomic_t *interrupted, struct error *e);

#endif
