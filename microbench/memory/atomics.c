/*
 * Atomic operations of one vCPU: the ones that hypervisors leave alone, and
 * the one that hosts guard against.
 *
 * A locked XADD holds its line in the cache and is as fast in a guest as in a
 * process. A split lock, whose operand crosses a line, locks the bus for all
 * CPUs, and so for all guests of a host: since Linux 5.7 the kernel may detect
 * it (#AC) and slow down or end who does it, and KVM hands that on. Which of
 * these this host does is env.mitigations.split_lock of the result; where it
 * would end the VMM, nothing is tried.
 *
 * False sharing and contended atomics need a second vCPU and are not here.
 */
#include "host/split_lock.h"
#include "suite.h"

#define LINE_BYTES	64
#define ADDS		16		/* in an operation */
#define SPLIT_ADDS_MAX	256		/* in a block: others suffer from it */

static uint8_t lines[2 * LINE_BYTES] __attribute__((aligned(2 * LINE_BYTES)));

#define ADD(insn, at)							\
	do {								\
		uint64_t *to_ = (uint64_t *)(lines + (at)), one_ = 1;	\
									\
		__asm__ volatile(insn " %0, (%1)"			\
				 : "+r"(one_) : "r"(to_)		\
				 : "memory", "cc");			\
	} while (0)

__guest void add_plain_op(void)
{
	for (int i = 0; i < ADDS; i++)
		ADD("xadd", 0);
}

__guest void atomic_xadd_op(void)
{
	for (int i = 0; i < ADDS; i++)
		ADD("lock xadd", 0);
}

__guest void split_lock_op(void)
{
	ADD("lock xadd", LINE_BYTES - 4);
}

__guest const char *split_lock_skip(void)
{
	uint64_t one = 1;
	unsigned int vector = asm_safe("lock xadd %0, (%1)", : "+r"(one)
				       : "r"(lines + LINE_BYTES - 4)
				       : "memory", "cc");

	if (vector == VEC_AC)
		return "the guest is given #AC for a split lock: its host detects them";
	return vector == NO_FAULT ? NULL : "a split lock faults";
}

/* For any target: the host's mitigation would end the process too. */
__host const char *split_lock_unavailable(struct target_context *ctx)
{
	(void)ctx;
	return split_lock_is_fatal("") ?
	       "this host ends who does a split lock: split_lock_detect=fatal" :
	       NULL;
}

#define CITE_LOCK "Intel SDM vol. 3, Bus Locking; AMD APM vol. 2, Memory Consistency"

BENCH(add_plain,
	.summary = "XADD to memory, not locked",
	.reading = "A load, an add and a store that the next load waits for: what atomic_xadd adds "
		   "is the lock.",
	.cite = CITE_LOCK,
	.per_op = ADDS,
	.rings = RING0 | RING3,
	.op = GUEST(add_plain_op),
	.exits = EXITS(0, 0),
);

BENCH(atomic_xadd,
	.summary = "LOCK XADD to a line that no other CPU has",
	.reading = "No exit, and the same in a process: the line is locked in the cache.",
	.cite = CITE_LOCK,
	.per_op = ADDS,
	.rings = RING0 | RING3,
	.op = GUEST(atomic_xadd_op),
	.exits = EXITS(0, 0),
);

BENCH(split_lock,
	.summary = "LOCK XADD to an operand that crosses a line",
	.reading = "The bus is locked for every CPU. A host that detects split locks exits and "
		   "slows the guest down instead: env.mitigations.split_lock says which it does.",
	.cite = CITE_LOCK "; Linux, Documentation/arch/x86/buslock.rst",
	.rings = RING0 | RING3,
	.max_ops = SPLIT_ADDS_MAX,
	.skip = GUEST(split_lock_skip),
	.unavailable = HOST(split_lock_unavailable),
	.op = GUEST(split_lock_op),
	.exits = EXITS(0, 0),
);
