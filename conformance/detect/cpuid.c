/*
 * What CPUID says of itself: the polite way, which one option of the VMM takes
 * away, and which malware tries first all the same.
 */
#include "way.h"

WAY(hypervisor_bit,
	.kind = WAY_VALUE,
	.probe.rule = "CPUID.1:ECX bit 31, which hypervisors set",
	.probe.cite = "AMD APM vol. 3, Function 1h, ECX (reserved for "
		      "hypervisors); Intel SDM vol. 2, CPUID (bit 31 is not used)",
	.probe.rings = RING0 | RING3)
{
	bool set = cpuid_reg(1, 0, 2) >> 31;

	value_put(set, set ? "the bit is set" : "the bit is clear");
}

WAY(hypervisor_leaves,
	.kind = WAY_VALUE,
	.probe.rule = "CPUID leaf 40000000H, where hypervisors sign",
	.probe.cite = "Intel SDM vol. 2, CPUID (leaves 40000000H to 4FFFFFFFH are "
		      "invalid); AMD APM vol. 3, Software Interface",
	.probe.rings = RING0 | RING3)
{
	uint32_t max, got[4], last[4];
	bool zero, repeated;
	char text[13];

	arch_cpuid(0, 0, &max, &got[1], &got[2], &got[3]);
	arch_cpuid(max, 0, &last[0], &last[1], &last[2], &last[3]);
	arch_cpuid(0x40000000, 0, &got[0], &got[1], &got[2], &got[3]);
	zero = !(got[0] | got[1] | got[2] | got[3]);
	repeated = got[0] == last[0] && got[1] == last[1] &&
		   got[2] == last[2] && got[3] == last[3];
	for (unsigned int i = 0; i < 12; i++) {
		char c = (char)(got[1 + i / 4] >> i % 4 * 8);

		text[i] = c > ' ' && c <= '~' ? c : '.';
	}
	text[12] = 0;
	/* The vendor itself, so that two hypervisors are told apart. */
	value_put(zero || repeated ? 0 : got[1] | (uint64_t)got[2] << 32 | 1,
		  zero || repeated ? "nothing is there" : text);
}
