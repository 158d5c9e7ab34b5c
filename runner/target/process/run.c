/*
 * One run of the payload, or the few starts of a lifecycle; see process.h.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host/backing.h"
#include "target/process/process.h"

/* The moments of one process, in TSC cycles. */
struct life {
	uint64_t asked;			/* the runner began */
	uint64_t begin, end;		/* the payload's, by its own word */
	uint64_t cleaned;		/* nothing is left of it */
};

static void box_ask(const struct process_run *run, const struct run_request *r)
{
	struct process_box *box = run->box;

	memset(box, 0, sizeof(*box));
	box->magic = PROCESS_BOX_MAGIC;
	box->bytes = sizeof(*box);
	box->pu = run->ctx->pu;
	box->pin = run->ctx->pin;
	if (box->pin)
		box->bystander_pu = topology_bystander(run->ctx->topology,
						       &run->ctx->pu, 1);
	box->deadline_ms = r->deadline_ms;
	if (run->outside)
		box->outside = *run->outside;
	mailbox_ask(&box->mailbox, r, run->tsc_khz);
}

static int once(const struct process_run *run, const struct run_request *r,
		struct observation *seen, struct life *life, struct error *e)
{
	const struct process_launcher *by = run->by;
	struct process_end end;
	pid_t child;
	int rc;

	box_ask(run, r);
	life->asked = process_stamp();
	child = by->start(by->opaque, e);
	if (child < 0)
		return child;
	rc = process_wait(child, run->box, by, r->deadline_ms, &end, e);
	if (by->clean)
		by->clean(by->opaque);
	life->cleaned = process_stamp();
	life->begin = run->box->begin_tsc;
	life->end = run->box->end_tsc;
	if (rc)
		return rc;
	if (!end.started)
		return error_set(e, -ECHILD, "the payload did not start%s",
				 end.late ? " in time" : "");
	process_observe(run->box, &end, r, seen);
	if (seen->end == RUN_DONE && r->probe && r->probe->judge) {
		struct item_host h = {
			.mailbox = &seen->mailbox, .outside = run->outside,
		};

		r->probe->judge(&h);
	}
	return 0;
}

static bool life_plausible(const struct life *l)
{
	return l->asked < l->begin && l->begin < l->end && l->end < l->cleaned;
}

static void block_put(struct abi_mailbox *mb, uint32_t i, uint64_t begin_tsc,
		      uint64_t end_tsc)
{
	mb->block[i] = (struct abi_block){ begin_tsc, end_tsc };
	mb->empty[i].begin_tsc = process_stamp();
	mb->empty[i].end_tsc = process_stamp();
}

/* Each block is a process of its own: one operation. */
static int lifecycle_run(const struct process_run *run,
			 const struct run_request *r, struct observation *seen,
			 struct error *e)
{
	bool start = r->bench->lifecycle == LIFECYCLE_START;
	uint32_t blocks = r->blocks < LIFECYCLE_BLOCKS ? r->blocks
						       : LIFECYCLE_BLOCKS;
	struct abi_mailbox mb = { 0 };
	struct life life;
	int rc;

	for (uint32_t i = 0; i < blocks; i++) {
		rc = once(run, r, seen, &life, e);
		if (rc || seen->end != RUN_DONE)
			return rc;
		if (!life_plausible(&life))
			return error_set(e, -EPROTO, "the process says that it "
					 "began or ended when it was not there");
		if (!i)
			mb = seen->mailbox;
		block_put(&mb, i, start ? life.asked : life.end,
			  start ? life.begin : life.cleaned);
		mb.blocks_done = mb.empty_done = i + 1;
		mb.ops = mb.empty_ops = 1;
	}
	seen->mailbox = mb;
	for (uint32_t i = 0; i < blocks; i++)
		seen->block[i] = seen->empty[i] = block_seen_none();
	return 0;
}

int process_run(const struct process_run *run, const struct run_request *r,
		struct observation *seen, struct error *e)
{
	struct life life;

	seen->tsc_khz = run->tsc_khz;
	if (r->bench && r->bench->lifecycle)
		return lifecycle_run(run, r, seen, e);
	return once(run, r, seen, &life, e);
}

const char *process_unsupported(struct target_context *ctx,
				const struct run_request *r, bool kept)
{
	const struct probe *p = r->probe;
	unsigned int needs = r->bench ? r->bench->needs : p ? p->needs : 0;
	const char *why;

	if (r->ring == 0)
		return "needs CPL0: a process runs at CPL3";
	if ((needs & NEED_CONTAINER) && !kept)
		return "there is no container to look out of: --target "
		       "container has one";
	if (r->bench && (r->bench->process_block ||
			 (r->bench->load.way && r->bench->host_block)))
		return kept ? "a container stands on its host's files: "
			      "--target native" :
		       r->bench->unavailable ? r->bench->unavailable(ctx) :
		       NULL;
	if (needs & NEED_MACHINE)
		return "needs a machine of its own: in a process, descriptor "
		       "tables, ports and EFER are the kernel's";
	if (needs & ~(unsigned int)(NEED_CONTAINER | NEED_PROCESS |
				   NEED_SCRATCH))
		return "needs a device or a setting of the VMM: a process has "
		       "none";
	why = r->bench && r->bench->unavailable ?
	      r->bench->unavailable(ctx) : NULL;
	if (why)
		return why;
	if (r->bench && r->bench->arena.backing == BACKING_GUEST_MEMFD)
		return "a guest_memfd is a VM's: a process has none";
	if (r->bench && r->bench->arena.bytes &&
	    page_bytes(r->bench->arena.guest_page) !=
	    backing_unit(r->bench->arena.backing))
		return "a process has one level of translation: its row is "
		       "the one with the same page size on both";
	if (r->bench && r->bench->arena.bytes)
		return arena_unavailable(&r->bench->arena, ctx->memory_bytes,
					 ctx->why, sizeof(ctx->why));
	if (p && !p->process && (p->prepare || p->judge))
		return "the host's half of this probe needs a VM";
	return NULL;
}
