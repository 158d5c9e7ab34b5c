/*
 * The default target: the built-in VMM on /dev/kvm.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/backing.h"
#include "image.h"
#include "kvm/dirty.h"
#include "kvm/ioctl.h"
#include "kvm/postmortem.h"
#include "layout.h"
#include "oracle/oracle.h"
#include "target/kill.h"
#include "target/kvm_machine.h"
#include "x86_64/entry.h"

#define GRACE_MS	10000	/* for a kicked vCPU to leave an emulated kernel, too */

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

static int machine_load(struct machine *m, struct error *e)
{
	size_t image_bytes = (size_t)(image_elf_end - image_elf_start);
	const struct run_request *r = m->request;
	struct image_entry entry;
	struct vcpu *v = &m->vm.vcpu[0];
	int khz, rc;

	/* One call instead of a fault a page; a kernel before 5.14 faults. */
	madvise(m->host.ram + ABI_IMAGE_GPA, image_bytes, MADV_POPULATE_WRITE);
	rc = image_load(image_elf_start, image_bytes, m->host.ram,
			m->host.ram_bytes, &entry, e);
	if (rc)
		return rc;
	khz = kvm_call_raw(v->fd, KVM_GET_TSC_KHZ, 0);
	m->tsc_khz = khz > 0 ? khz : NAN;
	mailbox_ask(m->mailbox, r, khz > 0 ? khz : 2e6);
	m->mailbox->parks = m->vm.vcpus > m->ctx->pu_count;
	m->asked_cycles = m->mailbox->block_cycles;
	m->asked_blocks = m->mailbox->blocks;
	m->asked_empty = m->mailbox->empty_blocks;
	rc = bell_claim(m, e);
	if (rc)
		return rc;
	rc = entry_long_mode(v, m->host.ram, entry.entry_gpa, ABI_MAILBOX_GPA,
			     e);
	if (rc)
		return rc;
	m->smp.sipi = r->bench ? r->bench->sipi : r->probe->sipi;
	rc = smp_create(&m->smp, &m->vm, m->ctx, entry.cpu_gpa, e);
	if (rc)
		return rc;
	rc = oracle_open(&m->host.oracle, &m->host, r->probe, e);
	if (rc)
		return rc;
	if (r->probe && r->probe->prepare)
		r->probe->prepare(&m->host);
	oracle_begin(m->host.oracle);
	if (r->bench && r->bench->host_setup && r->bench->host_setup(&m->host))
		host_verdict(&m->host, ABI_ERROR,
			     "the host's half could not set things up");
	if (m->ctx->tamper)
		m->ctx->tamper(&m->host, m->ctx->tamper_opaque);
	return 0;
}

/* Pages on a node by policy; when populated they are seen to lie there. */
static int pages_place(struct machine *m, void *at, uint64_t bytes,
		       uint64_t used_bytes, enum arena_node where,
		       bool populate, struct error *e)
{
	const struct topology *t = m->ctx->topology;
	int rc = topology_place_range(t, at, bytes, m->ctx->pu, where, e);

	if (rc || !populate)
		return rc;
	rc = backing_populate(at, used_bytes, e);
	return rc ? rc : topology_check_range(t, at, used_bytes, m->ctx->pu,
					      where, e);
}

/* The arena and the guest's tables for it, in slots of their own. */
static int arena_create(struct machine *m, const struct bench *b,
			struct error *e)
{
	const struct arena *a = &b->arena;
	int slot, rc;

	slot = vm_memory_add(&m->vm, ABI_TABLES_GPA, ABI_TABLES_BYTES(a->bytes),
			     0, BACKING_ANON, e);
	if (slot < 0)
		return slot;
	rc = pages_place(m, m->vm.slot[slot].hva, m->vm.slot[slot].bytes,
			 m->vm.slot[slot].bytes, a->tables,
			 a->tables != NODE_ANY, e);
	if (rc)
		return rc;
	slot = vm_memory_add(&m->vm, ABI_ARENA_GPA, a->bytes, 0, a->backing, e);
	if (slot < 0)
		return slot;
	m->host.arena = m->vm.slot[slot].hva;
	m->host.arena_bytes = a->bytes;
	return pages_place(m, m->host.arena, a->bytes, arena_used_bytes(a),
			   a->node, a->populate, e);
}

static int kvm_create(struct target_context *ctx, const struct run_request *r,
		      void **vm, struct error *e)
{
	struct kvm_state *s = ctx->state;
	unsigned int needs = r->bench ? r->bench->needs : r->probe->needs;
	struct vm_config config = {
		.ram_bytes = needs & NEED_SCRATCH ?
			     ABI_SCRATCH_GPA + ABI_SCRATCH_BYTES : ABI_RAM_BYTES,
		.backing = BACKING_ANON,
		.vcpus = r->vcpus ? r->vcpus : 1,
		.irqchip = needs & NEED_IRQCHIP,
		.irqchip_split = needs & NEED_IRQCHIP_SPLIT,
		.pit = needs & NEED_PIT,
		.msr_user = needs & NEED_MSR_USER,
		.coalesced = needs & NEED_COALESCED,
		.ioeventfd = needs & NEED_IOEVENTFD,
		.stats = true,
		.vm_stats = r->bench && (r->bench->maps.declared ||
					 r->bench->walk),
		.dirty_ring_bytes = needs & NEED_DIRTY_RING ?
				    DIRTY_RING_BYTES : 0,
		.spin_cycles = ctx->spin_cycles,
		.defects = ctx->defects,
		.hide = ctx->hide,
	};
	struct machine *m = calloc(1, sizeof(*m));
	int rc;

	if (!m)
		return error_set(e, -ENOMEM, "out of memory for a VM");
	m->state = s;
	m->ctx = ctx;
	m->request = r;
	rc = vm_create(&m->vm, &s->sys, &config, e);
	if (rc) {
		free(m);
		return rc;
	}
	m->host = (struct item_host){
		.vm = &m->vm, .vcpu = &m->vm.vcpu[0],
		.ram = vm_memory_at(&m->vm, 0, config.ram_bytes),
		.ram_bytes = config.ram_bytes,
		.bystander_pu = ctx->pin ?
			(int)topology_bystander(ctx->topology, &ctx->pu, 1) :
			-1,
		.changes = ctx->changes,
		.ctx = ctx,
		.bench = r->bench,
		.vms = r->vms,
	};
	m->mailbox = m->host.mailbox = (void *)(m->host.ram + ABI_MAILBOX_GPA);
	m->vm.opaque = m;
	rc = r->bench && r->bench->arena.bytes ?
	     arena_create(m, r->bench, e) : 0;
	if (!rc)
		rc = machine_load(m, e);
	if (rc) {
		smp_destroy(&m->smp);
		if (r->probe && r->probe->finish)
			r->probe->finish(&m->host);
		oracle_close(m->host.oracle);
		vm_destroy(&m->vm);
		free(m);
		return rc;
	}
	*vm = m;
	return 0;
}

static void vcpu_job(void *opaque)
{
	struct machine *m = opaque;
	struct vcpu *v = &m->vm.vcpu[0];
	struct kvm_state *s = m->state;

	/* In the first job and not in one of its own: a wake-up saved. */
	if (!s->placed && m->ctx->pin)
		s->place_rc = topology_pin(m->ctx->topology, m->ctx->pu,
					   &s->place_error);
	s->placed = true;
	if (s->place_rc)
		return;
	oracle_thread_before(m->host.oracle);
	do {
		m->end = vcpu_run(v);
	} while (m->end == VCPU_STOPPED && atomic_load(&v->stop) == STOP_STAMPS);
	oracle_thread_after(m->host.oracle);
}

/* *late: the deadline passed first. */
static int vcpu_wait(struct machine *m, bool *late, struct error *e)
{
	struct vcpu *v = &m->vm.vcpu[0];
	int rc;

	*late = !worker_wait(&m->state->worker, m->request->deadline_ms);
	if (*late) {
		smp_cancel(&m->smp);
		vcpu_kick(v);
		m->state->stuck = !worker_wait(&m->state->worker, GRACE_MS);
	}
	if (m->state->stuck)
		/*
		 * Its memory cannot be given back while it runs. That ends
		 * the session: going on would measure beside a runaway.
		 */
		return error_set(e, -EIO, "a vCPU did not leave the kernel "
				 "%d ms after its kick: this kernel's KVM "
				 "cannot be interrupted", GRACE_MS);
	v->started = false;
	rc = smp_stop(&m->smp, GRACE_MS, e);
	m->state->stuck = rc;
	return rc;
}

/* The same for one that does not end by itself. */
static int guest_kill(struct machine *m, bool *late, struct error *e)
{
	int rc = kill_run(m, vcpu_job, late, e);

	if (rc)
		return rc;
	m->vm.vcpu[0].started = false;
	smp_cancel(&m->smp);
	rc = smp_stop(&m->smp, GRACE_MS, e);
	m->state->stuck = rc;
	return rc;
}

static void crash_describe(struct machine *m, struct vcpu *v,
			   enum vcpu_end end, char *to, size_t bytes)
{
	const struct abi_mailbox *mb = m->mailbox;
	char words[ABI_TEXT_MAX + 1], which[32] = "";

	if (v->index)
		snprintf(which, sizeof(which), "vCPU %u: ", v->index);
	if (end == VCPU_STOPPED && atomic_load(&v->stop) == STOP_MEMORY)
		snprintf(to, bytes, "%sthe guest's memory went away: SIGBUS "
			 "in the host's half", which);
	else if (end == VCPU_STOPPED)
		snprintf(to, bytes, "%sguest: %s: vector %llu at %#llx", which,
			 guest_words(mb->reason, sizeof(mb->reason), words),
			 (unsigned long long)mb->panic.vector,
			 (unsigned long long)mb->panic.rip);
	else if (v->run_errno)
		snprintf(to, bytes, "%sKVM_RUN: %s%s", which,
			 strerror(v->run_errno), v->run_errno == EFAULT ?
			 ": the guest's memory went away" : "");
	else
		snprintf(to, bytes, "%sthe vCPU ended in %s", which,
			 exit_reason_name(v->run->exit_reason));
}

static void end_describe(struct machine *m, bool late)
{
	struct observation *seen = m->seen;
	unsigned int failed = atomic_load(&m->smp.failed);
	struct vcpu *v = &m->vm.vcpu[failed];
	enum vcpu_end end = failed ? m->smp.secondary[failed - 1].end : m->end;

	if (!failed && late && end == VCPU_KICKED) {
		seen->end = RUN_HANG;
		snprintf(seen->end_reason, sizeof(seen->end_reason),
			 "no answer within %u ms", m->request->deadline_ms);
	} else if (!failed && (m->kill.over || (end == VCPU_STOPPED &&
		   atomic_load(&v->stop) == STOP_DONE))) {
		seen->end = RUN_DONE;
	} else {
		seen->end = RUN_CRASH;
		crash_describe(m, v, end, seen->end_reason,
			       sizeof(seen->end_reason));
	}
	if (seen->end != RUN_DONE)
		seen->postmortem = postmortem_json(v, m->mailbox);
}

static int kvm_run(void *vm, const struct run_request *r,
		   struct observation *seen, struct error *e)
{
	struct machine *m = vm;
	struct vcpu *v = &m->vm.vcpu[0];
	bool late, endless = r->probe && r->probe->kills;
	int rc;

	m->seen = seen;
	seen->tsc_khz = m->tsc_khz;
	v->thread = m->state->worker.thread;
	v->started = true;
	if (endless)
		rc = guest_kill(m, &late, e);
	else
		worker_start(&m->state->worker, vcpu_job, m);
	if (!endless)
		rc = vcpu_wait(m, &late, e);
	if (rc)
		return rc;
	if (m->state->place_rc)
		return error_set(e, m->state->place_rc, "%s",
				 m->state->place_error.text);
	end_describe(m, late);
	if (seen->end == RUN_DONE) {
		trips_join(m);
		if (r->probe && r->probe->judge &&
		    m->mailbox->verdict != ABI_SKIP)
			r->probe->judge(&m->host);
		oracle_judge(m->host.oracle);
		seen->evidence = oracle_evidence(m->host.oracle);
	}
	seen->mailbox = *m->mailbox;
	seen->price = m->host.price;
	return 0;
}

static void kvm_destroy(void *vm)
{
	struct machine *m = vm;

	/* A vCPU that still runs owns all of this: leave it to the end. */
	if (m->vm.vcpu[0].started || m->smp.threads)
		return;
	smp_destroy(&m->smp);
	if (m->request->probe && m->request->probe->finish)
		m->request->probe->finish(&m->host);
	oracle_close(m->host.oracle);
	if (m->request->bench && m->request->bench->host_teardown)
		m->request->bench->host_teardown(&m->host);
	vm_destroy(&m->vm);
	free(m);
}

const struct target target_kvm = {
	.name = "kvm",
	.summary = "the built-in VMM on /dev/kvm",
	.open = kvm_open,
	.close = kvm_close,
	.unsupported = kvm_unsupported,
	.create = kvm_create,
	.run = kvm_run,
	.destroy = kvm_destroy,
};
