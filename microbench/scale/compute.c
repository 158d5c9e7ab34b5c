/*
 * Work that shares nothing: what many vCPUs can do at all, and what the
 * harness takes of it. Any other row of this family is read beside it.
 */
#include "smp.h"
#include "suite.h"

#define ROUNDS	64		/* in an operation */

/* A chain of multiplications in a register: no memory, nothing exits. */
__guest void compute_op(void)
{
	uint64_t v = 1;

	for (int i = 0; i < ROUNDS; i++)
		__asm__ volatile("imul %0, %0" : "+r"(v));
}

__guest void exit_cpuid_op(void)
{
	uint32_t a = 0, b, c = 0, d;

	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
}

__guest void exit_pio_op(void)
{
	outl(ABI_PORT_USER, 0);
}

#define READING								\
	"Every vCPU does as many operations; the time is from the first "	\
	"begin to the last end. Perfect scaling is a flat line up to the "	\
	"host's CPUs, and then one that grows with vCPUs over CPUs."

BENCH(compute,
	.summary = "64 dependent multiplications on every vCPU at once",
	.reading = READING " What bends it here is the host's or the harness's.",
	.cite = "J. Gray, The Benchmark Handbook: scale-up; N. Gunther, Guerrilla Capacity Planning",
	.rings = RING3,
	.scales = true,
	.op = GUEST(compute_op),
	.exits = EXITS(0, 0),
);

BENCH(exit_cpuid,
	.summary = "CPUID on every vCPU at once: exits that stay in the kernel",
	.reading = READING " Each exit is its vCPU's own: a bend is a lock or a line that KVM shares.",
	.cite = "Intel SDM vol. 3C, Instructions That Cause VM Exits Unconditionally; AMD APM "
		"vol. 2, Instruction Intercepts",
	.rings = RING3,
	.scales = true,
	.op = GUEST(exit_cpuid_op),
	.exits = EXITS(1, 0),
);

BENCH(exit_pio_userspace,
	.summary = "OUT to a port of the VMM on every vCPU at once",
	.reading = READING " Each exit comes back to its own thread of the VMM, which shares nothing.",
	.cite = "Linux, KVM API, KVM_EXIT_IO",
	.rings = RING3,
	.needs = NEED_DEVICE,
	.scales = true,
	.op = GUEST(exit_pio_op),
	.exits = EXITS(0, 1),
);
