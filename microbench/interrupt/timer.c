/*
 * How late timers are: the distribution and its worst case, as cyclictest
 * has it, and how unequal the periods of a periodic timer are.
 *
 * The guest halts until its timer's handler has stamped, again and again, and
 * leaves the differences in its memory: of a deadline, the handler's TSC less
 * the deadline; of a periodic timer, how far a period was from the mean. A
 * block is many of them, and its value is their median, their 99th percentile
 * or their greatest. A percentile needs a hundred samples beyond it to mean
 * something: where a host does not manage 10,000 in time there is none. No
 * exits are declared: a block's value is a time, and not that of an operation;
 * tscdeadline and the halt rows have them.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "interrupt.h"
#include "item_host.h"
#include "kvm/irq.h"
#include "kvm/ioctl.h"
#include "kvm/vm.h"
#include "target/target.h"

#define SAMPLES_MAX	10000u
#define SAMPLES_FEW	128u		/* for a median, and for a worst case */
#define DISTANCE_CYCLES	(1u << 16)	/* some 20 us ahead, or apart */
#define PERIOD_COUNT	250000u		/* KVM's APIC timer counts in ns ... */
					/* and gives no period under 200 us */
#define SAMPLES_LEAST	5u		/* of those few, where time is up */
#define LIMIT_CYCLES(samples)	/* for a block: about 50 ms, or 0.3 s */	\
	((samples) > SAMPLES_FEW ? 3ull << 28 : 1ull << 27)

enum { RET_GPA, RET_SAMPLES };

static int64_t timer_sample[SAMPLES_MAX];

__guest const char *late_skip(void)
{
	const char *why = deadline_missing();

	return why ? why : xapic_skip();
}

__guest void timer_setup(void)
{
	irq_install(IRQ_VECTOR, irq_stamp_xapic);
	xapic_start();
	mailbox->ret[RET_GPA] = (uint64_t)timer_sample;
}

__guest void deadline_setup(void)
{
	timer_setup();
	xapic_write(APIC_LVT_TIMER, APIC_LVT_DEADLINE | IRQ_VECTOR);
	__asm__ volatile("mfence" ::: "memory");
}

/* Halted until the handler has been there: its TSC. */
__guest uint64_t halted_stamp(uint64_t before)
{
	while (*own_counter() == before)
		irq_halt();
	return irq_tsc(cpu_self());
}

__guest void late_collect(uint32_t samples)
{
	uint64_t begin = tsc_read(), next = begin;
	uint32_t n = 0;

	while (n < samples && next - begin < LIMIT_CYCLES(samples)) {
		uint64_t before = *own_counter();

		next = tsc_read() + DISTANCE_CYCLES;
		wrmsr(MSR_TSC_DEADLINE, next);
		timer_sample[n++] = (int64_t)(halted_stamp(before) - next);
	}
	mailbox->ret[RET_SAMPLES] = n;
}

__guest void late_few(void)
{
	late_collect(SAMPLES_FEW);
}

__guest void late_many(void)
{
	late_collect(SAMPLES_MAX);
}

/* By absolute deadlines; those that were missed are left out. */
__guest void jitter_collect(uint32_t samples)
{
	uint64_t begin = tsc_read(), next = begin + DISTANCE_CYCLES, now = begin;
	uint32_t n = 0;

	while (n < samples && now - begin < LIMIT_CYCLES(samples)) {
		uint64_t before = *own_counter();

		wrmsr(MSR_TSC_DEADLINE, next);
		timer_sample[n++] = (int64_t)(halted_stamp(before) - next);
		now = tsc_read();
		do
			next += DISTANCE_CYCLES;
		while (next <= now);
	}
	mailbox->ret[RET_SAMPLES] = n;
}

__guest void jitter_few(void)
{
	jitter_collect(SAMPLES_FEW);
}

__guest void jitter_many(void)
{
	jitter_collect(SAMPLES_MAX);
}

/* A period that was missed shows as one of twice the length: as it should. */
__guest void period_few(void)
{
	uint64_t before = *own_counter(), begin, last;
	uint32_t n = 0;

	xapic_write(APIC_TIMER_DIVIDE, APIC_TIMER_DIVIDE_1);
	xapic_write(APIC_LVT_TIMER, APIC_LVT_PERIODIC | IRQ_VECTOR);
	xapic_write(APIC_TIMER_INITIAL, PERIOD_COUNT);
	begin = last = halted_stamp(before);
	while (n < SAMPLES_FEW && last - begin < LIMIT_CYCLES(SAMPLES_FEW)) {
		uint64_t stamp;

		before = *own_counter();
		stamp = halted_stamp(before);
		timer_sample[n++] = (int64_t)(stamp - last);
		last = stamp;
	}
	xapic_write(APIC_TIMER_INITIAL, 0);
	xapic_write(APIC_LVT_TIMER, APIC_LVT_MASKED);
	/* One that fired meanwhile is not the next block's. */
	irq_window();
	mailbox->ret[RET_SAMPLES] = n;
}

__host int compare_samples(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* A copy of what the guest left, in order; the caller's to free. */
__host int64_t *samples_take(struct item_host *h, size_t *count, bool periods)
{
	uint64_t n = h->mailbox->ret[RET_SAMPLES];
	const int64_t *at = n && n <= SAMPLES_MAX ?
		vm_memory_at(h->vm, h->mailbox->ret[RET_GPA], n * sizeof(*at)) :
		NULL;
	int64_t *own = at ? malloc(n * sizeof(*own)) : NULL;
	double mean = 0;

	if (!own)
		return NULL;
	for (size_t i = 0; i < n; i++)
		mean += (double)at[i] / (double)n;
	for (size_t i = 0; i < n; i++)
		own[i] = periods ? (int64_t)fabs((double)at[i] - mean) : at[i];
	qsort(own, n, sizeof(*own), compare_samples);
	*count = n;
	return own;
}

/* `percent` 100 is the greatest. */
__host int value_take(struct item_host *h, bool periods, unsigned int percent)
{
	int khz = kvm_call_raw(h->vcpu->fd, KVM_GET_TSC_KHZ, 0);
	char text[ABI_TEXT_MAX];
	size_t n, at, least = percent == 99 ? SAMPLES_MAX : SAMPLES_LEAST;
	int64_t *own;

	own = samples_take(h, &n, periods);
	if (!own || khz <= 0) {
		host_verdict(h, ABI_ERROR, "the guest left no times");
		free(own);
		return -1;
	}
	if (n < least) {
		snprintf(text, sizeof(text), "only %zu of the %zu samples that "
			 "it needs came in time", n, least);
		host_verdict(h, ABI_SKIP, text);
	}
	at = percent == 100 ? n - 1 : n * percent / 100;
	h->value = (int64_t)((double)own[at] * 1e6 / khz);
	free(own);
	return 0;
}

#define BLOCK(id, periods, percent)					\
	__host int id##_block(struct item_host *h, uint64_t ops)	\
	{								\
		(void)ops;						\
		return value_take(h, periods, percent);			\
	}

BLOCK(late_median, false, 50)
BLOCK(late_p99, false, 99)
BLOCK(late_max, false, 100)
BLOCK(period_median, true, 50)
BLOCK(period_max, true, 100)

__host int poll_set(struct item_host *h, uint32_t ns)
{
	struct error e;

	return host_said(h, irq_halt_poll_set(h->vm, ns, &e), &e);
}

__host int polls_never(struct item_host *h)
{
	return poll_set(h, 0);
}

__host int polls(struct item_host *h)
{
	return poll_set(h, 200000);
}

__host const char *polling_unavailable(struct target_context *ctx)
{
	return kvm_call_raw(ctx->kvm_fd, KVM_CHECK_EXTENSION,
			    KVM_CAP_HALT_POLL) > 0 ? NULL :
	       "this kernel's KVM has no KVM_CAP_HALT_POLL (Linux 5.11)";
}

#define CITE_TIMER "Intel SDM vol. 3A, APIC Timer; Linux, cyclictest(8)"
#define READING_TIMER							\
	"The guest halts in between, so the host's timer, halt polling and "	\
	"waking a thread are in it."

#define TIMER(id, text, skip_fn, setup_fn, rewind_fn, block_fn, blocks, instances, ...)	\
	BENCH(id,							\
		.summary = text,					\
		.reading = READING_TIMER,				\
		.cite = CITE_TIMER,					\
		.unit = "ns",						\
		.max_ops = 1, .max_blocks = blocks,			\
		.max_instances = instances,				\
		.needs = NEED_VMM | NEED_IRQCHIP,			\
		.sleeps = true, .paced = true,				\
		.skip = GUEST(skip_fn),				\
		.setup = GUEST(setup_fn),				\
		.rewind = GUEST(rewind_fn),				\
		.host_block = HOST(block_fn),				\
		.teardown = GUEST(interrupt_teardown),			\
		__VA_ARGS__						\
	)

TIMER(timer_late, "How late the handler of a TSC deadline is: median of up to 128",
      late_skip, deadline_setup, late_few, late_median_block, 8, 0);
TIMER(timer_late_p99, "How late the handler of a TSC deadline is: 99th percentile of 10,000",
      late_skip, deadline_setup, late_many, late_p99_block, 1, 3);
TIMER(timer_late_max, "How late the handler of a TSC deadline is: the worst of up to 128",
      late_skip, deadline_setup, late_few, late_max_block, 8, 0);
TIMER(timer_jitter, "How late a deadline every 2^16 cycles is, as cyclictest has it: median of up to 128",
      late_skip, deadline_setup, jitter_few, late_median_block, 8, 0);
TIMER(timer_jitter_p99, "How late a deadline every 2^16 cycles is: 99th percentile of 10,000",
      late_skip, deadline_setup, jitter_many, late_p99_block, 1, 3);
TIMER(timer_jitter_max, "How late a deadline every 2^16 cycles is: the worst of up to 128",
      late_skip, deadline_setup, jitter_few, late_max_block, 8, 0);
TIMER(timer_period, "How far a period of 250 us is from the mean: median of up to 128",
      xapic_skip, timer_setup, period_few, period_median_block, 4, 0);
TIMER(timer_period_max, "How far a period of 250 us is from the mean: the worst of up to 128",
      xapic_skip, timer_setup, period_few, period_max_block, 4, 0);

TIMER(halt_timer, "How late a TSC deadline wakes from HLT, halt polling off: median of up to 128",
      late_skip, deadline_setup, late_few, late_median_block, 8, 0,
      .host_setup = HOST(polls_never), .unavailable = HOST(polling_unavailable));
TIMER(halt_timer_polled, "How late a TSC deadline wakes from HLT, halt polling on: median of up to 128",
      late_skip, deadline_setup, late_few, late_median_block, 8, 0,
      .host_setup = HOST(polls), .unavailable = HOST(polling_unavailable));
