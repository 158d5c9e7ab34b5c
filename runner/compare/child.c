/*
 * A command with a time limit; see child.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "compare/child.h"

#define SAID_MOST	4096
#define LINE_MOST	200
#define MEND_S		2.0	/* for what undoes its changes when asked */

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* In the child, of which nothing else is left when this fails. */
static void become(const char *command, const char *const *argv, int said,
		   const sigset_t *mask)
{
	size_t n = 0;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	char script[4096];
	const char **words;

	while (argv[n])
		n++;
	words = calloc(n + 5, sizeof(*words));
	if (!words || null < 0 ||
	    snprintf(script, sizeof(script), "%s \"$@\"", command) >=
	    (int)sizeof(script))
		_exit(126);
	words[0] = "sh";
	words[1] = "-c";
	words[2] = script;
	words[3] = "sh";
	memcpy(words + 4, argv, n * sizeof(*words));
	setpgid(0, 0);
	sigprocmask(SIG_SETMASK, mask, NULL);
	if (dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(said, 2) < 0)
		_exit(126);
	execv("/bin/sh", (char *const *)words);
	_exit(127);
}

/* The last line that is not empty, printable. */
static void last_line(int said, char line[LINE_MOST])
{
	char text[SAID_MOST + 1];
	off_t end = lseek(said, 0, SEEK_END);
	ssize_t n = pread(said, text, SAID_MOST, end > SAID_MOST ?
			  end - SAID_MOST : 0);
	char *at;

	text[n > 0 ? n : 0] = '\0';
	while (n > 0 && text[n - 1] == '\n')
		text[--n] = '\0';
	at = strrchr(text, '\n');
	snprintf(line, LINE_MOST, "%.*s", LINE_MOST - 1, at ? at + 1 : text);
	for (char *c = line; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

/*
 * Waits for the end, and leaves the zombie: while it is there, its process
 * group is nobody else's. SIGCHLD is blocked, so that none is missed.
 */
static int child_wait(pid_t pid, double limit_s, const sigset_t *blocked,
		      const volatile sig_atomic_t *interrupted)
{
	double end_s = now_s() + limit_s;

	for (;;) {
		double left = end_s - now_s();
		struct timespec t = { 0 };
		siginfo_t got = { 0 };

		if (waitid(P_PID, (id_t)pid, &got,
			   WEXITED | WNOHANG | WNOWAIT) && errno != EINTR)
			return -ECHILD;
		if (got.si_pid == pid)
			return 0;
		if (interrupted && *interrupted)
			return -EINTR;
		if (left <= 0)
			return -ETIMEDOUT;
		/* An interrupt between the look and the wait is seen soon. */
		t.tv_sec = left < 1 ? 0 : 1;
		t.tv_nsec = left < 1 ? (long)(left * 1e9) : 0;
		sigtimedwait(blocked, NULL, &t);
	}
}

/*
 * Ends what is left of the group and waits for all of it: a process that is
 * killed within a call still finishes that call, and may leave a file. The
 * caller is the subreaper, so whom the shell leaves behind is waited for, too.
 * The status of `pid` itself.
 */
static int group_end(pid_t pid)
{
	const struct timespec nap = { 0, 10000000 };
	double end_s = now_s() + MEND_S;
	int status = 0, one;
	pid_t got;

	kill(-pid, SIGINT);
	do {
		bool late = now_s() >= end_s;

		if (late)
			kill(-pid, SIGKILL);
		got = waitpid(-pid, &one, late ? 0 : WNOHANG);
		if (got == pid)
			status = one;
		if (got == 0)
			nanosleep(&nap, NULL);
	} while (got >= 0 || errno == EINTR);
	return status;
}

static int ended(const char *command, int status, int said, struct error *e)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	char line[LINE_MOST];

	if (code == 0 || code == 1 || code == 77)
		return 0;
	last_line(said, line);
	if (code < 0)
		return error_set(e, -ECHILD, "'%.200s' was ended by signal %d%s%s",
				 command, WTERMSIG(status), *line ? ": " : "",
				 line);
	return error_set(e, -ECHILD, "'%.200s' ended with exit code %d%s%s",
			 command, code, *line ? ": " : "", line);
}

int child_run(const char *command, const char *const *argv, double limit_s,
	      const volatile sig_atomic_t *interrupted, struct error *e)
{
	int said = memfd_create("said", MFD_CLOEXEC), status, rc, reaper = 0;
	sigset_t blocked, before;
	pid_t pid;

	if (said < 0)
		return error_set(e, -errno, "memfd_create: %s", strerror(errno));
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGCHLD);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	prctl(PR_GET_CHILD_SUBREAPER, &reaper);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	pid = fork();
	if (!pid)
		become(command, argv, said, &before);
	if (pid < 0) {
		rc = error_set(e, -errno, "fork: %s", strerror(errno));
		goto out;
	}
	setpgid(pid, pid);	/* both do: whoever comes first */
	rc = child_wait(pid, limit_s, &blocked, interrupted);
	status = group_end(pid);
	if (!rc)
		rc = ended(command, status, said, e);
	else if (rc == -EINTR)
		error_set(e, rc, "interrupted");
	else if (rc == -ECHILD)
		error_set(e, rc, "'%.200s' cannot be waited for: is SIGCHLD "
			  "ignored?", command);
	else
		error_set(e, rc, "'%.200s' did not end within %.0f s: give "
			  "fewer items, or more time by --limit", command,
			  limit_s);
out:
	prctl(PR_SET_CHILD_SUBREAPER, reaper);
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(said);
	return rc;
}
