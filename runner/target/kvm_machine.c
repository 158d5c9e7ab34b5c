/*
 * A VM of the built-in VMM with the image in it, and its end; see
 * kvm_machine.h.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "host/backing.h"
#include "image.h"
#include "kvm/dirty.h"
#include "kvm/ioctl.h"
#include "layout.h"
#include "oracle/oracle.h"
#include "target/kvm_machine.h"
#include "x86_64/entry.h"

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

int machine_create(struct target_context *ctx, const struct run_request *r,
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
	if (ctx->pin)
		m->host.workers = topology_workers(ctx->topology, ctx->pu,
						   m->host.worker_pu,
						   TOPOLOGY_WORKERS_MAX);
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

void machine_destroy(void *vm)
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
