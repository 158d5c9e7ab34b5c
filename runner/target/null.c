/*
 * The null target: no guest at all. Its main purpose is to test vmgauge.
 *
 * Every bench "costs" a known number of cycles with known noise, so that the
 * whole chain (sampling, statistics, attestation, journal, report) can be
 * held against the truth on any machine. Options, as in
 * "null:cost=2000,noise=3,exits=1":
 *
 *	cost=CYCLES	of an operation (2000), empty=CYCLES of an empty one (10)
 *	noise=PERCENT	standard deviation of a block (2)
 *	vm=PERCENT	standard deviation between VM instances (1)
 *	shape=normal|lognormal|bimodal|heavy
 *	extra=N		exits that the bench did not declare, per operation (0)
 *	end=done|hang|crash|silent|skip|fail	how every run ends (done)
 *	at=NAME		only for items whose name contains this
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "instance.h"
#include "measure/rng.h"
#include "target/target.h"

#define NULL_TSC_KHZ	1000000.0	/* one cycle is one nanosecond */
#define NULL_MOST	1e9

enum shape { NORMAL, LOGNORMAL, BIMODAL, HEAVY };
enum ending { DONE, HANG, CRASH, SILENT, SKIPPED, FAILED };

static const char *const shape_name[] = {
	"normal", "lognormal", "bimodal", "heavy", NULL,
};
static const char *const ending_name[] = {
	"done", "hang", "crash", "silent", "skip", "fail", NULL,
};

struct null_state {
	double cost, empty, noise, vm, extra;
	enum shape shape;
	enum ending end;
	char at[64];
};

struct null_vm {
	const struct null_state *state;
	const struct backend_info *backend;
	struct rng rng;
	double vm_factor;
	bool spoiled;		/* `end` and `extra` apply to this item */
};

static int word_find(const char *const *words, const char *word)
{
	for (int i = 0; words[i]; i++)
		if (!strcmp(words[i], word))
			return i;
	return -1;
}

static int number_set(double *to, const char *value)
{
	char *end;
	double v = strtod(value, &end);

	/* Beyond it cycles would no longer fit where the guest's would. */
	if (*end || end == value || !isfinite(v) || v < 0 || v > NULL_MOST)
		return -EINVAL;
	*to = v;
	return 0;
}

static int option_set(struct null_state *s, const char *key,
		      const char *value)
{
	int word;

	if (!strcmp(key, "cost"))
		return number_set(&s->cost, value);
	if (!strcmp(key, "empty"))
		return number_set(&s->empty, value);
	if (!strcmp(key, "noise"))
		return number_set(&s->noise, value);
	if (!strcmp(key, "vm"))
		return number_set(&s->vm, value);
	if (!strcmp(key, "extra"))
		return number_set(&s->extra, value);
	if (!strcmp(key, "at")) {
		int n = snprintf(s->at, sizeof(s->at), "%s", value);

		return n < (int)sizeof(s->at) ? 0 : -EINVAL;
	}
	if (!strcmp(key, "shape")) {
		word = word_find(shape_name, value);
		s->shape = word < 0 ? NORMAL : (enum shape)word;
		return word < 0 ? -EINVAL : 0;
	}
	if (!strcmp(key, "end")) {
		word = word_find(ending_name, value);
		s->end = word < 0 ? DONE : (enum ending)word;
		return word < 0 ? -EINVAL : 0;
	}
	return -EINVAL;
}

static int options_parse(struct null_state *s, const char *options,
			 struct error *e)
{
	char text[256], *save = NULL;
	int n = snprintf(text, sizeof(text), "%s", options);

	if (n >= (int)sizeof(text))
		return error_set(e, -EINVAL, "--target null: options of %d "
				 "characters: at most %zu", n,
				 sizeof(text) - 1);
	for (char *key = strtok_r(text, ",", &save); key;
	     key = strtok_r(NULL, ",", &save)) {
		char *value = strchr(key, '=');

		if (value)
			*value++ = '\0';
		if (!value || option_set(s, key, value))
			return error_set(e, -EINVAL, "--target null: '%s%s%s' "
					 "is none of cost=, empty=, noise=, "
					 "vm=, shape=, extra=, end=, at= with "
					 "a value that it takes", key,
					 value ? "=" : "", value ? value : "");
	}
	return 0;
}

static int null_open(struct target_context *ctx, struct error *e)
{
	struct null_state *s = calloc(1, sizeof(*s));
	int rc;

	if (!s)
		return error_set(e, -ENOMEM, "out of memory");
	*s = (struct null_state){
		.cost = 2000, .empty = 10, .noise = 2, .vm = 1,
	};
	rc = options_parse(s, ctx->options, e);
	if (rc) {
		free(s);
		return rc;
	}
	ctx->state = s;
	ctx->counters_source = "software";
	ctx->counters_note = "null target: no events";
	return 0;
}

static void null_close(struct target_context *ctx)
{
	free(ctx->state);
	ctx->state = NULL;
}

static int null_create(struct target_context *ctx,
		       const struct run_request *r, void **vm,
		       struct error *e)
{
	const struct null_state *s = ctx->state;
	struct null_vm *v = calloc(1, sizeof(*v));

	if (!v)
		return error_set(e, -ENOMEM, "out of memory");
	v->state = s;
	v->backend = ctx->backend;
	rng_seed(&v->rng, r->seed);
	v->vm_factor = 1 + s->vm / 100 * rng_normal(&v->rng);
	v->spoiled = !s->at[0] || strstr(r->item, s->at);
	*vm = v;
	return 0;
}

/* A factor of mean (normal) or median (others) one. */
static double noise_draw(struct null_vm *v)
{
	double sd = v->state->noise / 100, n = rng_normal(&v->rng);

	switch (v->state->shape) {
	case LOGNORMAL:
		return exp(sd * n);
	case BIMODAL:
		return (rng_next(&v->rng) & 1 ? 1 + 3 * sd : 1 - 3 * sd) +
		       sd * n / 3;
	case HEAVY:	/* one block in ten is hit by something big */
		return rng_below(&v->rng, 10) ? 1 + sd * n : 1 + 20 * sd;
	default:
		return 1 + sd * n;
	}
}

static void blocks_fill(struct null_vm *v, struct abi_block *b, uint32_t n,
			uint64_t ops, double cost)
{
	uint64_t tsc = 1000;

	for (uint32_t i = 0; i < n; i++) {
		double cycles = fmin(cost * noise_draw(v) * (double)ops, 1e15);

		b[i].begin_tsc = tsc;
		tsc += cycles > 1 ? (uint64_t)(cycles + 0.5) : 1;
		b[i].end_tsc = tsc;
	}
}

static void bench_fill(struct null_vm *v, const struct run_request *r,
		       struct observation *seen)
{
	struct abi_mailbox *mb = &seen->mailbox;
	struct exits x = attest_expected(r->bench, r->ring, v->backend);
	double extra = v->spoiled ? v->state->extra : 0;
	double block = (double)r->block_ns;

	mb->ops = block > v->state->cost && v->state->cost > 0 ?
		  (uint64_t)(block / v->state->cost) : 1;
	mb->empty_ops = mb->ops;
	mb->blocks_done = mb->blocks;
	mb->empty_done = mb->empty_blocks;
	blocks_fill(v, mb->empty, mb->empty_done, mb->empty_ops,
		    v->state->empty);
	blocks_fill(v, mb->block, mb->blocks_done, mb->ops,
		    v->state->empty + v->state->cost * v->vm_factor);
	for (uint32_t i = 0; i < mb->blocks_done; i++)
		seen->block[i] = (struct block_seen){
			.exits = (x.kernel + x.user + extra) * (double)mb->ops,
			.user_exits = (double)(x.user * mb->ops),
		};
	for (uint32_t i = 0; i < mb->stamps; i++) {
		double at = 10000.0 * (i + 1), c = v->state->cost;

		seen->trip[i] = (struct trip){
			at, at + 0.2 * c, at + 0.4 * c, at + 0.5 * c,
			at + 0.8 * c, at + c,
		};
	}
	seen->trips = mb->stamps;
	seen->trips_traced = true;
}

static void wait_ms(unsigned int ms)
{
	struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000 };

	nanosleep(&t, NULL);
}

static int null_run(void *vm, const struct run_request *r,
		    struct observation *seen, struct error *e)
{
	struct null_vm *v = vm;
	struct abi_mailbox *mb = &seen->mailbox;
	enum ending end = v->spoiled ? v->state->end : DONE;

	(void)e;
	mailbox_ask(mb, r, NULL_TSC_KHZ);
	seen->tsc_khz = NULL_TSC_KHZ;
	mb->verdict = end == FAILED ? ABI_FAIL : end == SKIPPED ? ABI_SKIP :
		      end == SILENT ? ABI_SILENT : ABI_PASS;
	mb->checks = r->probe ? 1 : 0;
	if (end == SKIPPED || end == FAILED)
		strcpy(mb->reason, "asked for by end=");
	if (end == HANG) {
		wait_ms(r->deadline_ms);
		seen->end = RUN_HANG;
		snprintf(seen->end_reason, sizeof(seen->end_reason),
			 "no answer within %u ms", r->deadline_ms);
	} else if (end == CRASH) {
		seen->end = RUN_CRASH;
		strcpy(seen->end_reason, "asked for by end=crash");
	} else if (r->bench) {
		bench_fill(v, r, seen);
	}
	return 0;
}

static void null_destroy(void *vm)
{
	free(vm);
}

static void null_backend(const struct target_context *ctx,
			 struct backend_info *info)
{
	(void)ctx;
	backend_replace(info, BACKEND_NONE, BACKEND_TDP_NONE, NULL,
			"no guest: synthetic costs");
	info->times_meaningful = false;
}

const struct target target_null = {
	.name = "null",
	.summary = "no guest: synthetic costs with known noise, to test vmgauge itself",
	.open = null_open,
	.close = null_close,
	.backend = null_backend,
	.create = null_create,
	.run = null_run,
	.destroy = null_destroy,
};
