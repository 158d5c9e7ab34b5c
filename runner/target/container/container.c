/*
 * The target `container:ENGINE`: from its options to a payload that runs.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/env.h"
#include "target/container/container.h"
#include "target/container/launch.h"

#define TRIAL_MS	5000

static const struct engine *const engines[] = {
	&engine_bwrap, &engine_runc, &engine_lxc, &engine_none,
};

static const struct {
	const char *name;
	unsigned int part;
} parts[] = {
	{ "pid", PART_PID }, { "net", PART_NET }, { "ipc", PART_IPC },
	{ "uts", PART_UTS }, { "seccomp", PART_SECCOMP },
	{ "caps", PART_CAPS }, { "fds", PART_FDS }, { "files", PART_FILES },
};

#define ENGINES	(sizeof(engines) / sizeof(engines[0]))
#define PARTS	(sizeof(parts) / sizeof(parts[0]))

struct container_state {
	struct container c;
	double tsc_khz;
	char note[ABI_TEXT_MAX + 1];	/* of the counters */
};

struct container_run {
	struct container_state *state;
	struct target_context *ctx;
};

static int without_parse(struct container *c, const char *text,
			 struct error *e)
{
	char copy[80], *save = NULL;

	snprintf(copy, sizeof(copy), "%s", text);
	for (char *p = strtok_r(copy, "+", &save); p;
	     p = strtok_r(NULL, "+", &save)) {
		size_t i = 0;

		while (i < PARTS && strcmp(parts[i].name, p))
			i++;
		if (i == PARTS || !(c->engine->parts & parts[i].part))
			return error_set(e, -EINVAL, "--target container:%s: "
					 "it cannot do without '%s'",
					 c->engine->name, p);
		c->without |= parts[i].part;
	}
	return 0;
}

static int options_parse(struct container *c, const char *options,
			 struct error *e)
{
	size_t n = strcspn(options, ",");
	const char *rest = options + n;

	for (size_t i = 0; i < ENGINES; i++)
		if (strlen(engines[i]->name) == n &&
		    !strncmp(engines[i]->name, options, n))
			c->engine = engines[i];
	if (!c->engine)
		return error_set(e, -EINVAL, "--target container: say which, "
				 "as container:bwrap, container:runc, "
				 "container:lxc, or container:none for none");
	if (!*rest)
		return 0;
	if (strncmp(rest, ",without=", 9))
		return error_set(e, -EINVAL, "--target container:%s: '%s' is "
				 "not without=PART+PART...", c->engine->name,
				 rest + 1);
	return without_parse(c, rest + 9, e);
}

/* System programs lie where a user's PATH may not lead. */
static int program_find(struct container *c, struct error *e)
{
	const char *path = getenv("PATH");
	char all[PATH_MAX], *save = NULL;

	if (!c->engine->program)
		return 0;
	snprintf(all, sizeof(all), "%s:/usr/sbin:/usr/bin:/sbin:/bin",
		 path ? path : "");
	for (char *dir = strtok_r(all, ":", &save); dir;
	     dir = strtok_r(NULL, ":", &save)) {
		snprintf(c->program, sizeof(c->program), "%.*s/%s",
			 PATH_MAX - 64, dir, c->engine->program);
		if (dir[0] == '/' && !access(c->program, X_OK))
			return 0;
	}
	return error_set(e, -ENOENT, "%s is not installed: %s",
			 c->engine->program, c->engine->mend);
}

/* An empty run: whether this engine can start anything here. */
static int trial(struct container_state *s, struct target_context *ctx,
		 struct error *e)
{
	const struct run_request r = { .item = "", .deadline_ms = TRIAL_MS };
	const struct process_launcher by = launcher_of(&s->c);
	const struct process_run run = {
		.ctx = ctx, .by = &by, .box = s->c.box, .tsc_khz = s->tsc_khz,
	};
	struct observation *seen = calloc(1, sizeof(*seen));
	int rc = seen ? process_run(&run, &r, seen, e) :
		 error_set(e, -ENOMEM, "out of memory");

	free(seen);
	return rc ? launch_explain(&s->c, rc, e) : 0;
}

static void state_free(struct container_state *s)
{
	outside_close(&s->c);
	process_box_close(s->c.box);
	rootfs_remove(&s->c);
	free(s);
}

static int container_open(struct target_context *ctx, struct error *e)
{
	struct container_state *s = calloc(1, sizeof(*s));
	struct container *c;
	int rc;

	if (!s)
		return error_set(e, -ENOMEM, "out of memory");
	c = &s->c;
	c->root = geteuid() == 0;
	c->socket_fd = c->shm_id = c->spare_fd = -1;
	snprintf(c->self, sizeof(c->self), "vmgauge-%d", (int)getpid());
	rc = options_parse(c, ctx->options, e);
	if (!rc)
		rc = program_find(c, e);
	if (!rc && c->engine->needs_root && !c->root)
		rc = error_set(e, -EPERM, "container:%s needs root: run "
			       "vmgauge as root", c->engine->name);
	if (!rc)
		rc = place_make(c, e);
	if (!rc)
		rc = outside_open(c, e);
	if (!rc && c->engine->prepare)
		rc = c->engine->prepare(c, e);
	if (!rc) {
		c->engine->args(c);
		s->tsc_khz = env_tsc_khz();
		rc = trial(s, ctx, e);
	}
	if (rc) {
		state_free(s);
		return rc;
	}
	ctx->state = s;
	return 0;
}

static void container_close(struct target_context *ctx)
{
	struct container_state *s = ctx->state;

	if (!s)
		return;
	ctx->state = NULL;
	ctx->counters_source = ctx->counters_note = NULL;
	state_free(s);
}

static const char *container_unsupported(struct target_context *ctx,
					 const struct run_request *r)
{
	(void)ctx;
	return process_unsupported(ctx, r, true);
}

static int container_create(struct target_context *ctx,
			    const struct run_request *r, void **vm,
			    struct error *e)
{
	struct container_run *run = calloc(1, sizeof(*run));

	(void)r;
	if (!run)
		return error_set(e, -ENOMEM, "out of memory");
	run->state = ctx->state;
	run->ctx = ctx;
	*vm = run;
	return 0;
}

static int container_run(void *vm, const struct run_request *r,
			 struct observation *seen, struct error *e)
{
	struct container_run *run = vm;
	struct container_state *s = run->state;
	const struct process_launcher by = launcher_of(&s->c);
	const struct process_run p = {
		.ctx = run->ctx, .by = &by, .box = s->c.box,
		.outside = &s->c.outside, .tsc_khz = s->tsc_khz,
	};
	int rc = process_run(&p, r, seen, e);

	if (rc)
		return launch_explain(&s->c, rc, e);
	if (!r->bench)
		return 0;
	run->ctx->counters_source = s->c.box->counters_pmu ? "pmu"
							   : "software";
	guest_words(s->c.box->counters_note, sizeof(s->c.box->counters_note),
		    s->note);
	run->ctx->counters_note = s->note;
	return 0;
}

static void container_destroy(void *vm)
{
	free(vm);
}

static const char *const variants[] = { "bwrap", "runc", "lxc", NULL };

static void container_backend(const struct target_context *ctx,
			      struct backend_info *info)
{
	const struct container *c = ctx->state;

	backend_replace(info, BACKEND_NONE, BACKEND_TDP_NONE, NULL,
			"no virtualisation: a process in a container (%s)",
			c->engine->name);
}

const struct target target_container = {
	.name = "container",
	.summary = "a process inside namespaces with seccomp, by bwrap, runc or lxc",
	.variants = variants,
	.no_exits = true,
	.open = container_open,
	.close = container_close,
	.backend = container_backend,
	.unsupported = container_unsupported,
	.create = container_create,
	.run = container_run,
	.destroy = container_destroy,
};
