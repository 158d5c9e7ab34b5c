/*
 * What gives a hypervisor away although no manual forbids it.
 *
 * These are not faults: most are there on purpose, so that guests can find
 * their hypervisor. A machine that passes them all cannot be told from a
 * real one by asking; their verdict is a tell, never a failure.
 */
#include "suite.h"

enum { EAX, EBX, ECX, EDX };

__guest void tell_unless(bool as_real, const char *text)
{
	CHECK(as_real || text);		/* a check was made, whatever it said */
	if (!as_real)
		TELL(text);
}

PROBE(no_hypervisor_bit,
	.rule = "A real CPU has CPUID.1:ECX bit 31 clear",
	.cite = "AMD APM vol. 3, Function 1h, ECX (reserved for hypervisors); "
		"Intel SDM vol. 2, CPUID (bit 31 is not used)",
	.control = "flipping bit 31 changes the verdict",
	.rings = RING0 | RING3)
{
	tell_unless(!(cpuid_reg(1, 0, ECX) >> 31),
		    "CPUID leaf 1 says that there is a hypervisor");
}

PROBE(no_hypervisor_leaf,
	.rule = "A real CPU has no vendor text in CPUID 40000000H",
	.cite = "Intel SDM vol. 2, CPUID (leaves 40000000H to 4FFFFFFFH are "
		"invalid); AMD APM vol. 3, Software Interface",
	.control = "emptying leaf 40000000H changes the verdict",
	.rings = RING0 | RING3)
{
	uint32_t max, last[4], got[4];
	bool zero, repeated;

	arch_cpuid(0, 0, &max, &got[EBX], &got[ECX], &got[EDX]);
	arch_cpuid(max, 0, &last[0], &last[1], &last[2], &last[3]);
	arch_cpuid(0x40000000, 0, &got[0], &got[1], &got[2], &got[3]);
	zero = !(got[0] | got[1] | got[2] | got[3]);
	repeated = got[0] == last[0] && got[1] == last[1] &&
		   got[2] == last[2] && got[3] == last[3];
	tell_unless(zero || repeated, "CPUID leaf 0x40000000 holds data");
}

PROBE(no_synthetic_msrs,
	.rule = "RDMSR of the MSRs that KVM and Hyper-V made up raises #GP",
	.cite = "Intel SDM vol. 4, Model-Specific Registers (40000000H to "
		"400000FFH are reserved for software)",
	.control = "hiding the MSRs changes the verdict")
{
	uint64_t v;

	tell_unless(rdmsr_safe(0x4b564d01, &v) == VEC_GP,
		    "MSR 0x4b564d01 (KVM's system time) exists");
	tell_unless(rdmsr_safe(0x40000000, &v) == VEC_GP,
		    "MSR 0x40000000 (Hyper-V's guest identity) exists");
}

PROBE(unclaimed_port_reads_all_ones,
	.rule = "IN from a port where there is nothing gives all ones on a PC",
	.cite = "PC convention: an undriven bus floats high; no manual demands it",
	.control = "a port that reads as zero changes the verdict",
	.rings = RING0 | RING3)
{
	tell_unless(inb(0x5640) == 0xff && inl(0x5644) == 0xffffffff,
		    "a port where there is nothing does not read all ones");
}
