/*
 * What all targets have in common; see target.h.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "target/confine/confine.h"
#include "target/target.h"

const struct target *const targets[] = { &target_kvm, &target_native, &target_container, &target_qemu, &target_bochs, &target_xen, &target_null, NULL };

const struct target *target_find(const char *spec, const char **options)
{
	const char *colon = strchr(spec, ':');
	size_t n = colon ? (size_t)(colon - spec) : strlen(spec);

	*options = colon ? colon + 1 : "";
	for (const struct target *const *t = targets; *t; t++)
		if (strlen((*t)->name) == n && !strncmp((*t)->name, spec, n))
			return *t;
	return NULL;
}

const char *target_label(const struct target *t, const char *options,
			 char to[TARGET_LABEL_MAX])
{
	bool differ = t->variants && options[0];

	snprintf(to, TARGET_LABEL_MAX, "%s%s%s", t->name, differ ? ":" : "",
		 differ ? options : "");
	return to;
}

const char *target_no_changes(struct target_context *ctx, const char *what)
{
	if (ctx->changes)
		return NULL;
	if (ctx->allow_host_changes)
		snprintf(ctx->why, sizeof(ctx->why), "%s", ctx->changes_note);
	else
		snprintf(ctx->why, sizeof(ctx->why), "it sets %s on the host "
			 "and restores it: --allow-host-changes", what);
	return ctx->why;
}

void mailbox_ask(struct abi_mailbox *mb, const struct run_request *r,
		 double tsc_khz)
{
	double cycles = (double)r->block_ns * tsc_khz / 1e6;

	mb->magic = ABI_MAGIC;
	mb->version = ABI_VERSION;
	mb->bytes = sizeof(*mb);
	strncpy(mb->item, r->item, sizeof(mb->item) - 1);
	mb->ring = r->ring;
	mb->blocks = r->blocks < ABI_BLOCKS_MAX ? r->blocks : ABI_BLOCKS_MAX;
	if (r->bench && r->bench->max_blocks &&
	    r->bench->max_blocks < mb->blocks)
		mb->blocks = r->bench->max_blocks;
	mb->empty_blocks = r->empty_blocks < ABI_BLOCKS_MAX ?
			   r->empty_blocks : ABI_BLOCKS_MAX;
	mb->stamps = r->stamps < ABI_STAMPS_MAX ? r->stamps : ABI_STAMPS_MAX;
	mb->block_cycles = cycles > 1000 ? (uint64_t)cycles : 1000;
	mb->max_ops = r->bench ? r->bench->max_ops : 0;
	mb->limit_cycles = (uint64_t)((double)r->limit_ns * tsc_khz / 1e6);
	mb->seed = r->seed;
	mb->vcpus = r->vcpus ? r->vcpus : 1;
	mb->sipi = r->bench && r->bench->sipi;
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

int target_run_once(const struct target *t, struct target_context *ctx,
		    const struct run_request *r, struct observation *seen,
		    struct error *e)
{
	double begin = now_ms();
	void *vm = NULL;
	int rc;

	memset(seen, 0, sizeof(*seen));
	seen->tsc_khz = NAN;
	for (int i = 0; i < PAGE_SIZES; i++)
		seen->mapped[i] = NAN;
	if (request_hostile(r) || ctx->confine_all) {
		rc = confined_run_once(t, ctx, r, seen, e);
		seen->elapsed_ms = now_ms() - begin;
		return rc;
	}
	rc = t->create(ctx, r, &vm, e);
	if (rc)
		return rc;
	rc = t->run(vm, r, seen, e);
	t->destroy(vm);
	seen->elapsed_ms = now_ms() - begin;
	return rc;
}

struct block_seen block_seen_none(void)
{
	struct block_seen none = {
		.exits = NAN, .irq_exits = NAN, .user_exits = NAN,
		.emulated = NAN,
	};

	for (int i = 0; i < PAGE_SIZES; i++)
		none.pages[i] = NAN;
	for (int i = 0; i < COUNTER_EVENTS; i++)
		none.counters.host[i] = none.counters.guest[i] = NAN;
	return none;
}

void observation_clear(struct observation *seen)
{
	json_decref(seen->postmortem);
	seen->postmortem = NULL;
	json_decref(seen->evidence);
	seen->evidence = NULL;
}
