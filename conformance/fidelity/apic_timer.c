/*
 * The APIC's timer: one shot, periodic and TSC deadline, and what arms it.
 *
 * Every hypervisor makes this timer in software, out of a timer of its host.
 */
#include "apic.h"
#include "irq.h"
#include "irq_log.h"
#include "suite.h"

#define TIMER	"Intel SDM vol. 3, APIC Timer; AMD APM vol. 2, APIC Timer " \
		"Interrupt"
#define DEADLINE "Intel SDM vol. 3, TSC-Deadline Mode; AMD APM vol. 2, TSC " \
		 "Deadline Mode"

#define VECTOR		0x81
/* For what must come, and the time in which what must not come would have. */
#define PATIENCE_CYCLES	(1ull << 30)
#define QUIET_CYCLES	(1ull << 21)
#define SOON_CYCLES	(1ull << 23)	/* not before this is disarmed */
#define SHORT_COUNT	20000u
#define LONG_COUNT	0xf0000000u
#define PAUSES		8

__guest void timer_open(uint32_t lvt)
{
	irq_log_open(NULL);
	xapic_write(APIC_TIMER_INITIAL, 0);
	xapic_write(APIC_TIMER_DIVIDE, APIC_TIMER_DIVIDE_1);
	xapic_write(APIC_LVT_TIMER, lvt | VECTOR);
}

__guest void timer_close(void)
{
	xapic_write(APIC_LVT_TIMER, APIC_LVT_MASKED);
	xapic_write(APIC_TIMER_INITIAL, 0);
	irq_log_close();
}

PROBE(one_shot_fires_once_and_stays_at_zero,
	.rule = "One shot: the count reaches 0, interrupts once, and stays there",
	.cite = TIMER, .needs = NEED_IRQCHIP,
	.skip = GUEST(xapic_missing),
	.control = "a store that does nothing is caught")
{
	timer_open(0);
	xapic_write(APIC_TIMER_INITIAL, SHORT_COUNT);
	CHECK(irq_log_wait(1, PATIENCE_CYCLES));
	CHECK_EQ(VECTOR, irq_log.vector[0]);
	CHECK_EQ(0, xapic_read(APIC_TIMER_CURRENT));
	CHECK(!irq_log_wait(2, QUIET_CYCLES));
	CHECK_EQ(SHORT_COUNT, xapic_read(APIC_TIMER_INITIAL));
	timer_close();
}

PROBE(periodic_starts_over,
	.rule = "Periodic: the count starts over from its initial value by itself",
	.cite = TIMER, .needs = NEED_IRQCHIP,
	.skip = GUEST(xapic_missing),
	.control = "a store that does nothing is caught")
{
	uint32_t initial = 1 << 20;	/* some KVMs allow no shorter period */

	timer_open(APIC_LVT_PERIODIC);
	xapic_write(APIC_TIMER_INITIAL, initial);
	CHECK(irq_log_wait(3, PATIENCE_CYCLES));
	CHECK(xapic_read(APIC_TIMER_CURRENT) <= initial);
	CHECK_EQ(VECTOR, irq_log.vector[2]);
	timer_close();
}

PROBE(initial_count_of_zero_stops_it,
	.rule = "Writing 0 to the initial count stops the timer",
	.cite = TIMER, .needs = NEED_IRQCHIP,
	.skip = GUEST(xapic_missing),
	.control = "a load that gives its address is caught")
{
	timer_open(0);
	xapic_write(APIC_TIMER_INITIAL, LONG_COUNT);
	CHECK(xapic_read(APIC_TIMER_CURRENT) > 0);
	xapic_write(APIC_TIMER_INITIAL, 0);
	CHECK_EQ(0, xapic_read(APIC_TIMER_CURRENT));
	CHECK(!irq_log_wait(1, QUIET_CYCLES));
	timer_close();
}

PROBE(count_goes_down,
	.rule = "The current count goes down from what was written, never up",
	.cite = TIMER, .needs = NEED_IRQCHIP,
	.skip = GUEST(xapic_missing),
	.control = "a store that does nothing is caught")
{
	uint32_t last = LONG_COUNT, up = 0;

	timer_open(0);
	xapic_write(APIC_TIMER_INITIAL, LONG_COUNT);
	for (int i = 0; i < 200; i++) {
		uint32_t now = xapic_read(APIC_TIMER_CURRENT);

		up += now > last;
		last = now;
	}
	CHECK_EQ(0, up);
	CHECK(last && last < LONG_COUNT);
	timer_close();
}

PROBE(masked_timer_counts_in_silence,
	.rule = "A masked timer counts down to 0 and interrupts nobody",
	.cite = TIMER, .needs = NEED_IRQCHIP,
	.skip = GUEST(xapic_missing),
	.control = "a store that does nothing is caught")
{
	uint32_t first = 0;
	uint64_t begin;

	timer_open(APIC_LVT_MASKED);
	/* Who is paused in between may find it at its end. */
	for (unsigned int i = 0; i < PAUSES && !first; i++) {
		xapic_write(APIC_TIMER_INITIAL, 1 << 22);
		first = xapic_read(APIC_TIMER_CURRENT);
	}
	CHECK(first && first <= 1 << 22);
	for (begin = tsc_read(); xapic_read(APIC_TIMER_CURRENT) &&
	     tsc_read() - begin < PATIENCE_CYCLES;)
		;
	CHECK_EQ(0, xapic_read(APIC_TIMER_CURRENT));
	CHECK(!irq_log_wait(1, QUIET_CYCLES));
	timer_close();
}

/* Counts in a span of the TSC: who is delayed knows it by both bounds. */
struct pace {
	uint64_t counts, least_kcycles, most_kcycles;
};

__guest struct pace pace_once(uint32_t divide)
{
	uint64_t before, begin, end;
	struct pace p;

	xapic_write(APIC_TIMER_DIVIDE, divide);
	before = tsc_read();
	xapic_write(APIC_TIMER_INITIAL, 0xffffffff);
	begin = tsc_read();
	do
		end = tsc_read();
	while (end - begin < QUIET_CYCLES);
	p.counts = 0xffffffff - xapic_read(APIC_TIMER_CURRENT);
	p.most_kcycles = (tsc_read() - before) >> 10;
	p.least_kcycles = (end - begin) >> 10;
	return p;
}

/* On a busy host most are delayed, but hardly all of them. */
__guest struct pace pace_find(uint32_t divide)
{
	struct pace p = pace_once(divide);

	for (int i = 0; i < 50 && p.most_kcycles > 2 * p.least_kcycles; i++)
		p = pace_once(divide);
	return p;
}

PROBE(divider_slows_the_count,
	.rule = "Divide by 16 makes the count sixteen times slower than divide by 1",
	.cite = TIMER, .needs = NEED_IRQCHIP,
	.skip = GUEST(xapic_missing),
	.control = "a store that does nothing is caught")
{
	struct pace fast, slow;

	timer_open(APIC_LVT_MASKED);
	fast = pace_find(APIC_TIMER_DIVIDE_1);
	slow = pace_find(3);
	CHECK(fast.counts && slow.counts);
	CHECK(fast.counts * slow.most_kcycles >
	      8 * slow.counts * fast.least_kcycles);
	CHECK(fast.counts * slow.least_kcycles <
	      32 * slow.counts * fast.most_kcycles);
	timer_close();
}

PROBE(deadline_fires_and_reads_zero,
	.rule = "A TSC deadline interrupts when it is reached, and then reads as 0",
	.cite = DEADLINE, .needs = NEED_IRQCHIP,
	.skip = GUEST(deadline_missing),
	.control = "a WRMSR that does nothing is caught")
{
	uint64_t deadline, armed;

	timer_open(APIC_LVT_DEADLINE);
	deadline = tsc_read() + SOON_CYCLES;
	wrmsr(MSR_TSC_DEADLINE, deadline);
	armed = rdmsr(MSR_TSC_DEADLINE);
	CHECK(armed == deadline || tsc_read() >= deadline);
	CHECK(irq_log_wait(1, PATIENCE_CYCLES));
	CHECK(tsc_read() >= deadline);
	CHECK_EQ(0, rdmsr(MSR_TSC_DEADLINE));
	CHECK(!irq_log_wait(2, QUIET_CYCLES));
	timer_close();
}

PROBE(deadline_in_the_past_fires_at_once,
	.rule = "A TSC deadline that has passed when it is written interrupts at once",
	.cite = DEADLINE, .needs = NEED_IRQCHIP,
	.skip = GUEST(deadline_missing),
	.control = "a WRMSR that does nothing is caught")
{
	timer_open(APIC_LVT_DEADLINE);
	wrmsr(MSR_TSC_DEADLINE, 1);
	CHECK(irq_log_wait(1, PATIENCE_CYCLES));
	CHECK_EQ(0, rdmsr(MSR_TSC_DEADLINE));
	timer_close();
}

/*
 * Arms it, and disarms it in that way before the deadline; on a machine that
 * is too slow for that, or pauses, once more. False: it never came to it.
 */
__guest bool disarmed_in_time(bool by_mode)
{
	for (unsigned int i = 0; i < 8; i++) {
		uint64_t deadline = tsc_read() + SOON_CYCLES;

		wrmsr(MSR_TSC_DEADLINE, deadline);
		CHECK(rdmsr(MSR_TSC_DEADLINE) || tsc_read() >= deadline);
		if (by_mode) {
			xapic_write(APIC_LVT_TIMER, VECTOR);
			xapic_write(APIC_LVT_TIMER, APIC_LVT_DEADLINE | VECTOR);
		} else {
			wrmsr(MSR_TSC_DEADLINE, 0);
		}
		if (tsc_read() < deadline)
			return true;
		irq_log_wait(1, QUIET_CYCLES);
		irq_log_begin(NULL);
	}
	return false;
}

PROBE(deadline_of_zero_disarms,
	.rule = "Writing 0 to IA32_TSC_DEADLINE disarms the timer",
	.cite = DEADLINE, .needs = NEED_IRQCHIP,
	.skip = GUEST(deadline_missing),
	.control = "a WRMSR that does nothing is caught")
{
	timer_open(APIC_LVT_DEADLINE);
	CHECK(disarmed_in_time(false));
	CHECK_EQ(0, rdmsr(MSR_TSC_DEADLINE));
	CHECK(!irq_log_wait(1, SOON_CYCLES + QUIET_CYCLES));
	timer_close();
}

PROBE(each_mode_ignores_the_other_s_register,
	.rule = "The deadline is ignored in one-shot mode, the count in deadline mode",
	.cite = DEADLINE, .needs = NEED_IRQCHIP,
	.skip = GUEST(deadline_missing),
	.control = "an RDMSR that does nothing is caught")
{
	timer_open(0);
	wrmsr(MSR_TSC_DEADLINE, 1);
	CHECK_EQ(0, rdmsr(MSR_TSC_DEADLINE));
	CHECK(!irq_log_wait(1, QUIET_CYCLES));
	xapic_write(APIC_LVT_TIMER, APIC_LVT_DEADLINE | VECTOR);
	xapic_write(APIC_TIMER_INITIAL, SHORT_COUNT);
	CHECK_EQ(0, xapic_read(APIC_TIMER_CURRENT));
	CHECK(!irq_log_wait(1, QUIET_CYCLES));
	timer_close();
}

PROBE(leaving_deadline_mode_disarms,
	.rule = "A change between TSC-deadline and another mode disarms the timer",
	.cite = DEADLINE, .needs = NEED_IRQCHIP,
	.skip = GUEST(deadline_missing),
	.control = "an RDMSR that does nothing is caught")
{
	timer_open(APIC_LVT_DEADLINE);
	CHECK(disarmed_in_time(true));
	CHECK_EQ(0, rdmsr(MSR_TSC_DEADLINE));
	CHECK(!irq_log_wait(1, SOON_CYCLES + QUIET_CYCLES));
	timer_close();
}
