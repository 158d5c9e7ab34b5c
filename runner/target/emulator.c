/*
 * The child process of an emulator: start, wait, kill; see emulator.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "target/emulator.h"

#define CHILD_SERIAL_FD	3
#define CHILD_FILE_FD	4
#define TICK_MS		20
#define TICK_BUSY_MS	4	/* somebody has more to do */

/* Both ends of what leads to the child and back, and where it starts. */
struct plumbing {
	int in[2], out[2], log;
	cpu_set_t *cpus;	/* NULL: where we are */
	size_t cpus_bytes;
};

/*
 * In the child: nothing but system calls. A failure becomes text on its
 * stderr, which is the log, and an exit code of its own.
 */
static void child_exec(const struct emulator_command *c, pid_t parent,
		       const struct plumbing *p)
{
	static const char no_net[] = "no network namespace can be made for it "
				     "(CLONE_NEWNET)\n";
	static const char no_exec[] = "it cannot be executed\n";
	int in = p->in[0], out = p->out[1];
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	setpgid(0, 0);
	dup2(p->log, STDERR_FILENO);
	if (p->cpus)
		sched_setaffinity(0, p->cpus_bytes, p->cpus);
	if (c->no_network && unshare(CLONE_NEWNET) &&
	    unshare(CLONE_NEWUSER | CLONE_NEWNET)) {
		if (write(STDERR_FILENO, no_net, sizeof(no_net) - 1) < 0)
			_exit(126);
		_exit(126);
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(126);
	if (c->terminal > 0 && c->serial_fd == 1)
		in = out = c->terminal_peer;
	dup2(in, STDIN_FILENO);
	dup2(c->serial_fd == 1 ? out : p->log, STDOUT_FILENO);
	if (c->serial_fd == CHILD_SERIAL_FD)
		dup2(out, CHILD_SERIAL_FD);
	for (unsigned int i = 0; i < c->files; i++)
		dup2(c->file[i], CHILD_FILE_FD + (int)i);
	execv(c->argv[0], (char *const *)c->argv);
	if (write(STDERR_FILENO, no_exec, sizeof(no_exec) - 1) < 0)
		_exit(127);
	_exit(127);
}

static double now_ms(clockid_t clock)
{
	struct timespec t;

	if (clock_gettime(clock, &t))
		return -1;
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Of the child with all its threads; does not fall when it has ended. */
static double cpu_ms(const struct emulator *em)
{
	clockid_t clock;

	if (clock_getcpuclockid(em->pid, &clock))
		return em->waits_from.cpu_ms;
	return now_ms(clock);
}

static struct emulator_moment moment(const struct emulator *em)
{
	return (struct emulator_moment){ now_ms(CLOCK_MONOTONIC), cpu_ms(em) };
}

static void watch(void *opaque, enum serial_event event,
		  const struct serial *s)
{
	struct emulator *em = opaque;

	(void)s;
	em->events |= 1u << event;
	if (event == SERIAL_BEGIN)
		em->item_from = moment(em);
}

static void close_all(const int *fd, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fd[i] >= 0)
			close(fd[i]);
}

static void plumbing_close(struct plumbing *p)
{
	close_all(p->in, 2);
	close_all(p->out, 2);
	close_all(&p->log, 1);
	CPU_FREE(p->cpus);
}

static int plumbing_open(struct plumbing *p, struct error *e)
{
	*p = (struct plumbing){ { -1, -1 }, { -1, -1 }, -1, NULL, 0 };
	p->log = memfd_create("vmgauge-emulator-log", MFD_CLOEXEC);
	if (p->log < 0 || pipe2(p->in, O_CLOEXEC) || pipe2(p->out, O_CLOEXEC))
		return error_set(e, -errno, "a pipe for the emulator: %s",
				 strerror(errno));
	p->in[0] = emulator_fd(p->in[0]);
	p->out[1] = emulator_fd(p->out[1]);
	p->log = emulator_fd(p->log);
	return 0;
}

/* Keeps our ends; with a terminal, that takes the place of the pipes. */
static void ends_keep(struct emulator *em, const struct emulator_command *c,
		      struct plumbing *p)
{
	if (c->terminal > 0) {
		close(p->out[0]);
		close(p->in[1]);
		p->out[0] = c->terminal;
		p->in[1] = fcntl(c->terminal, F_DUPFD_CLOEXEC, 16);
		em->peer = c->terminal_peer;
	}
	fcntl(p->out[0], F_SETFL, O_NONBLOCK);
	fcntl(p->in[1], F_SETFL, O_NONBLOCK);
	em->out = p->out[0];
	em->in = p->in[1];
	em->log = p->log;
	p->out[0] = p->in[1] = p->log = -1;
}

int emulator_start(struct emulator *em, const struct emulator_command *c,
		   struct error *e)
{
	char build[SERIAL_BUILD_CHARS + 1];
	pid_t parent = getpid();
	struct plumbing p;
	int rc;

	memset(em, 0, sizeof(*em));
	em->out = em->in = em->log = em->peer = -1;
	serial_image_build(build);
	serial_open(&em->serial, build, watch, em);
	em->place = c->place;
	rc = plumbing_open(&p, e);
	if (rc)
		goto out;
	p.cpus = emulator_place_first(&c->place, &p.cpus_bytes);
	em->pid = fork();
	if (em->pid < 0) {
		rc = error_set(e, -errno, "a process for the emulator: %s: "
			       "raise the limit of processes (ulimit -u)",
			       strerror(errno));
		em->pid = 0;
		goto out;
	}
	if (!em->pid)
		child_exec(c, parent, &p);
	setpgid(em->pid, em->pid);
	ends_keep(em, c, &p);
out:
	plumbing_close(&p);
	if (rc && c->terminal > 0) {
		close(c->terminal);
		close(c->terminal_peer);
	}
	return rc;
}

void emulator_stop(struct emulator *em)
{
	if (em->pid > 0) {
		kill(-em->pid, SIGKILL);
		kill(em->pid, SIGKILL);		/* before its own setpgid() */
		while (waitpid(em->pid, NULL, 0) < 0 && errno == EINTR)
			;
		close(em->out);
		close(em->in);
		close(em->log);
		if (em->peer >= 0)
			close(em->peer);
	}
	em->pid = 0;
	em->out = em->in = em->log = em->peer = -1;
}

int emulator_ask(struct emulator *em, const char *words)
{
	char line[SERIAL_LINE_MAX];
	size_t n = serial_ask(line, sizeof(line), words);

	if (!n)
		return -EMSGSIZE;
	return write(em->in, line, n) == (ssize_t)n ? 0 : -EPIPE;
}

static void tail_keep(struct emulator *em, const char *data, size_t bytes)
{
	size_t max = sizeof(em->tail);

	if (bytes > max) {
		data += bytes - max;
		bytes = max;
	}
	if (em->tail_bytes + bytes > max) {
		size_t drop = em->tail_bytes + bytes - max;

		memmove(em->tail, em->tail + drop, em->tail_bytes - drop);
		em->tail_bytes -= drop;
	}
	memcpy(em->tail + em->tail_bytes, data, bytes);
	em->tail_bytes += bytes;
}

/* False at the end of what the child writes. */
static bool read_some(struct emulator *em)
{
	char data[4096];
	ssize_t n = read(em->out, data, sizeof(data));

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (!n)
		return false;
	tail_keep(em, data, (size_t)n);
	serial_feed(&em->serial, data, (size_t)n);
	return true;
}

static bool ended(const struct emulator *em)
{
	siginfo_t info = { .si_pid = 0 };

	return waitid(P_PID, (id_t)em->pid, &info,
		      WEXITED | WNOHANG | WNOWAIT) || info.si_pid;
}

bool emulator_look(struct emulator *em)
{
	struct pollfd p = { .fd = em->out, .events = POLLIN };

	while (poll(&p, 1, 0) > 0)
		if (!read_some(em))
			return false;
	return true;
}

static bool limit_reached(const struct emulator *em,
			  const struct emulator_moment *from,
			  unsigned int limit_ms)
{
	const struct emulator_moment now = moment(em);

	return now.cpu_ms - from->cpu_ms > limit_ms ||
	       now.ms - from->ms > (double)limit_ms * EMULATOR_PATIENCE;
}

static enum emulator_end wait_from(struct emulator *em, unsigned int wanted,
				   const struct emulator_moment *from,
				   unsigned int limit_ms)
{
	for (;;) {
		struct pollfd p = { .fd = em->out, .events = POLLIN };

		if (em->events & wanted)
			return EMULATOR_EVENT;
		if (em->meanwhile)
			em->meanwhile(em->opaque);
		if (poll(&p, 1, em->meanwhile ? TICK_BUSY_MS : TICK_MS) > 0) {
			if (!read_some(em))
				return em->events & wanted ? EMULATOR_EVENT
							   : EMULATOR_ENDED;
			continue;
		}
		if (ended(em) || (em->gave_up && em->gave_up(em))) {
			emulator_look(em);
			return em->events & wanted ? EMULATOR_EVENT
						   : EMULATOR_ENDED;
		}
		if (limit_reached(em, from, limit_ms))
			return EMULATOR_LATE;
	}
}

enum emulator_end emulator_wait(struct emulator *em, unsigned int wanted,
				unsigned int limit_ms)
{
	em->waits_from = moment(em);
	return wait_from(em, wanted, &em->waits_from, limit_ms);
}

enum emulator_end emulator_wait_item(struct emulator *em, unsigned int wanted,
				     unsigned int limit_ms)
{
	em->waits_from = em->item_from;
	return wait_from(em, wanted, &em->waits_from, limit_ms);
}
