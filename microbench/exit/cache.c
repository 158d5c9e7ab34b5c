/*
 * Cache flushes: a guest must not be able to empty the caches of others.
 *
 * KVM intercepts both instructions. It does nothing for either unless a
 * device with non-coherent DMA is assigned, and then WBINVD is done for the
 * guest; so both rows are an exit with an empty handler. Far more cycles than
 * cpuid mean that the caches were really flushed.
 *
 * INVD discards dirty lines without writing them back. That is deadly on a
 * bare machine, where this image can boot as well: there the row is skipped.
 * In a guest it cannot reach the CPU: VMX exits on it unconditionally and
 * KVM always sets SVM's intercept.
 */
#include "suite.h"

#define CPUID_1_ECX_HYPERVISOR	(1u << 31)
#define LEAF_HYPERVISOR		0x40000000u

/* The bit is user space's to set; KVM's own leaves are there without it. */
__guest bool hypervisor_present(void)
{
	uint32_t a, b, c, d;

	if (cpuid_reg(1, 0, 2) & CPUID_1_ECX_HYPERVISOR)
		return true;
	arch_cpuid(LEAF_HYPERVISOR, 0, &a, &b, &c, &d);
	return a >= LEAF_HYPERVISOR && a <= LEAF_HYPERVISOR + 0xffff;
}

__guest const char *invd_skip(void)
{
	if (!hypervisor_present())
		return "no hypervisor in CPUID: INVD would lose dirty cache lines";
	return NULL;
}

__guest void wbinvd_op(void)
{
	__asm__ volatile("wbinvd" ::: "memory");
}

__guest void invd_op(void)
{
	__asm__ volatile("invd" ::: "memory");
}

BENCH(wbinvd,
	.summary = "WBINVD, ignored by the kernel",
	.reading = "About cpuid. Much more means that this guest can flush everybody's caches.",
	.cite = "Intel SDM vol. 3C, Instructions That Cause VM Exits Conditionally; "
		"AMD APM vol. 2, Instruction Intercepts",
	.op = GUEST(wbinvd_op),
	.exits = EXITS(1, 0),
);

BENCH(invd,
	.summary = "INVD, ignored by the kernel",
	.reading = "About cpuid.",
	.cite = "Intel SDM vol. 3C, Instructions That Cause VM Exits Unconditionally; "
		"AMD APM vol. 2, Instruction Intercepts",
	.skip = GUEST(invd_skip),
	.op = GUEST(invd_op),
	.exits = EXITS(1, 0),
);
