/*
 * The payload in a plain process on this machine: golden values for probes,
 * and the bare column for benches.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "host/env.h"
#include "target/process/process.h"

#define START_MS	10000	/* a fork; only a machine at its end needs it */

struct native_state {
	struct process_image image;
	struct process_box *box;
	double tsc_khz;
	char note[ABI_TEXT_MAX + 1];	/* of the counters */
};

struct native_run {
	struct native_state *state;
	struct target_context *ctx;
	struct item item;
};

static int native_open(struct target_context *ctx, struct error *e)
{
	struct native_state *s;
	struct counters c;
	int rc;

	if (ctx->options[0])
		return error_set(e, -EINVAL, "--target native takes no options, "
				 "such as '%s'", ctx->options);
	s = calloc(1, sizeof(*s));
	if (!s)
		return error_set(e, -ENOMEM, "out of memory");
	rc = process_image_load(&s->image, e);
	if (!rc && process_image_try(&s->image, e))
		rc = -ENODEV;
	s->box = rc ? NULL : process_box_open(NULL, e);
	if (!s->box) {
		process_image_free(&s->image);
		free(s);
		return rc ? rc : -ENOMEM;
	}
	s->tsc_khz = env_tsc_khz();
	/* Once here, so that no child has to fill libpfm4's tables. */
	counters_open(&c, NULL);
	counters_close(&c);
	ctx->state = s;
	return 0;
}

static void native_close(struct target_context *ctx)
{
	struct native_state *s = ctx->state;

	if (!s)
		return;
	ctx->state = NULL;
	ctx->counters_source = ctx->counters_note = NULL;
	process_box_close(s->box);
	process_image_free(&s->image);
	free(s);
}

static const char *native_unsupported(struct target_context *ctx,
				      const struct run_request *r)
{
	(void)ctx;
	return process_unsupported(ctx, r, false);
}

static int native_create(struct target_context *ctx,
			 const struct run_request *r, void **vm,
			 struct error *e)
{
	struct native_run *run = calloc(1, sizeof(*run));

	if (!run)
		return error_set(e, -ENOMEM, "out of memory");
	run->state = ctx->state;
	run->ctx = ctx;
	run->item.bench = r->bench;
	run->item.probe = r->probe;
	snprintf(run->item.name, sizeof(run->item.name), "%s", r->item);
	*vm = run;
	return 0;
}

static pid_t native_start(void *opaque, struct error *e)
{
	struct native_run *run = opaque;
	pid_t runner = getpid(), child;

	fflush(NULL);
	child = fork();
	if (child < 0)
		return error_set(e, -errno, "fork: %s: raise the limit of "
				 "processes (ulimit -u)", strerror(errno));
	if (child)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != runner)	/* it was faster */
		_exit(1);
	process_payload(run->state->box, &run->item, &run->state->image);
}

static void native_kill(void *opaque, pid_t child)
{
	(void)opaque;
	kill(child, SIGKILL);
}

static int native_run(void *vm, const struct run_request *r,
		      struct observation *seen, struct error *e)
{
	struct native_run *run = vm;
	struct native_state *s = run->state;
	const struct process_launcher by = {
		.start_ms = START_MS, .start = native_start,
		.kill_all = native_kill, .opaque = run,
	};
	const struct process_run p = {
		.ctx = run->ctx, .by = &by, .box = s->box,
		.tsc_khz = s->tsc_khz,
	};
	int rc = process_run(&p, r, seen, e);

	if (!rc && r->bench) {
		guest_words(s->box->counters_note,
			    sizeof(s->box->counters_note), s->note);
		run->ctx->counters_source = s->box->counters_pmu ? "pmu"
								 : "software";
		run->ctx->counters_note = s->note;
	}
	return rc;
}

static void native_destroy(void *vm)
{
	free(vm);
}

static void native_backend(const struct target_context *ctx,
			   struct backend_info *info)
{
	(void)ctx;
	backend_replace(info, BACKEND_NONE, BACKEND_TDP_NONE, NULL,
			"no virtualisation: a plain process");
}

const struct target target_native = {
	.name = "native",
	.summary = "a plain process on this machine: what can run at CPL3, without a hypervisor",
	.no_exits = true,
	.open = native_open,
	.close = native_close,
	.backend = native_backend,
	.unsupported = native_unsupported,
	.create = native_create,
	.run = native_run,
	.destroy = native_destroy,
};
