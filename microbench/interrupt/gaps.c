/*
 * Time that is taken from a guest that does nothing but look at the clock.
 *
 * The guest reads the TSC in a loop and sorts what lies between two reads by
 * size, as osnoise does: a gap is an exit, an interrupt of the host, another
 * thread on its CPU. The rows are a cumulative histogram (gaps of at least so
 * long, in a second), the longest gap, and the share of time lost. The loop
 * runs at CPL3, which every host lets the CPU itself run. No exits are
 * declared: those that come are the host's doing, and what is counted.
 */
#include "interrupt.h"
#include "item_host.h"
#include "kvm/ioctl.h"
#include "kvm/vm.h"

#define LOOK_CYCLES	(1ull << 25)	/* in a block: some 10 ms */
#define KINDS		64		/* a gap of 2^k cycles and more */
#define GAP_NS		1000		/* less is not lost */

/* What the guest leaves, at the address in mailbox->ret[0]. */
static struct looked {
	uint64_t count[KINDS];		/* gaps of [2^k, 2^(k+1)) cycles */
	uint64_t cycles[KINDS];		/* in all of these */
	uint64_t longest, looked;
} looked;

__guest void look(void)
{
	uint64_t begin = tsc_read(), last = begin;

	while (last - begin < LOOK_CYCLES) {
		uint64_t now = tsc_read(), gap = now - last;
		unsigned int kind = 63u - (unsigned int)__builtin_clzll(gap | 1);

		looked.count[kind]++;
		looked.cycles[kind] += gap;
		if (gap > looked.longest)
			looked.longest = gap;
		last = now;
	}
	looked.looked = last - begin;
}

__guest void look_again(void)
{
	for (int i = 0; i < KINDS; i++)
		looked.count[i] = looked.cycles[i] = 0;
	looked.longest = 0;
	look();
}

__guest void gaps_rewind(void)
{
	mailbox->ret[0] = (uint64_t)&looked;
	ring3_call(look_again);
}

/* NULL, and a verdict, where the guest left nothing. */
__host const struct looked *looked_at(struct item_host *h, double *khz)
{
	const struct looked *l = vm_memory_at(h->vm, h->mailbox->ret[0],
					      sizeof(*l));

	*khz = kvm_call_raw(h->vcpu->fd, KVM_GET_TSC_KHZ, 0);
	if (l && l->looked && *khz > 0)
		return l;
	host_verdict(h, ABI_ERROR, "the guest left no gaps");
	return NULL;
}

/*
 * In classes of powers of two the limit is the first that lies in none below
 * it. Without a limit of their own nothing but whole classes can be told.
 */
__host unsigned int kind_from(double ns, double khz)
{
	unsigned int kind = 0;

	while (kind < KINDS - 1 && (double)(1ull << kind) < ns * khz / 1e6)
		kind++;
	return kind;
}

__host int gaps_value(struct item_host *h, double ns)
{
	double khz, gaps = 0;
	const struct looked *l = looked_at(h, &khz);

	if (!l)
		return -1;
	for (unsigned int k = kind_from(ns, khz); k < KINDS; k++)
		gaps += (double)l->count[k];
	h->value = (int64_t)(gaps * khz * 1000 / (double)l->looked + 0.5);
	return 0;
}

#define OVER(id, ns)							\
	__host int id##_block(struct item_host *h, uint64_t ops)	\
	{								\
		(void)ops;						\
		return gaps_value(h, ns);				\
	}

OVER(over_1us, 1e3)
OVER(over_10us, 1e4)
OVER(over_100us, 1e5)
OVER(over_1ms, 1e6)

__host int longest_block(struct item_host *h, uint64_t ops)
{
	double khz;
	const struct looked *l = looked_at(h, &khz);

	(void)ops;
	if (!l)
		return -1;
	h->value = (int64_t)((double)l->longest * 1e6 / khz);
	return 0;
}

__host int lost_block(struct item_host *h, uint64_t ops)
{
	double khz, lost = 0;
	const struct looked *l = looked_at(h, &khz);

	(void)ops;
	if (!l)
		return -1;
	for (unsigned int k = kind_from(GAP_NS, khz); k < KINDS; k++)
		lost += (double)l->cycles[k];
	h->value = (int64_t)(lost * 1e6 / (double)l->looked);
	return 0;
}

#define GAPS(id, text, unit_text, block_fn)				\
	BENCH(id,							\
		.summary = text,					\
		.reading = "What the host does with this CPU beside the guest: its timer "	\
			   "tick, other threads, its own interrupts. A CPU that is isolated "	\
			   "(isolcpus, nohz_full) shows next to none. Limits are rounded "	\
			   "up to a power of two of cycles.",		\
		.cite = "Linux, OSNOISE Tracer",			\
		.unit = unit_text,					\
		.max_ops = 1, .max_blocks = 8,				\
		.needs = NEED_VMM,					\
		.sleeps = true, .paced = true,				\
		.rewind = GUEST(gaps_rewind),				\
		.host_block = HOST(block_fn),				\
	)

GAPS(gaps_over_1us, "Gaps of 1 us and more in a second", "1/s", over_1us_block);
GAPS(gaps_over_10us, "Gaps of 10 us and more in a second", "1/s", over_10us_block);
GAPS(gaps_over_100us, "Gaps of 100 us and more in a second", "1/s", over_100us_block);
GAPS(gaps_over_1ms, "Gaps of 1 ms and more in a second", "1/s", over_1ms_block);
GAPS(gap_longest, "The longest gap in some 10 ms", "ns", longest_block);
GAPS(gaps_lost, "Time lost in gaps of 1 us and more, in millionths", "ppm", lost_block);
