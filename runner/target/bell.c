/*
 * The doorbell: the guest says where it is, the host reads its counters.
 *
 * A block's own doorbells are part of what is counted between them: one exit
 * to user space, the one that ends the block, is taken off again here.
 */
#include <math.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "host/memory_guard.h"
#include "target/host_bench.h"
#include "target/kvm_machine.h"

/* The vCPUs whose exits are the operation's. */
static unsigned int counted(const struct machine *m)
{
	const struct bench *b = m->request->bench;

	return b && b->peers_apart ? 1 : m->vm.vcpus;
}

/*
 * What KVM counted of all vCPUs. All but the caller's are at rest or spin;
 * exits by which they wait for each other are taken off, and so is what KVM
 * emulates of those (some KVMs do not: then it is one less, at least none).
 */
static bool exits_read(const struct machine *m, struct vcpu_counts *sum)
{
	memset(sum, 0, sizeof(*sum));
	for (unsigned int i = 0; i < counted(m); i++) {
		const struct vcpu *v = &m->vm.vcpu[i];
		struct vcpu_counts one;

		if (v->stats_fd < 0 ||
		    stats_read(&m->vm.sys->vcpu_stats, v->stats_fd, &one))
			return false;
		sum->exits += one.exits - v->waits;
		sum->irq_exits += one.irq_exits;
		sum->insn_emulation += one.insn_emulation > v->waits ?
				       one.insn_emulation - v->waits : 0;
	}
	return true;
}

static uint64_t user_exits_read(const struct machine *m)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < counted(m); i++)
		sum += m->vm.vcpu[i].user_exits - m->vm.vcpu[i].waits;
	return sum;
}

void block_begin(struct machine *m)
{
	struct kvm_state *s = m->state;

	if (!s->counters_tried) {
		s->counters_tried = true;
		s->counting = !counters_open(&s->counters, NULL);
		m->ctx->counters_source = counters_source(&s->counters);
		m->ctx->counters_note = s->counters.note;
	}
	m->values_known = s->counting &&
			  !counters_read(&s->counters, &m->values_begin);
	m->counts_known = exits_read(m, &m->counts_begin);
	m->pages_known = m->vm.stats_fd >= 0 &&
			 !stats_read(&m->vm.sys->vm_stats, m->vm.stats_fd,
				     &m->pages_begin);
	m->user_exits_begin = user_exits_read(m);
}

/* Before the first block: what KVM has mapped of a VM by then. */
static void mapped_note(struct machine *m)
{
	const struct stats_layout *layout = &m->vm.sys->vm_stats;

	if (!m->pages_known || m->mailbox->state != ABI_STATE_BLOCKS ||
	    m->mailbox->blocks_done)
		return;
	for (int i = 0; i < PAGE_SIZES; i++)
		if (layout->pages[i] >= 0)
			m->seen->mapped[i] = (double)m->pages_begin.pages[i];
}

static void pages_count(struct machine *m, struct block_seen *to)
{
	const struct stats_layout *layout = &m->vm.sys->vm_stats;
	struct vcpu_counts end;

	if (!m->pages_known || stats_read(layout, m->vm.stats_fd, &end))
		return;
	for (int i = 0; i < PAGE_SIZES; i++)
		if (layout->pages[i] >= 0)
			to->pages[i] = (double)end.pages[i] -
				       (double)m->pages_begin.pages[i];
}

void block_end(struct machine *m, struct block_seen *to)
{
	const struct stats_layout *layout = &m->vm.sys->vcpu_stats;
	struct counter_values values_end;
	struct vcpu_counts end;

	*to = block_seen_none();
	to->user_exits = (double)(user_exits_read(m) - m->user_exits_begin);
	if (m->counts_known && exits_read(m, &end)) {
		if (layout->exits >= 0)
			to->exits = (double)(end.exits -
					     m->counts_begin.exits);
		if (layout->irq_exits >= 0)
			to->irq_exits = (double)(end.irq_exits -
						 m->counts_begin.irq_exits);
		if (layout->insn_emulation >= 0)
			to->emulated = (double)(end.insn_emulation -
						m->counts_begin.insn_emulation);
	}
	pages_count(m, to);
	if (m->values_known &&
	    !counters_read(&m->state->counters, &values_end))
		counters_subtract(&m->state->counters, &m->values_begin,
				  &values_end, &to->counters);
}

static struct block_seen *block_slot(struct machine *m)
{
	uint32_t state = m->mailbox->state;
	uint32_t i = state == ABI_STATE_EMPTY ? m->mailbox->empty_done
					      : m->mailbox->blocks_done;

	if (i >= ABI_BLOCKS_MAX)
		return NULL;
	if (state == ABI_STATE_EMPTY)
		return &m->seen->empty[i];
	return state == ABI_STATE_BLOCKS ? &m->seen->block[i] : NULL;
}

static void stamps_begin(struct machine *m)
{
	struct vcpu *v = &m->vm.vcpu[0];

	struct tracing *t = m->request->trace ? m->ctx->tracing : NULL;

	if (t)
		m->tracing_on = !(m->ctx->tracing_fine ?
				  tracing_start_fine(t, gettid(), NULL) :
				  tracing_start(t, gettid(), NULL));
	v->stamps = m->stamp;
	v->stamps_count = 0;
	v->stamps_max = ABI_STAMPS_MAX + 8;
	vcpu_stop(v, STOP_STAMPS);
}

static void stamps_end(struct machine *m)
{
	if (m->tracing_on)
		tracing_stop(m->ctx->tracing, NULL);
	m->vm.vcpu[0].stamps = NULL;
	vcpu_stop(&m->vm.vcpu[0], STOP_STAMPS);
}

static void host_block_begin(void *opaque)
{
	block_begin(opaque);
}

static void host_block_end(void *opaque, struct block_seen *to)
{
	block_end(opaque, to);
}

static void host_bench_run(void *opaque)
{
	struct machine *m = opaque;
	const struct host_bench hb = {
		.bench = m->request->bench, .host = &m->host,
		.block_cycles = m->asked_cycles, .blocks = m->asked_blocks,
		.empty_blocks = m->asked_empty,
		.block = m->seen->block, .empty = m->seen->empty,
		.begin = host_block_begin, .end = host_block_end, .opaque = m,
	};

	if (hb.bench && hb.bench->paced)
		host_bench_step(&hb, m->host_steps++);
	else
		host_bench_measure(&hb);
}

static void host_rewind(void *opaque)
{
	struct machine *m = opaque;
	const struct bench *b = m->request->bench;
	int rc = b && b->host_rewind ? b->host_rewind(&m->host) : 0;

	if (rc)
		host_verdict(&m->host, ABI_ERROR,
			     "the host's half could not put things back");
}

static void host_verify(void *opaque)
{
	struct machine *m = opaque;

	host_bench_verify(m->request->bench, &m->host);
}

/* The host's half may touch the guest's memory, which may be gone. */
static void host_half(struct machine *m, void (*part)(void *opaque))
{
	if (!memory_guard_run(part, m))
		vcpu_stop(&m->vm.vcpu[0], STOP_MEMORY);
}

/* Any other vCPU may wait, or say that it met what nobody expected. */
static void bell_secondary(struct machine *m, struct vcpu *v, uint32_t what)
{
	if (what != ABI_BELL_PARK) {
		vcpu_stop(v, STOP_PANIC);
		return;
	}
	v->waits++;
	smp_park(&m->smp, v);
}

static void bell(struct vcpu *v, void *opaque, uint64_t offset, void *data,
		 unsigned int bytes, bool write)
{
	struct machine *m = opaque;
	struct block_seen *slot;

	if (offset || bytes != 4 || !write)
		return;
	if (*(uint32_t *)data == ABI_BELL_YIELD) {
		v->waits++;
		sched_yield();
		return;
	}
	if (v->index) {
		bell_secondary(m, v, *(uint32_t *)data);
		return;
	}
	switch (*(uint32_t *)data) {
	case ABI_BELL_BLOCK_BEGIN:
		vm_coalesced_drain(&m->vm);
		block_begin(m);
		mapped_note(m);
		break;
	case ABI_BELL_BLOCK_END:
		slot = block_slot(m);
		if (!slot)
			break;
		block_end(m, slot);
		slot->user_exits -= 1;	/* this doorbell */
		slot->exits -= 1;
		if (m->mailbox->state == ABI_STATE_BLOCKS &&
		    m->request->bench && m->request->bench->host_verify)
			host_half(m, host_verify);
		break;
	case ABI_BELL_PROBE:
		break;		/* for defects: see defect/exit.c */
	case ABI_BELL_STAMPS_BEGIN:
		stamps_begin(m);
		break;
	case ABI_BELL_STAMPS_END:
		stamps_end(m);
		break;
	case ABI_BELL_READY:
		atomic_store(&m->kill.ready, true);
		host_half(m, host_bench_run);
		break;
	case ABI_BELL_REWIND:
		host_half(m, host_rewind);
		break;
	case ABI_BELL_CPUS:
		smp_run_secondaries(&m->smp);
		break;
	case ABI_BELL_RELEASE:
		v->waits++;
		smp_release(&m->smp);
		break;
	case ABI_BELL_JOIN:
		v->waits++;
		smp_join(&m->smp);
		break;
	case ABI_BELL_DONE:
		vcpu_stop(v, STOP_DONE);
		break;
	default:
		vcpu_stop(v, STOP_PANIC);
		break;
	}
}

static void ignore(struct vcpu *v, void *opaque, uint64_t offset, void *data,
		   unsigned int bytes, bool write)
{
	(void)v;
	(void)opaque;
	(void)offset;
	(void)write;
	for (unsigned int i = 0; i < bytes; i++)
		if (!write)
			((uint8_t *)data)[i] = 0;
}

int bell_claim(struct machine *m, struct error *e)
{
	int rc = range_claim(&m->vm.pio, ABI_PORT_BELL, 4, bell, m, e);

	if (!rc)
		rc = range_claim(&m->vm.pio, ABI_PORT_USER, 4, ignore, NULL, e);
	if (!rc)
		rc = range_claim(&m->vm.mmio, ABI_MMIO_GPA, 4096, ignore, NULL,
				 e);
	return rc;
}
