/*
 * One cache line and many vCPUs: what the hardware takes to hand it round. A
 * guest's locks and counters cannot be faster than this, and nothing of it is
 * the hypervisor's unless it moves the vCPUs about.
 */
#include "smp.h"
#include "suite.h"

#define LINE_BYTES	64
#define TIMES		32	/* in an operation: one is less than its loop */

static __attribute__((unused)) struct {
	uint64_t counter __attribute__((aligned(LINE_BYTES)));
	uint8_t byte[LINE_BYTES] __attribute__((aligned(LINE_BYTES)));
} lines;

__guest void atomic_op(void)
{
	uint64_t one = 1;

	for (int i = 0; i < TIMES; i++)
		__asm__ volatile("lock xadd %0, %1"
				 : "+r"(one), "+m"(lines.counter) : : "memory");
}

/* A byte of its own, in a line that is not. */
__guest void shared_line_op(void)
{
	uint32_t at = cpu_self()->index % LINE_BYTES;

	for (int i = 0; i < TIMES; i++)
		__asm__ volatile("incb %0" : "+m"(lines.byte[at]) : : "memory");
}

__guest void own_line_op(void)
{
	uint64_t *own = cpu_self()->own;

	for (int i = 0; i < TIMES; i++)
		__asm__ volatile("incb %0" : "+m"(*own) : : "memory");
}

#define LINES								\
	.cite = "Intel SDM vol. 3, Bus Locking and Cache Coherency; "	\
		"W. Bolosky and M. Scott, False Sharing and its Effect on Shared Memory Performance", \
	.per_op = TIMES,						\
	.rings = RING3,							\
	.scales = true,							\
	.exits = EXITS(0, 0)

BENCH(atomic_contended,
	.summary = "LOCK XADD of one counter by every vCPU at once",
	.reading = "Throughput falls from one vCPU to two and stays: one line at a time has one "
		   "owner. Only vCPUs that run at the same time contend.",
	.op = GUEST(atomic_op),
	LINES,
);

BENCH(false_sharing,
	.summary = "Every vCPU increments a byte of its own in one line",
	.reading = "Nothing is shared but the line. Compare false_sharing_none: the ratio is what "
		   "a careless layout costs.",
	.op = GUEST(shared_line_op),
	LINES,
);

BENCH(false_sharing_none,
	.summary = "Every vCPU increments a byte of its own in a line of its own",
	.op = GUEST(own_line_op),
	LINES,
);
