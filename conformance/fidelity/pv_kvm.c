/*
 * KVM's paravirtual interfaces against their published ABI. Where CPUID does
 * not offer one, as on real hardware, its probe is skipped.
 */
#include "suite.h"

#define ABI(part) "Linux, Documentation/virt/kvm/x86/" part

enum { FEATURE_CLOCK = 3, FEATURE_ASYNC_PF = 4, FEATURE_STEAL = 5,
       FEATURE_EOI = 6 };
#define MSR_WALL_CLOCK	0x4b564d00u
#define MSR_SYSTEM_TIME	0x4b564d01u
#define MSR_ASYNC_PF	0x4b564d02u
#define MSR_STEAL_TIME	0x4b564d03u
#define MSR_PV_EOI	0x4b564d04u

__guest uint32_t features(void)
{
	uint32_t a, b, c, d;

	arch_cpuid(0x40000000, 0, &a, &b, &c, &d);
	if (b != 0x4b4d564b || c != 0x564b4d56 || d != 0x4d || a < 0x40000001)
		return 0;
	arch_cpuid(0x40000001, 0, &a, &b, &c, &d);
	return a;
}

__guest const char *no_clock(void)
{
	return features() >> FEATURE_CLOCK & 1 ? NULL : "CPUID: no KVM clock";
}

struct pvclock {
	uint32_t version, pad;
	uint64_t tsc, system_ns;
	uint32_t mul;
	int8_t shift;
	uint8_t flags, pad2[2];
} __attribute__((packed));

static volatile struct pvclock clock __attribute__((aligned(64)));

/* The ABI's own formula; 0 where the version never settles. */
__guest uint64_t clock_ns(void)
{
	for (unsigned int i = 0; i < 1000; i++) {
		uint32_t before = clock.version;
		uint64_t delta = tsc_read() - clock.tsc, hi, lo, ns;

		delta = clock.shift < 0 ? delta >> -clock.shift
					: delta << clock.shift;
		__asm__("mulq %3" : "=a"(lo), "=d"(hi)
			: "a"(delta), "r"((uint64_t)clock.mul) : "cc");
		ns = clock.system_ns + (hi << 32 | lo >> 32);
		__asm__ volatile("" ::: "memory");
		if (!(before & 1) && before == clock.version)
			return ns;
	}
	return 0;
}

PROBE(system_time_follows_its_formula,
	.rule = "MSR 4B564D01H fills in version, scale and time, and time goes on",
	.cite = ABI("msr.rst, MSR_KVM_SYSTEM_TIME_NEW"),
	.skip = GUEST(no_clock),
	.control = "a WRMSR that does nothing is caught")
{
	uint64_t last, now, back = 0;

	wrmsr(MSR_SYSTEM_TIME, (uint64_t)&clock | 1);
	CHECK_NE(0, clock.mul);
	CHECK_EQ(0, clock.version & 1);
	CHECK_NE(0, clock.version);
	last = clock_ns();
	CHECK(last > 0);
	for (unsigned int i = 0; i < 300; i++) {
		now = clock_ns();
		back += now < last;
		last = now;
	}
	CHECK_EQ(0, back);
	wrmsr(MSR_SYSTEM_TIME, 0);
}

struct wall {
	uint32_t version, s, ns;
} __attribute__((packed));

static volatile struct wall wall __attribute__((aligned(64)));

PROBE(wall_clock_is_given_once,
	.rule = "MSR 4B564D00H fills in seconds and nanoseconds, version even",
	.cite = ABI("msr.rst, MSR_KVM_WALL_CLOCK_NEW"),
	.skip = GUEST(no_clock),
	.control = "a WRMSR that does nothing is caught")
{
	wrmsr(MSR_SYSTEM_TIME, (uint64_t)&clock | 1);
	wrmsr(MSR_WALL_CLOCK, (uint64_t)&wall);
	CHECK_EQ(0, wall.version & 1);
	CHECK_NE(0, wall.version);
	CHECK(wall.s > 1500000000);		/* this side of 2017 */
	CHECK(wall.ns < 1000000000);
	wrmsr(MSR_SYSTEM_TIME, 0);
}

__guest const char *no_steal(void)
{
	return features() >> FEATURE_STEAL & 1 ? NULL
	       : "CPUID: no KVM steal time";
}

static volatile uint64_t steal[8] __attribute__((aligned(64)));

PROBE(steal_time_is_filled_in,
	.rule = "MSR 4B564D03H fills in steal time with an even version",
	.cite = ABI("msr.rst, MSR_KVM_STEAL_TIME"),
	.skip = GUEST(no_steal),
	.control = "a WRMSR that does nothing is caught")
{
	uint64_t first;

	steal[1] = 0x5555555555555555ull;
	wrmsr(MSR_STEAL_TIME, (uint64_t)steal | 1);
	inb(0x80);		/* it is told at an entry */
	CHECK_EQ(0, steal[1] & 1);
	CHECK_NE(0x55555555, (uint32_t)steal[1]);
	first = steal[0];
	inb(0x80);		/* it is told at an entry */
	CHECK(steal[0] >= first);
	wrmsr(MSR_STEAL_TIME, 0);
}

PROBE(steal_time_has_reserved_bits,
	.rule = "Bits 5:1 of MSR 4B564D03H are reserved: #GP",
	.cite = ABI("msr.rst, MSR_KVM_STEAL_TIME"),
	.skip = GUEST(no_steal),
	.control = "a WRMSR that does nothing is caught")
{
	CHECK_EQ(VEC_GP, wrmsr_safe(MSR_STEAL_TIME, (uint64_t)steal | 3));
	CHECK_EQ(VEC_GP, wrmsr_safe(MSR_STEAL_TIME, (uint64_t)steal | 0x21));
	CHECK_EQ(0, rdmsr(MSR_STEAL_TIME));
}

__guest const char *no_async_pf(void)
{
	return features() >> FEATURE_ASYNC_PF & 1 ? NULL
	       : "CPUID: no KVM asynchronous page faults";
}

PROBE(async_page_fault_has_reserved_bits,
	.rule = "Bits 5:4 of MSR 4B564D02H are reserved: #GP",
	.cite = ABI("msr.rst, MSR_KVM_ASYNC_PF_EN"),
	.skip = GUEST(no_async_pf),
	.control = "a WRMSR that does nothing is caught")
{
	uint64_t before = rdmsr(MSR_ASYNC_PF);

	CHECK_EQ(VEC_GP, wrmsr_safe(MSR_ASYNC_PF, (uint64_t)steal | 0x10));
	CHECK_EQ(VEC_GP, wrmsr_safe(MSR_ASYNC_PF, (uint64_t)steal | 0x20));
	CHECK_EQ(before, rdmsr(MSR_ASYNC_PF));
}

__guest const char *no_pv_eoi(void)
{
	return features() >> FEATURE_EOI & 1 ? NULL : "CPUID: no KVM PV EOI";
}

PROBE(pv_eoi_has_a_reserved_bit,
	.rule = "MSR 4B564D04H takes 4-byte-aligned addresses; bit 1 set is #GP",
	.cite = ABI("msr.rst, MSR_KVM_EOI_EN"), .needs = NEED_IRQCHIP,
	.skip = GUEST(no_pv_eoi),
	.control = "a WRMSR that does nothing is caught")
{
	CHECK_EQ(VEC_GP, wrmsr_safe(MSR_PV_EOI, (uint64_t)steal | 3));
	CHECK_EQ(NO_FAULT, wrmsr_safe(MSR_PV_EOI, (uint64_t)steal | 1));
	CHECK_EQ((uint64_t)steal | 1, rdmsr(MSR_PV_EOI));
	wrmsr(MSR_PV_EOI, 0);
}
