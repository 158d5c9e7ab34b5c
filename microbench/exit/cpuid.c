/*
 * CPUID: the cheapest exit that every hypervisor must take.
 *
 * VMX exits on CPUID unconditionally and every SVM hypervisor intercepts it,
 * so this is the guest -> host -> guest round trip plus a small, fixed
 * handler. The handler is a search in the table of leaves that user space
 * gave, so both leaves should cost the same; natively they do not: leaf 0xD
 * makes the CPU add up the sizes of the enabled vector state.
 */
#include "suite.h"

#define CPUID_1_ECX_XSAVE	(1u << 26)
#define LEAF_XSAVE		0xd

__guest void cpuid_op(void)
{
	uint32_t a, b, c, d;

	arch_cpuid(0, 0, &a, &b, &c, &d);
}

__guest void cpuid_xsave_op(void)
{
	uint32_t a, b, c, d;

	arch_cpuid(LEAF_XSAVE, 1, &a, &b, &c, &d);
}

__guest const char *cpuid_xsave_skip(void)
{
	if (!(cpuid_reg(1, 0, 2) & CPUID_1_ECX_XSAVE))
		return "CPUID offers no XSAVE, so leaf 0xD is empty";
	return NULL;
}

BENCH(cpuid,
	.summary = "CPUID leaf 0, handled in the kernel",
	.reading = "The floor of an exit with a handler: compare every other in-kernel row with "
		   "it.",
	.cite = "Intel SDM vol. 3C, Instructions That Cause VM Exits Unconditionally; "
		"AMD APM vol. 2, Instruction Intercepts",
	.vmexit_name = "cpuid",
	.rings = RING0 | RING3,
	.op = GUEST(cpuid_op),
	.exits = EXITS(1, 0),
);

BENCH(cpuid_xsave,
	.summary = "CPUID leaf 0xD.1, handled in the kernel",
	.reading = "As cpuid, from further down the table of leaves. A large difference between "
		   "the two is a slow search, or a CPUID that the host itself executes for the "
		   "guest.",
	.cite = "Intel SDM vol. 2A, CPUID: Processor Extended State Enumeration",
	.rings = RING0 | RING3,
	.skip = GUEST(cpuid_xsave_skip),
	.op = GUEST(cpuid_xsave_op),
	.exits = EXITS(1, 0),
);
