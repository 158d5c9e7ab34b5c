/*
 * The default target: the built-in VMM on /dev/kvm.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/backing.h"
#include "layout.h"
#include "target/kvm_machine.h"

/* A counter set may only be touched by the thread that it counts. */
static void worker_counters_close(void *opaque)
{
	struct kvm_state *s = opaque;

	counters_close(&s->counters);
	s->counting = false;
}

static int kvm_open(struct target_context *ctx, struct error *e)
{
	struct kvm_state *s;
	FILE *f;
	int rc;

	if (ctx->options && ctx->options[0])
		return error_set(e, -EINVAL, "--target kvm:%s: the target kvm "
				 "takes no options", ctx->options);
	s = calloc(1, sizeof(*s));
	if (!s)
		return error_set(e, -ENOMEM, "out of memory");
	rc = system_open(&s->sys, NULL, e);
	if (rc)
		goto fail;
	rc = worker_open(&s->worker, e);
	if (rc)
		goto fail;
	f = fopen("/sys/module/kvm/parameters/force_emulation_prefix", "re");
	if (f) {
		int c = fgetc(f);

		s->fep = c != 'N' && c != '0' && c != EOF;
		fclose(f);
	}
	ctx->state = s;
	ctx->kvm_fd = s->sys.fd;
	ctx->vcpus_max = s->sys.vcpus_max;
	return 0;
fail:
	worker_close(&s->worker);
	system_close(&s->sys);
	free(s);
	return rc;
}

static void kvm_close(struct target_context *ctx)
{
	struct kvm_state *s = ctx->state;

	if (!s)
		return;
	ctx->state = NULL;
	ctx->kvm_fd = 0;
	ctx->counters_source = ctx->counters_note = NULL;
	/* A worker that cannot end keeps all of this until the process does. */
	if (s->stuck)
		return;
	if (s->counting)
		worker_start(&s->worker, worker_counters_close, s);
	worker_close(&s->worker);
	system_close(&s->sys);
	free(s);
}

/* More than KVM has, or than there is memory for; then ctx->why is set. */
static bool too_many_vcpus(struct target_context *ctx, uint64_t vcpus)
{
	const struct kvm_state *s = ctx->state;

	if (vcpus > s->sys.vcpus_max)
		snprintf(ctx->why, sizeof(ctx->why), "it takes %u vCPUs, and "
			 "this KVM has at most %u in a VM", (unsigned int)vcpus,
			 s->sys.vcpus_max);
	else if (vcpus > 1 && ctx->memory_bytes &&
		 vcpus * CPU_AREA_BYTES > ctx->memory_bytes)
		snprintf(ctx->why, sizeof(ctx->why), "the areas of %u vCPUs "
			 "take %llu MiB, and guests may have %llu (--memory)",
			 (unsigned int)vcpus,
			 (unsigned long long)vcpus * CPU_AREA_BYTES >> 20,
			 (unsigned long long)ctx->memory_bytes >> 20);
	else
		return false;
	return true;
}

/*
 * Bochs 2.7's VMX: no interrupt of the host's ends a guest that spins; the
 * whole host stands still for ever.
 */
static bool never_preempts(const struct target_context *ctx)
{
	return ctx->backend && ctx->backend->software_host &&
	       !strcmp(ctx->backend->software_host, "Bochs") &&
	       ctx->topology && ctx->topology->pu_count < 2;
}

static const char *kvm_unsupported(struct target_context *ctx,
				   const struct run_request *r)
{
	const struct kvm_state *s = ctx->state;
	unsigned int needs = r->bench ? r->bench->needs : r->probe->needs;

	if (needs & NEED_PROCESS)
		return "it is about a process and its kernel: the targets "
		       "native and container have them";
	if ((needs & NEED_FEP) && !s->fep)
		return "kvm.force_emulation_prefix is off: load kvm with "
		       "force_emulation_prefix=1";
	if ((needs & NEED_PREEMPTION) && never_preempts(ctx))
		return "Bochs does not take a guest that spins off its CPU: with one "
		       "CPU, nobody else ever runs";
	if ((needs & NEED_MSR_USER) && !s->sys.msr_filter)
		return "this kernel's KVM has no userspace MSR filter";
	if ((needs & NEED_COALESCED) && !s->sys.coalesced_pio)
		return "this kernel's KVM has no coalesced PIO";
	if (too_many_vcpus(ctx, r->vcpus))
		return ctx->why;
	if (r->bench && r->bench->unavailable) {
		const char *why = r->bench->unavailable(ctx);

		if (why)
			return why;
	}
	if (r->bench && r->bench->arena.backing == BACKING_GUEST_MEMFD &&
	    !s->sys.guest_memfd)
		return "this kernel's KVM has no guest_memfd that user space "
		       "may map: Linux 6.18";
	if (r->bench && r->bench->arena.bytes)
		return arena_unavailable(&r->bench->arena, ctx->memory_bytes,
					 ctx->why, sizeof(ctx->why));
	return NULL;
}

const struct target target_kvm = {
	.name = "kvm",
	.summary = "the built-in VMM on /dev/kvm",
	.open = kvm_open,
	.close = kvm_close,
	.unsupported = kvm_unsupported,
	.create = machine_create,
	.run = machine_run,
	.destroy = machine_destroy,
};
