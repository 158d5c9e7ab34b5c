/*
 * The dirty log: what it costs to know which pages a guest wrote, as live
 * migration and snapshots must.
 *
 * The guest pays for its first write to each page that is logged: a fault, or
 * an entry in a log of the processor's own. Nothing is timed that is not also
 * checked: after each block the pages in the log must be exactly those whose
 * contents changed. What the host pays is in dirty_pass.c.
 */
#include "logged.h"

#define FILL_PAGES	128ull

__guest void write_pages(void)
{
	uint64_t to = write_at, words = FILL_PAGES * 512;

	__asm__ volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(write_value)
			 : "memory");
	write_at = to;
}

BENCH(dirty_first_write,
	.summary = "First write to a clean 4 KiB page that is logged",
	.reading = "A write-protection fault; 0 exits where the processor logs by itself "
		   "(kvm_intel.pml), and then a full log is one exit in 512 writes.",
	.rings = RING0 | RING3,
	.max_ops = AREA_PAGES,
	.setup = GUEST(area_setup),
	.rewind = GUEST(write_rewind),
	.op = GUEST(write_page),
	.host_rewind = HOST(log_rewind),
	.host_verify = HOST(log_verify),
	.exits = EXITS(1, 0),
	.exits_vmx = EXITS_RANGE(0, 1, 0),
	LOGGED,
);

#define FILL(id, text, x, xv, ...)					\
	BENCH(id,							\
		.summary = text,					\
		.reading = "Cycles per byte, once through 16 MiB: the ratio of the two rows is a " \
			   "guest's slowdown in a pass of pre-copy in which it writes each page.", \
		.rings = RING3,						\
		.per = "byte",						\
		.per_op = FILL_PAGES * 4096,				\
		.max_ops = AREA_PAGES / FILL_PAGES,			\
		.setup = GUEST(area_setup),				\
		.rewind = GUEST(write_rewind),				\
		.op = GUEST(write_pages),				\
		.exits = x,						\
		.exits_vmx = xv,					\
		__VA_ARGS__						\
	)

FILL(dirty_bandwidth, "REP STOSQ over pages that are clean and logged",
     EXITS(FILL_PAGES, 0), EXITS_RANGE(0, FILL_PAGES, 0),
	.host_rewind = HOST(log_rewind), .host_verify = HOST(log_verify),
	LOGGED);
FILL(dirty_bandwidth_off, "REP STOSQ over the same pages, not logged",
     EXITS(0, 0), EXITS(0, 0),
	LOGGED_ARENA);
