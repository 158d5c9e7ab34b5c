/*
 * Clocks of a PC run at the rates that their manuals give, and agree: the PM
 * timer with the 8254, the HPET with the PM timer, the RTC's second with it,
 * and the TSC with what CPUID says of it.
 *
 * Operating systems calibrate one by another, and keep time by the result.
 */
#include "acpi.h"
#include "clocks.h"

#define PM_HZ		3579545u
#define PM_TIMER	"ACPI Specification, Power Management Timer"

static uint16_t pm_port;

__guest uint64_t pm_read(void)
{
	return inl(pm_port) & 0xffffff;
}

__guest const char *no_pm_timer(void)
{
	const char *why = no_acpi();
	uint64_t fadt = why ? 0 : acpi_table("FACP");

	if (!fadt)
		return why ? why : "ACPI: no FADT";
	pm_port = (uint16_t)word_at(fadt + 76, 4);
	if (!pm_port || word_at(fadt + 91, 1) != 4)
		return "ACPI: no PM timer";
	/* Xen keeps it from its dom0. */
	if (inl(pm_port) == 0xffffffff)
		return "nothing answers at the PM timer's port";
	return NULL;
}

static const struct timepiece pit = {
	GUEST(pit_read), 0xffff, PIT_HZ, GUEST(pit_start), GUEST(pit_wrapped),
};
static const struct timepiece pm = {
	.read = GUEST(pm_read), .mask = 0xffffff, .per_second = PM_HZ,
};

__guest void rates_check(const struct timepiece *x, const struct timepiece *y,
			 uint64_t ticks)
{
	uint64_t least = 0, most = 0, wanted = 0;
	int agree = clocks_agree(x, y, ticks, &least, &most, &wanted);

	if (agree < 0) {
		SKIP("there was never an undisturbed moment to compare clocks");
		return;
	}
	CHECK_EQ(1, agree);
	if (!agree) {
		CHECK_EQ(wanted, least);
		CHECK_EQ(wanted, most);
	}
}

__guest const char *no_pm_timer_or_pit(void)
{
	const char *why = no_pm_timer();

	return why ? why : pit_works() ? NULL : "there is no 8254 here";
}

PROBE(pm_timer_counts_three_times_the_pit,
	.rule = "The PM timer counts at 3.579545 MHz, three times as fast as the 8254",
	.cite = PM_TIMER "; Intel 8254 data sheet",
	.needs = NEED_MACHINE | NEED_IRQCHIP | NEED_PIT,
	.skip = GUEST(no_pm_timer_or_pit),
	.control = "a PM timer that stands still is caught")
{
	rates_check(&pm, &pit, PIT_HZ / 100);
}

static uint64_t hpet_gpa;

__guest uint64_t hpet_read(void)
{
	return mmio_read32(hpet_gpa + 0xf0);
}

__guest const char *no_hpet(void)
{
	const char *why = no_pm_timer();
	uint64_t table;

	if (why)
		return why;
	table = acpi_table("HPET");
	hpet_gpa = table ? word_at(table + 44, 8) : 0;
	if (!hpet_gpa || hpet_gpa >> 32)
		return "ACPI: no HPET";
	return mmio_read32(hpet_gpa + 4) ? NULL : "the HPET has no period";
}

PROBE(hpet_counts_by_its_period,
	.rule = "The HPET's counter runs at the period that it tells, which is 100 ns or less",
	.cite = "IA-PC HPET Specification, General Capabilities and ID Register",
	.needs = NEED_MACHINE, .skip = GUEST(no_hpet),
	.control = "an HPET that stands still is caught")
{
	uint64_t femtoseconds = mmio_read32(hpet_gpa + 4);
	const struct timepiece hpet = {
		.read = hpet_read, .mask = 0xffffffff,
		.per_second = 1000000000000000ull / femtoseconds,
	};
	uint32_t config = mmio_read32(hpet_gpa + 0x10);

	CHECK(femtoseconds <= 100000000);
	mmio_write32(hpet_gpa + 0x10, config | 1);
	rates_check(&hpet, &pm, PM_HZ / 50);
	mmio_write32(hpet_gpa + 0x10, config);
}

__guest uint8_t rtc_second(void)
{
	uint8_t s;

	do {
		outb(0x70, 0x0a);
		s = inb(0x71);
	} while (s & 0x80 && s != 0xff);
	outb(0x70, 0);
	return inb(0x71);
}

/* The PM timer beyond its wraps, and the second that was seen last. */
struct stopwatch {
	uint64_t ticks, last;
	uint8_t second;
};

__guest uint64_t watch_ticks(struct stopwatch *w)
{
	uint64_t now = pm_read();

	w->ticks += (now - w->last) & pm.mask;
	w->last = now;
	return w->ticks;
}

__guest bool pm_stands_still(void)
{
	uint64_t begin = pm_read();

	for (unsigned int i = 0; i < 1000; i++)
		if (pm_read() != begin)
			return false;
	return true;
}

/* When the second changed: between two readings of the PM timer. */
struct edge {
	uint64_t least, most;
};

/* False: it never did. */
__guest bool edge_wait(struct stopwatch *w, struct edge *edge)
{
	const uint64_t give_up = w->ticks + 2ull * PM_HZ;
	uint8_t second;

	do {
		edge->least = watch_ticks(w);
		second = rtc_second();
		edge->most = watch_ticks(w);
	} while (second == w->second && edge->most < give_up);
	if (second == w->second)
		return false;
	w->second = second;
	return true;
}

/*
 * A pause makes the bounds of an edge wider, and what comes late from one
 * second would begin the next early: the narrowest of three is judged.
 */
PROBE(rtc_second_is_a_second,
	.rule = "From one second of the RTC to the next the PM timer counts one second",
	.cite = "Motorola MC146818 data sheet, Update Cycle; " PM_TIMER,
	.needs = NEED_MACHINE, .skip = GUEST(no_pm_timer), .wait_ms = 5000,
	.control = "a PM timer that stands still is caught")
{
	struct stopwatch w = { .last = pm_read(), .second = rtc_second() };
	uint64_t narrow = ~0ull, least = 0, most = 0;
	struct edge begin, end;

	if (pm_stands_still() || !edge_wait(&w, &begin)) {
		CHECK(!"a clock stands still");
		return;
	}
	for (unsigned int i = 0; i < 3 && narrow > PM_HZ / 100; i++) {
		if (!edge_wait(&w, &end))
			break;
		if (end.most - begin.least - (end.least - begin.most) < narrow) {
			least = end.least - begin.most;
			most = end.most - begin.least;
			narrow = most - least;
		}
		begin = end;
	}
	CHECK(least <= PM_HZ + PM_HZ / 20 && most >= PM_HZ - PM_HZ / 20);
}

static uint64_t tsc_hz;

__guest const char *no_tsc_leaf(void)
{
	uint64_t down = cpuid_reg(0x15, 0, 0), up = cpuid_reg(0x15, 0, 1);
	uint64_t crystal = cpuid_reg(0x15, 0, 2);

	if (!pit_works())
		return "there is no 8254 here";
	if (down && up && crystal)
		tsc_hz = crystal * up / down;
	else
		tsc_hz = (cpuid_reg(0x16, 0, 0) & 0xffff) * 1000000ull;
	return tsc_hz ? NULL : "CPUID 15H and 16H say nothing of the TSC";
}

PROBE(tsc_runs_as_cpuid_says,
	.rule = "The TSC's rate is what CPUID 15H, or else the base frequency of 16H, says",
	.cite = "Intel SDM vol. 3, Determining the Processor Base Frequency; vol. 2, "
		"CPUID, Leaf 15H, Leaf 16H",
	.needs = NEED_MACHINE | NEED_IRQCHIP | NEED_PIT,
	.skip = GUEST(no_tsc_leaf),
	.control = "a CPUID whose ratio is wrong is caught")
{
	const struct timepiece tsc = {
		.read = tsc_read, .mask = ~0ull, .per_second = tsc_hz,
	};

	rates_check(&tsc, &pit, PIT_HZ / 100);
}

PROBE(tsc_leaves_agree,
	.rule = "CPUID 15H's ratio is whole or absent, and near the base frequency of 16H",
	.cite = "Intel SDM vol. 2, CPUID, Leaf 15H, Leaf 16H", .rings = RING0 | RING3,
	.control = "a ratio with nothing below it is caught")
{
	uint64_t down = cpuid_reg(0x15, 0, 0), up = cpuid_reg(0x15, 0, 1);
	uint64_t crystal = cpuid_reg(0x15, 0, 2), mhz, base;

	CHECK(down || !up);
	base = cpuid_reg(0x16, 0, 0) & 0xffff;
	mhz = down && up ? crystal * up / down / 1000000 : 0;
	if (mhz && base)
		CHECK(mhz * 100 >= base * 95 && mhz * 100 <= base * 105);
}
