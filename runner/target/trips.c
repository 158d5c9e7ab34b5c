/*
 * Joins the stamps of one round trip: guest, user space, and, where the
 * kernel's tracepoints can be had, the kernel's own.
 *
 * Guest stamps are moved to the host's time base by KVM's TSC offset. That
 * the two bases agree is verified, not assumed: a trip whose stamps are out
 * of order shows that they do not, and then no trip is reported.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "kvm/ioctl.h"
#include "target/kvm_machine.h"

static int tsc_offset_read(struct machine *m, uint64_t *offset)
{
	struct kvm_device_attr attr = {
		.group = KVM_VCPU_TSC_CTRL, .attr = KVM_VCPU_TSC_OFFSET,
		.addr = (uintptr_t)offset,
	};

	return KVM_IOCTL(m->vm.vcpu[0].fd, KVM_GET_DEVICE_ATTR, &attr, NULL);
}

/* Every guest stamp pair must enclose its user stamps with this offset. */
static bool offset_fits(const struct machine *m, uint64_t offset,
			unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		uint64_t begin = m->mailbox->stamp[i].begin_tsc - offset;
		uint64_t end = m->mailbox->stamp[i].end_tsc - offset;

		if ((int64_t)(m->stamp[i].returned_tsc - begin) < 0 ||
		    (int64_t)(end - m->stamp[i].entered_tsc) < 0)
			return false;
	}
	return true;
}

/*
 * The kernel's two stamps of a trip. On the way out: kvm_exit, or, where that
 * tracepoint does not fire (KVM without hardware assistance), the moment at
 * which KVM begins to handle the instruction. On the way in: kvm_entry, or
 * the moment at which KVM_RUN has loaded the vCPU.
 */
static void kernel_stamps(struct trip *t, const struct trace_log *log,
			  size_t *at)
{
	for (; *at < log->count; ++*at) {
		const struct trace_event *ev = &log->events[*at];
		double tsc = (double)ev->tsc;
		bool out = ev->kind == TRACE_EXIT ||
			   ev->kind == TRACE_EMULATE;
		bool in = ev->kind == TRACE_ENTRY || ev->kind == TRACE_LOAD;

		if (tsc > t->guest_end)
			return;
		if (tsc < t->guest_begin)
			continue;
		if (out && tsc <= t->user_begin)
			t->kernel_exit = tsc;
		if (in && tsc >= t->user_end)
			t->kernel_entry = tsc;
	}
}

static void kernel_join(struct machine *m)
{
	struct observation *seen = m->seen;
	struct trace_log log;
	struct error e;
	unsigned int whole = 0;
	size_t at = 0;

	if (!m->tracing_on) {
		snprintf(seen->trips_note, sizeof(seen->trips_note),
			 "no kernel stamps: %s", m->ctx->tracing_note ?
			 m->ctx->tracing_note : "tracing did not start");
		return;
	}
	if (tracing_read(m->ctx->tracing, &log, &e)) {
		snprintf(seen->trips_note, sizeof(seen->trips_note),
			 "no kernel stamps: %.150s", e.text);
		return;
	}
	for (unsigned int i = 0; i < seen->trips; i++) {
		kernel_stamps(&seen->trip[i], &log, &at);
		whole += !isnan(seen->trip[i].kernel_exit) &&
			 !isnan(seen->trip[i].kernel_entry);
	}
	seen->trips_traced = whole * 10 >= seen->trips * 9;
	if (seen->trips_traced && m->ctx->tracing_fine)
		snprintf(seen->trips_note, sizeof(seen->trips_note),
			 "kvm_exit and kvm_entry do not fire here: the "
			 "kernel's side begins at kvm_emulate_insn and ends "
			 "at kvm_fpu");
	else if (!seen->trips_traced)
		snprintf(seen->trips_note, sizeof(seen->trips_note),
			 "no kernel stamps: the tracepoints fired for %u of "
			 "%u round trips", whole, seen->trips);
	trace_log_free(&log);
}

void trips_join(struct machine *m)
{
	struct observation *seen = m->seen;
	unsigned int n = m->mailbox->stamps_done;
	uint64_t offset = 0;

	if (n > ABI_STAMPS_MAX)
		n = ABI_STAMPS_MAX;
	if (!n)
		return;
	/* Each operation must have been exactly one userspace exit. */
	if (m->vm.vcpu[0].stamps_count != n) {
		snprintf(seen->trips_note, sizeof(seen->trips_note),
			 "%u operations made %u userspace exits: they cannot "
			 "be paired", n, m->vm.vcpu[0].stamps_count);
		return;
	}
	if (tsc_offset_read(m, &offset) || !offset_fits(m, offset, n)) {
		/* A host that runs guest RDTSC unadjusted has offset 0. */
		offset = 0;
		if (!offset_fits(m, 0, n)) {
			snprintf(seen->trips_note, sizeof(seen->trips_note),
				 "guest and host time stamps have no common "
				 "base");
			return;
		}
	}
	for (unsigned int i = 0; i < n; i++)
		seen->trip[i] = (struct trip){
			.guest_begin = (double)(m->mailbox->stamp[i].begin_tsc
						- offset),
			.kernel_exit = NAN,
			.user_begin = (double)m->stamp[i].returned_tsc,
			.user_end = (double)m->stamp[i].entered_tsc,
			.kernel_entry = NAN,
			.guest_end = (double)(m->mailbox->stamp[i].end_tsc -
					      offset),
		};
	seen->trips = n;
	kernel_join(m);
}
