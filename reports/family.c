/*
 * One table for all that is said of a family, so that a new one is a line.
 */
#include "reports/family.h"

#include <string.h>

#include "reports/disks.h"
#include "reports/scaling.h"
#include "reports/section.h"

const struct family_page families[FAMILY_COUNT] = {
	[FAMILY_EXITS] = {
		"exit/", "exit.html", "exits", "Exit latencies", "Exits",
		"The price of leaving the guest: an instruction or an access that the "
		"hypervisor handles, and the way back. In the kernel, or up to the "
		"VMM in user space.", NULL,
	},
	[FAMILY_MEMORY] = {
		"memory/", "memory.html", "memory", "Memory", "Memory",
		"What should not exit at all: loads, page walks, the first touch of a "
		"page, the setting-up of memory. Here a hypervisor is paid for "
		"indirectly, by nested page tables or by shadow paging.",
		section_memory,
	},
	[FAMILY_PROCESS] = {
		"process/", "process.html", "process", "Processes", "Processes",
		"What a program asks of its kernel all the time: system calls, page "
		"faults, waking a thread. A container or a filter is paid for here.",
		NULL,
	},
	[FAMILY_LIFECYCLE] = {
		"lifecycle/", "lifecycle.html", "lifecycle", "Life cycle",
		"Life cycle", "From nothing to a guest that runs, and back to nothing: "
		"creating, starting and ending a machine, a vCPU or a process.", NULL,
	},
	[FAMILY_INTERRUPT] = {
		"interrupt/", "interrupt.html", "interrupt", "Interrupts",
		"Interrupts", "From the event to the first instruction of its handler: "
		"timers, interrupts between vCPUs, interrupts from devices.", NULL,
	},
	[FAMILY_SCALE] = {
		"scale/", "scale.html", "scale", "Scaling", "Scaling",
		"What happens to a price when many vCPUs or many machines ask at "
		"once.", section_scale,
	},
	[FAMILY_IO] = {
		"io/", "io.html", "io", "Input and output", "I/O",
		"Data through a virtual device: requests, bytes, and what each costs "
		"in exits and in CPU time.", section_io,
	},
	[FAMILY_OTHER] = {
		NULL, "other.html", "operations", "Other operations", "Other",
		"Benches of no family that this report knows by name.", NULL,
	},
};

enum family family_of(const char *id)
{
	for (int f = 0; id && f < FAMILY_OTHER; f++)
		if (!strncmp(id, families[f].prefix, strlen(families[f].prefix)))
			return (enum family)f;
	return FAMILY_OTHER;
}
