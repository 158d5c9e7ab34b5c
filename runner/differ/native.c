/*
 * The place that all others are compared with: this CPU, in a process.
 *
 * A child runs the trials (child.c); the runner shares the arena with it at
 * the trials' own addresses, asks by a pipe, and waits for the answer with a
 * deadline. A child that dies or hangs is replaced.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "differ/child.h"
#include "differ/place.h"

#define FLAGS_IOPL	0x3000u

struct native {
	unsigned int deadline_ms;
	pid_t child;			/* 0: none */
	int ask, answer;		/* our ends of its pipes, or -1 */
	struct child_box *box;
	bool mapped;
};

static uint8_t *at_va(uint64_t va)
{
	return (uint8_t *)(uintptr_t)va;
}

static int arena_map(struct native *n, struct error *e)
{
	void *want = at_va(DIFFER_VA), *got;

	got = mmap(want, DIFFER_ARENA_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC,
		   MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (got != want) {
		int err = got == MAP_FAILED ? errno : EEXIST;

		if (got != MAP_FAILED)
			munmap(got, DIFFER_ARENA_BYTES);
		return error_set(e, -err, "memory for trials cannot be mapped "
				 "at %#llx: %s", DIFFER_VA, strerror(err));
	}
	n->mapped = true;
	/* Behind each page of data, and behind all of them, is nothing. */
	for (unsigned int i = 0; i < DIFFER_SLOTS; i++)
		munmap(at_va(DIFFER_DATA_VA(i) + 0x1000), 0x1000);
	munmap(at_va(DIFFER_DATA_VA(DIFFER_SLOTS)),
	       DIFFER_STACK_VA(0) - DIFFER_DATA_VA(DIFFER_SLOTS));
	return 0;
}

/* Returns how it ended, as of waitpid(). */
static int child_end(struct native *n)
{
	int status = 0;

	if (n->ask >= 0)
		close(n->ask);
	if (n->answer >= 0)
		close(n->answer);
	n->ask = n->answer = -1;
	if (n->child > 0) {
		kill(n->child, SIGKILL);
		while (waitpid(n->child, &status, 0) < 0 && errno == EINTR)
			;
	}
	n->child = 0;
	return status;
}

static void child_run(struct native *n, int asked, int answered, pid_t runner)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != runner)	/* it was faster */
		_exit(1);
	close(n->ask);
	close(n->answer);
	child_main(n->box, asked, answered);
}

static int child_start(struct place *p, struct error *e)
{
	struct native *n = p->state;
	int ask[2] = { -1, -1 }, answer[2] = { -1, -1 };
	pid_t runner = getpid();

	if (pipe2(ask, O_CLOEXEC) || pipe2(answer, O_CLOEXEC))
		goto fail;
	n->ask = ask[1];
	n->answer = answer[0];
	fflush(NULL);
	n->child = fork();
	if (n->child < 0)
		goto fail;
	if (!n->child)
		child_run(n, ask[0], answer[1], runner);
	close(ask[0]);
	close(answer[1]);
	p->fresh++;
	return 0;
fail:
	error_set(e, -errno, "a process for trials: %s", strerror(errno));
	for (int i = 0; i < 2; i++) {
		if (ask[i] >= 0)
			close(ask[i]);
		if (answer[i] >= 0)
			close(answer[i]);
	}
	n->ask = n->answer = -1;
	n->child = 0;
	return -ECHILD;
}

enum answer { ANSWERED, LATE, GONE };

static enum answer answer_wait(struct native *n)
{
	struct pollfd p = { .fd = n->answer, .events = POLLIN };
	char byte = 0;
	int rc;

	if (write(n->ask, &byte, 1) != 1)
		return GONE;
	do {
		rc = poll(&p, 1, (int)n->deadline_ms);
	} while (rc < 0 && errno == EINTR);
	if (rc <= 0)
		return LATE;
	return read(n->answer, &byte, 1) == 1 ? ANSWERED : GONE;
}

static void death_describe(struct native *n, enum answer how,
			   struct outcome *o)
{
	int status = child_end(n);

	o->end = how == LATE ? OUTCOME_HUNG : OUTCOME_DIED;
	if (how == LATE)
		snprintf(o->note, sizeof(o->note), "no answer within %u ms",
			 n->deadline_ms);
	else if (WIFSIGNALED(status))
		snprintf(o->note, sizeof(o->note), "the process was killed by "
			 "signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	else
		snprintf(o->note, sizeof(o->note), "the process ended");
}

static void trial_put(struct native *n, const struct trial *t, unsigned int i)
{
	struct layout l;

	trial_layout(t, PLACE_NATIVE, &l);
	n->box->in[i] = t->in;
	memcpy(at_va(DIFFER_CODE_VA(t->slot)), l.code, sizeof(l.code));
	memcpy(at_va(DIFFER_DATA_VA(t->slot) + DIFFER_DATA_OFFSET), t->data,
	       sizeof(t->data));
	memcpy(at_va(DIFFER_STACK_VA(t->slot) + DIFFER_STACK_OFFSET), t->stack,
	       sizeof(t->stack));
}

/*
 * IOPL is not a process's to set, nor could the child take it back: one that
 * has it (there are emulators that give it away) is of no use as a reference.
 */
static bool has_iopl(const struct child_box *box, unsigned int from,
		     unsigned int to)
{
	for (unsigned int i = from; i < to; i++)
		if (box->out[i].rflags & FLAGS_IOPL)
			return true;
	return false;
}

static void outcome_take(struct native *n, const struct trial *t,
			 unsigned int i, struct outcome *o)
{
	o->out = n->box->out[i];
	memcpy(o->data, at_va(DIFFER_DATA_VA(t->slot) + DIFFER_DATA_OFFSET),
	       sizeof(o->data));
	memcpy(o->stack, at_va(DIFFER_STACK_VA(t->slot) + DIFFER_STACK_OFFSET),
	       sizeof(o->stack));
	o->end = OUTCOME_ENDED;
}

static int native_run(struct place *p, const struct trial *const *trial,
		      struct outcome *outcome, unsigned int count,
		      struct error *e)
{
	struct native *n = p->state;
	unsigned int from = 0;

	while (from < count) {
		enum answer how;
		uint32_t at;
		int rc = n->child ? 0 : child_start(p, e);

		if (rc)
			return rc;
		for (unsigned int i = from; i < count; i++) {
			memset(&outcome[i], 0, sizeof(outcome[i]));
			trial_put(n, trial[i], i);
		}
		n->box->from = from;
		n->box->count = count;
		how = answer_wait(n);
		at = n->box->at;
		if (at < from || at > count || how == ANSWERED)
			at = how == ANSWERED ? count : from;
		for (unsigned int i = from; i < at; i++)
			outcome_take(n, trial[i], i, &outcome[i]);
		if (how != ANSWERED && at < count)
			death_describe(n, how, &outcome[at]);
		else if (how != ANSWERED || has_iopl(n->box, from, count))
			child_end(n);
		from = at < count ? at + 1 : count;
	}
	return 0;
}

static void native_refresh(struct place *p)
{
	child_end(p->state);
}

static void native_close(struct place *p)
{
	struct native *n = p->state;

	if (!n)
		return;
	child_end(n);
	if (n->mapped)
		munmap(at_va(DIFFER_VA), DIFFER_ARENA_BYTES);
	if (n->box)
		munmap(n->box, sizeof(*n->box));
	free(n);
	p->state = NULL;
}

int place_native_open(struct place *p, unsigned int deadline_ms,
		      struct error *e)
{
	struct native *n = calloc(1, sizeof(*n));
	void *box;
	int rc;

	memset(p, 0, sizeof(*p));
	if (!n)
		return error_set(e, -ENOMEM, "out of memory");
	n->ask = n->answer = -1;
	n->deadline_ms = deadline_ms;
	*p = (struct place){
		.kind = PLACE_NATIVE, .run = native_run,
		.refresh = native_refresh, .close = native_close, .state = n,
	};
	box = mmap(NULL, sizeof(*n->box), PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (box == MAP_FAILED) {
		rc = error_set(e, -errno, "memory to share with a process: %s",
			       strerror(errno));
	} else {
		n->box = box;
		rc = arena_map(n, e);
	}
	if (!rc)
		rc = child_start(p, e);
	if (rc)
		place_close(p);
	return rc;
}
