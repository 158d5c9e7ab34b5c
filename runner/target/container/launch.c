/*
 * Executes the engine; see launch.h. Between fork and exec the child gives
 * up what should not leak into a container: descriptors, standard streams,
 * and root, where the engine does not need it.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "target/container/launch.h"

#define START_MS	15000	/* by far too long, and a busy host may need it */
#define LINE_BYTES	512
#define FDS_MAX		4096	/* closed one by one on old kernels */

static void fds_close(void)
{
	if (!syscall(SYS_close_range, 3u, ~0u, 0u))
		return;
	for (int fd = 3; fd < FDS_MAX; fd++)
		close(fd);
}

static void streams_open(const struct container *c)
{
	char path[PATH_MAX];
	int null = open("/dev/null", O_RDONLY), log;

	snprintf(path, sizeof(path), "%s/output", c->dir);
	log = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	dup2(null, 0);
	dup2(log >= 0 ? log : null, 1);
	dup2(1, 2);
}

static void root_drop(void)
{
	if (setgroups(0, NULL) ||
	    setresgid(CONTAINER_UID, CONTAINER_UID, CONTAINER_UID) ||
	    setresuid(CONTAINER_UID, CONTAINER_UID, CONTAINER_UID))
		_exit(126);
}

static void engine_exec(const struct container *c, pid_t runner)
	__attribute__((noreturn));

static void engine_exec(const struct container *c, pid_t runner)
{
	int fd;

	streams_open(c);
	if (!(c->without & PART_FDS) && c->engine->program)
		fds_close();
	if (c->fd_3) {
		fd = open(c->fd_3, O_RDONLY);
		if (fd != 3 && dup2(fd, 3) < 0)
			_exit(126);
	}
	if (c->engine->drops_root && c->root)
		root_drop();
	/* After the change of IDs, which would clear it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != runner)
		_exit(126);
	execv(c->arg[0], (char *const *)(uintptr_t)c->arg);
	dprintf(2, "%s: %s\n", c->arg[0], strerror(errno));
	_exit(127);
}

static pid_t launch(void *opaque, struct error *e)
{
	const struct container *c = opaque;
	pid_t runner = getpid(), child;

	child = fork();
	if (child < 0)
		return error_set(e, -errno, "fork: %s: raise the limit of "
				 "processes (ulimit -u)", strerror(errno));
	if (!child)
		engine_exec(c, runner);
	return child;
}

static void launch_kill(void *opaque, pid_t child)
{
	struct container *c = opaque;

	/* By its own means an engine also tidies up behind itself. */
	if (c->engine->kill)
		c->engine->kill(c);
	else
		kill(child, SIGKILL);
}

struct process_launcher launcher_of(struct container *c)
{
	return (struct process_launcher){
		.start_ms = START_MS, .start = launch,
		.kill_all = launch_kill, .opaque = c,
	};
}

/* The last line that has something in it; "" without one. */
static void line_last(const struct container *c, const char *name, char *line,
		      size_t bytes)
{
	char path[PATH_MAX], read[LINE_BYTES];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", c->dir, name);
	f = fopen(path, "re");
	while (f && fgets(read, sizeof(read), f)) {
		read[strcspn(read, "\r\n")] = '\0';
		if (read[0])
			snprintf(line, bytes, "%s", read);
	}
	if (f)
		fclose(f);
}

int launch_explain(struct container *c, int rc, struct error *e)
{
	char said[sizeof(e->text)] = "", line[LINE_BYTES] = "";

	snprintf(said, sizeof(said), "%s", e->text);
	line_last(c, "log", line, sizeof(line));
	line_last(c, "output", line, sizeof(line));
	for (char *p = line; *p; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	return error_set(e, rc, "container:%s: %.200s%s%.180s", c->engine->name,
			 said, line[0] ? ": " : "", line);
}
