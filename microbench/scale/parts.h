/*
 * An arena that all vCPUs share out: each works through pages of its own, so
 * that whatever they wait for is the host's and not each other's memory.
 */
#ifndef VMGAUGE_SCALE_PARTS_H
#define VMGAUGE_SCALE_PARTS_H

#include "smp.h"
#include "suite.h"

#define PARTS_BYTES	(64ull << 20)
#define PARTS_PAGES	(PARTS_BYTES / 4096)

/* In cpu->own[] of a bench that walks through its part. */
enum { PART_AT, PART_BEGIN, PART_TOUCHES };

static __attribute__((unused)) uint64_t part_bytes;

__guest void parts_rewind(void)
{
	for (uint32_t i = 0; i < smp_cpus(); i++)
		cpu_at(i)->own[PART_AT] = cpu_at(i)->own[PART_BEGIN];
}

__guest void parts_place(void)
{
	for (uint32_t i = 0; i < smp_cpus(); i++)
		cpu_at(i)->own[PART_BEGIN] = ABI_ARENA_VA + i * part_bytes;
	parts_rewind();
}

/* So many pages for all: a batch touches each of its part once. */
__guest void parts_deal(uint64_t pages, uint64_t page)
{
	mailbox->max_ops = pages / smp_cpus();
	part_bytes = mailbox->max_ops * page;
	/* At CPL3, which runs on the CPU even where CPL0 is interpreted. */
	ring3_call(parts_place);
}

/* By this vCPU: the first byte of its next page. */
static inline volatile uint8_t *part_next(uint64_t page)
{
	uint64_t *own = cpu_self()->own;
	uint64_t at = own[PART_AT];

	own[PART_AT] = at + page;
	return (volatile uint8_t *)at;
}

#endif
