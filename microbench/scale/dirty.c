/*
 * Dirty logging under many vCPUs: what each pays for its first write to a
 * page that is logged while all others write, too, as in the first pass of a
 * live migration.
 */
#include "../memory/logged.h"
#include "parts.h"

__guest void logged_setup(void)
{
	area_setup();
	parts_deal(AREA_PAGES, page_bytes(PAGE_4K));
}

/* Each batch writes another value: what was written can be told from it. */
__guest void logged_rewind(void)
{
	write_value++;
	parts_rewind();
}

__guest void logged_write(void)
{
	*(volatile uint64_t *)part_next(page_bytes(PAGE_4K)) = write_value;
}

BENCH(dirty_first_write,
	.summary = "First write to clean 4 KiB pages that are logged, on every vCPU at once",
	.reading = "Each vCPU writes its own part of one slot. After each block the log must name "
		   "exactly the pages whose contents changed.",
	.rings = RING3,
	.scales = true,
	.setup = GUEST(logged_setup),
	.rewind = GUEST(logged_rewind),
	.op = GUEST(logged_write),
	.host_rewind = HOST(log_rewind),
	.host_verify = HOST(log_verify),
	.exits = EXITS(1, 0),
	.exits_vmx = EXITS_RANGE(0, 1, 0),
	LOGGED,
);
