/*
 * Where a CPU says that it sits: the APIC ID and the topology leaves agree.
 *
 * A hypervisor hands out APIC IDs and makes these leaves up; operating
 * systems schedule by them, and crash where they contradict each other.
 */
#include "suite.h"
#include "apic.h"

enum { EAX, EBX, ECX, EDX };

#define LEVELS	"Intel SDM vol. 2, CPUID, leaves 0BH and 1FH; AMD APM vol. 3, " \
		"Function Bh"

__guest const char *no_topology_leaf(void)
{
	return cpuid_reg(0xb, 0, EBX) ? NULL : "CPUID: leaf 0BH is empty";
}

PROBE(apic_ids_agree,
	.rule = "The APIC ID in leaf 1 is the low byte of the x2APIC ID in leaf 0BH",
	.cite = LEVELS, .needs = NEED_MACHINE, .skip = GUEST(no_topology_leaf),
	.control = "a leaf 0BH with another x2APIC ID is caught")
{
	CHECK_EQ(cpuid_reg(0xb, 0, EDX) & 0xff, cpuid_reg(1, 0, EBX) >> 24);
}

PROBE(apic_id_is_the_apics,
	.rule = "The APIC ID in leaf 1 is what the local APIC's register holds",
	.cite = "Intel SDM vol. 3, Local APIC ID; AMD APM vol. 2, APIC ID",
	.needs = NEED_IRQCHIP, .skip = GUEST(xapic_missing),
	.control = "a leaf 1 with another APIC ID is caught")
{
	xapic_start();
	CHECK_EQ(xapic_read(APIC_ID) >> 24, cpuid_reg(1, 0, EBX) >> 24);
	apic_stop();
}

/* One leaf's levels, from the inside out. */
__guest void levels_check(uint32_t leaf)
{
	uint32_t r[4], shift = 0, id = cpuid_reg(leaf, 0, EDX), type = 1;

	for (uint32_t i = 0; i < 8 && type; i++) {
		arch_cpuid(leaf, i, &r[0], &r[1], &r[2], &r[3]);
		type = r[ECX] >> 8 & 0xff;
		CHECK_EQ(i, r[ECX] & 0xff);
		if (!type)
			break;
		CHECK(i || type == 1);		/* threads come first */
		CHECK((r[EAX] & 31) >= shift);
		CHECK((r[EBX] & 0xffff) > 0);
		CHECK_EQ(id, r[EDX]);
		shift = r[EAX] & 31;
	}
	CHECK_EQ(0, type);
}

PROBE(topology_levels_are_nested,
	.rule = "Levels of leaf 0BH number themselves, widen outwards, and end",
	.cite = LEVELS, .needs = NEED_MACHINE, .skip = GUEST(no_topology_leaf),
	.control = "a leaf 0BH with another level number is caught")
{
	levels_check(0xb);
	if (cpuid_reg(0x1f, 0, EBX))
		levels_check(0x1f);
}

/* Apart, so that a test can spoil this CPUID and no other. */
__guest __attribute__((noinline)) void cache_read(uint32_t leaf, uint32_t i,
						  uint32_t *r)
{
	arch_cpuid(leaf, i, &r[0], &r[1], &r[2], &r[3]);
}

/* Intel's leaf 4; AMD's 8000001DH has the same format. */
__guest uint32_t cache_leaf(void)
{
	if (cpu_is_amd())
		return cpuid_reg(0x80000001u, 0, ECX) >> 22 & 1 ? 0x8000001du
								: 0;
	return cpuid_reg(4, 0, EAX) & 31 ? 4 : 0;
}

__guest const char *no_cache_leaf(void)
{
	return cache_leaf() ? NULL : "CPUID describes no caches";
}

PROBE(caches_are_possible,
	.rule = "The cache leaf lists real caches: L1 first, whole lines, an end",
	.cite = "Intel SDM vol. 2, CPUID, leaf 04H; AMD APM vol. 3, Function "
		"8000_001Dh",
	.rings = RING0 | RING3, .skip = GUEST(no_cache_leaf),
	.control = "a CPUID that does nothing is caught")
{
	uint32_t leaf = cache_leaf(), i, bad = 0, first = 0;

	for (i = 0; i < 16; i++) {
		uint32_t r[4], line, level;

		cache_read(leaf, i, r);
		if (!(r[EAX] & 31))
			break;
		line = (r[EBX] & 0xfff) + 1;
		level = r[EAX] >> 5 & 7;
		if (!i)
			first = level;
		bad += (r[EAX] & 31) > 3 || !level || level > 4 ||
		       (line & (line - 1)) || line < 16;
	}
	CHECK_EQ(1, first);
	CHECK_EQ(0, bad);
	CHECK(i > 0 && i < 16);
}
