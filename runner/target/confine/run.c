/*
 * A run of an item in a confined process, and what the runner makes of how
 * that ended; see confine.h.
 */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host/footprint.h"
#include "target/confine/confine.h"
#include "target/worker.h"

#define WORDS_MAX	65536	/* of a document that it sends */
#define SET_UP_MS	30000	/* for a busy host to make a VM in */
#define LEAVE_MS	15000	/* for a late one to end it by itself */
#define REAP_MS		10000	/* for a killed process to be gone */

/* A JSON document, as text. */
struct words {
	uint32_t bytes;
	char text[WORDS_MAX];
};

/* Shared with the process, which may have written anything into it. */
struct box {
	volatile uint32_t done;		/* what follows is the process's word */
	volatile uint32_t running;	/* the run's filter is in force */
	volatile int32_t refused;	/* call that set-up asked for; or -1 */
	int32_t rc;
	struct error error;
	struct observation seen;
	struct words postmortem, evidence;
};

static struct box *box_shared;	/* for the handler, in the process */

static void on_refusal(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	box_shared->refused = info->si_syscall;
	_exit(1);
}

static int refusals_tell(struct box *box, struct error *e)
{
	struct sigaction sa = { .sa_flags = SA_SIGINFO };

	box_shared = box;
	sa.sa_sigaction = on_refusal;
	sigemptyset(&sa.sa_mask);
	if (sigaction(SIGSYS, &sa, NULL))
		return error_set(e, -errno, "sigaction: %s", strerror(errno));
	return 0;
}

/* In the process: what it points at would be nothing to the runner. */
static void words_keep(struct words *to, json_t **from)
{
	size_t bytes = *from ? json_dumpb(*from, to->text, WORDS_MAX,
					  JSON_COMPACT) : 0;

	*from = NULL;
	to->bytes = bytes <= WORDS_MAX ? (uint32_t)bytes : 0;
}

static json_t *words_read(const struct words *w)
{
	uint32_t bytes = *(const volatile uint32_t *)&w->bytes;

	return bytes && bytes <= WORDS_MAX ?
	       json_loadb(w->text, bytes, 0, NULL) : NULL;
}

static int run_here(const struct target *t, struct target_context *ctx,
		    const struct run_request *r, struct box *box)
{
	struct error *e = &box->error;
	const char *why;
	void *vm = NULL;
	int rc = t->open(ctx, e);

	if (rc)
		return rc;
	/* A VM's first refusal may differ from the session's: ask again. */
	why = t->unsupported ? t->unsupported(ctx, r) : NULL;
	if (why)
		return error_set(e, -ENOTSUP, "in the confinement: %s", why);
	rc = t->create(ctx, r, &vm, e);
	if (rc)
		return rc;
	rc = confine_filter(ctx->confine, CONFINE_RUN, e);
	if (!rc) {
		box->running = 1;
		rc = t->run(vm, r, &box->seen, e);
	}
	t->destroy(vm);
	return rc;
}

/* Never returns. The context is a copy, and so is all that it points at. */
static void process_main(const struct target *t, struct target_context ctx,
			 const struct run_request *r, struct box *box)
{
	char left[200];

	ctx.state = NULL;
	ctx.kvm_fd = 0;
	ctx.tracing = NULL;
	ctx.tracing_note = "a confined process may not trace its host";
	ctx.changes = NULL;
	ctx.allow_host_changes = true;
	ctx.changes_note = "a confined process may not change its host";
	box->rc = confine_enter(&ctx, left, sizeof(left), &box->error);
	if (!box->rc)
		box->rc = refusals_tell(box, &box->error);
	if (!box->rc)
		box->rc = confine_filter(ctx.confine, CONFINE_SET_UP,
					 &box->error);
	if (!box->rc)
		box->rc = run_here(t, &ctx, r, box);
	words_keep(&box->postmortem, &box->seen.postmortem);
	words_keep(&box->evidence, &box->seen.evidence);
	box->done = 1;
	_exit(0);
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* True when the child was reaped within `ms`. */
static bool reap(pid_t child, double ms, int *status)
{
	struct pollfd p = {
		.fd = (int)syscall(SYS_pidfd_open, child, 0), .events = POLLIN,
	};
	double until = now_ms() + ms, left = ms;
	bool gone;

	for (;;) {
		gone = waitpid(child, status, WNOHANG) == child;
		if (gone || left <= 0)
			break;
		/* Without a pidfd it waits for nothing, a millisecond. */
		poll(&p, 1, p.fd < 0 ? 1 : (int)left + 1);
		left = until - now_ms();
	}
	if (p.fd >= 0)
		close(p.fd);
	return gone;
}

static void end_say(struct observation *seen, enum run_end end,
		    const char *text)
{
	seen->end = end;
	snprintf(seen->end_reason, sizeof(seen->end_reason), "%.199s", text);
}

/* Who has no memory is ended by the kernel, and no guest is to blame. */
static bool out_of_memory(int status, long long oom_kills)
{
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL &&
	       oom_kills >= 0 && footprint_oom_kills("") > oom_kills;
}

/* It ended without a word of its own; `oom_kills` there were before. */
static int died(const struct box *box, int status, long long oom_kills,
		struct observation *seen, struct error *e)
{
	char text[160];

	if (out_of_memory(status, oom_kills))
		return error_set(e, -ENOMEM, "the kernel's OOM killer ended "
				 "the VM's process, no crash of its guest: "
				 "raise the limit of its memory cgroup, or "
				 "free memory of the host");
	if (box->refused >= 0)
		return error_set(e, -EPERM, "the confinement refused system "
				 "call %d while the VM was made: it is not on "
				 "the list", box->refused);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		snprintf(text, sizeof(text), "the confinement ended the VM's "
			 "process: it made a system call that is not on the "
			 "list");
	else if (WIFSIGNALED(status))
		snprintf(text, sizeof(text), "the VM's process was killed by "
			 "signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	else
		snprintf(text, sizeof(text), "the VM's process ended with code "
			 "%d without an answer", WEXITSTATUS(status));
	if (!box->running)
		return error_set(e, -ECHILD, "%s, while the VM was made", text);
	end_say(seen, RUN_CRASH, text);
	return 0;
}

/* The process is gone; what it left is bounded before it is used. */
static int box_read(struct box *box, struct observation *seen, struct error *e)
{
	int rc = box->rc;

	*seen = box->seen;
	seen->postmortem = seen->evidence = NULL;
	seen->end_reason[sizeof(seen->end_reason) - 1] = '\0';
	seen->trips_note[sizeof(seen->trips_note) - 1] = '\0';
	if (seen->trips > ABI_STAMPS_MAX || seen->end > RUN_CRASH)
		return error_set(e, -EPROTO, "the VM's process left no answer "
				 "that can be one");
	seen->postmortem = words_read(&box->postmortem);
	seen->evidence = words_read(&box->evidence);
	if (!rc)
		return 0;
	box->error.text[sizeof(box->error.text) - 1] = '\0';
	/* A vCPU that could not be kicked: its process has been ended since. */
	if (rc == -EIO && box->running) {
		end_say(seen, RUN_HANG, box->error.text);
		return 0;
	}
	return error_set(e, rc < 0 && rc > -4096 ? rc : -EPROTO, "%s",
			 box->error.text);
}

static int process_wait_end(pid_t child, struct box *box,
			    const struct run_request *r, long long oom_kills,
			    struct observation *seen, struct error *e)
{
	double limit_ms = SET_UP_MS + LEAVE_MS +
			  (double)r->deadline_ms * WORKER_PATIENCE;
	int status = 0;

	if (!reap(child, limit_ms, &status)) {
		kill(child, SIGKILL);
		if (!reap(child, REAP_MS, &status))
			return error_set(e, -EIO, "process %d with a VM did "
					 "not end %d ms after it was killed",
					 (int)child, REAP_MS);
		if (!box->running)
			return error_set(e, -ETIMEDOUT, "no VM was made "
					 "within %d s", SET_UP_MS / 1000);
		end_say(seen, RUN_HANG, "the VM's process did not answer and "
			"was killed");
		return 0;
	}
	return box->done && WIFEXITED(status) && !WEXITSTATUS(status) ?
	       box_read(box, seen, e) :
	       died(box, status, oom_kills, seen, e);
}

int confined_run_once(const struct target *t, struct target_context *ctx,
		      const struct run_request *r, struct observation *seen,
		      struct error *e)
{
	long long oom_kills;
	struct box *box;
	pid_t child;
	int rc;

	if (!ctx->confine)
		return error_set(e, -EPERM, "%s runs only in the confinement, "
				 "which there is none of", r->item);
	if (!ctx->confine->filters[0]) {
		rc = confine_open(ctx->confine, e);
		if (rc)
			return rc;
	}
	box = mmap(NULL, sizeof(*box), PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (box == MAP_FAILED)
		return error_set(e, -errno, "memory to share with a process: "
				 "%s", strerror(errno));
	box->refused = -1;
	box->seen = *seen;
	oom_kills = footprint_oom_kills("");
	child = fork();
	if (!child)
		process_main(t, *ctx, r, box);
	rc = child < 0 ? error_set(e, -errno, "fork: %s", strerror(errno)) :
	     process_wait_end(child, box, r, oom_kills, seen, e);
	munmap(box, sizeof(*box));
	return rc;
}
